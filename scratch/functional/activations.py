"""The names that layers know activation functions by, each with its forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from scratch.functional.exponential_units import elu, elu_backward, selu, selu_backward
from scratch.functional.gelu import gelu, gelu_backward, gelu_tanh, gelu_tanh_backward
from scratch.functional.rectifiers import (
    hard_sigmoid,
    hard_sigmoid_backward,
    hard_silu,
    hard_silu_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    relu_over,
)
from scratch.functional.sigmoids import (
    mish,
    mish_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softplus,
    softplus_backward,
    softsign,
    softsign_backward,
    tanh_backward,
)
from scratch.functional.softmax import (
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
)


@dataclass(frozen=True)
class Activation:
    """An activation as layers use it.

    Attributes:
        name: Keras' name.
        forward: z -> y.
        backward: (dy, z, y) -> dz; an activation takes of z and y what it needs.
        parameters: What `get` was given beside the name, as a slope or an axis.
        over: z -> y, written over z, if there is such; `backward` then gets y in place of z.
    """

    name: str
    forward: Callable[..., np.ndarray]
    backward: Callable[..., np.ndarray]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    over: Callable[[np.ndarray], np.ndarray] | None = None


_Backward = Callable[..., np.ndarray]


def _of_input(backward: _Backward) -> _Backward:
    """A backward that takes dy and z."""
    return lambda dy, z, _y, **parameters: backward(dy, z, **parameters)


def _of_output(backward: _Backward) -> _Backward:
    """A backward that takes dy and y."""
    return lambda dy, _z, y, **parameters: backward(dy, y, **parameters)


_ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("elu", elu, elu_backward),
        Activation("exponential", np.exp, _of_output(np.multiply)),
        Activation("gelu", gelu, _of_input(gelu_backward)),
        # Keras has no name for gelu(x, approximate=True).
        Activation("gelu_tanh", gelu_tanh, _of_input(gelu_tanh_backward)),
        Activation("hard_sigmoid", hard_sigmoid, _of_input(hard_sigmoid_backward)),
        Activation("hard_silu", hard_silu, _of_input(hard_silu_backward)),
        Activation("leaky_relu", leaky_relu, _of_input(leaky_relu_backward)),
        Activation("linear", lambda z: z, lambda dy, _z, _y: dy),
        Activation("log_softmax", log_softmax, _of_output(log_softmax_backward)),
        Activation("mish", mish, _of_input(mish_backward)),
        Activation("relu", relu, _of_input(relu_backward), over=relu_over),
        Activation(
            "relu6", partial(relu, max_value=6), _of_input(partial(relu_backward, max_value=6))
        ),
        Activation("selu", selu, selu_backward),
        Activation("sigmoid", sigmoid, _of_output(sigmoid_backward)),
        Activation("silu", silu, _of_input(silu_backward)),
        Activation("softmax", softmax, _of_output(softmax_backward)),
        Activation("softplus", softplus, _of_input(softplus_backward)),
        Activation("softsign", softsign, _of_input(softsign_backward)),
        Activation("tanh", np.tanh, _of_output(tanh_backward)),
    )
}
_ALIASES = {"hard_swish": "hard_silu", "swish": "silu"}

NAMES = tuple(_ACTIVATIONS)
"""Every activation by the name that Keras writes for it; `get` takes Keras' other names too."""


def get(name: str | None, **parameters: Any) -> Activation:
    """Find an activation by Keras' name; None is "linear".

    Args:
        name: One of `NAMES`, "swish" or "hard_swish".
        parameters: Of the activation, where they are not Keras' default: `max_value`,
            `negative_slope` and `threshold` of "relu", `negative_slope` of "leaky_relu", `alpha`
            of "elu", `axis` of "softmax" and "log_softmax".

    Raises:
        ValueError: The name is unknown.
    """
    activation = _ACTIVATIONS.get(_ALIASES.get(str(name), str(name)) if name else "linear")
    if activation is None:
        known = ", ".join(sorted([*_ACTIVATIONS, *_ALIASES]))
        raise ValueError(f"Unknown activation {name!r}; known are {known}.")
    if not parameters:
        return activation
    return Activation(
        activation.name,
        partial(activation.forward, **parameters),
        partial(activation.backward, **parameters),
        parameters,
    )
