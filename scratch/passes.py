"""Running a graph: every call once, in order; and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratch.graph import Call, SymbolicTensor

Values = dict[SymbolicTensor, np.ndarray]


@dataclass(frozen=True)
class ForwardPass:
    """One forward pass: all that its backward pass needs.

    Attributes:
        values: The graph's inputs and outputs, by their symbolic tensors.
        caches: What each call's layer keeps, in the order of the calls.
    """

    values: Values
    caches: list[Any]


def run_forward(
    calls: Sequence[Call], inputs: Values, outputs: Sequence[SymbolicTensor], training: bool
) -> ForwardPass:
    """Compute `outputs` from `inputs`; the values in between are dropped unless a layer keeps them.

    Args:
        calls: In topological order.
        inputs: The values to start from.
        outputs: What to compute.
        training: Whether layers run as in training.
    """
    values = dict(inputs)
    caches = []
    for call in calls:
        values[call.output] = call.layer.forward(call.arguments(values), training=training)
        caches.append(call.layer.cache)
    return ForwardPass({t: values[t] for t in (*inputs, *outputs)}, caches)


def run_backward(
    calls: Sequence[Call], caches: Sequence[Any], upstream: Sequence[tuple[SymbolicTensor, Any]]
) -> Values:
    """Go back through the calls, filling each layer's `gradients`; return dL/dtensor for each.

    A layer that is used more than once gets the sum over its calls, and so does a tensor that
    goes to more than one call, or is an output and used as well.

    Args:
        calls: In topological order; `upstream` must reach each of them.
        caches: As the forward pass left them, one for each call.
        upstream: Output tensors with their gradients.
    """
    gradients: Values = {}
    for tensor, dy in upstream:
        _accumulate(gradients, tensor, dy)
    for layer in {call.layer for call in calls}:
        layer.gradients.clear()
    for call, cache in zip(reversed(calls), reversed(caches), strict=True):
        dx = _backward_call(call, cache, gradients[call.output])
        for tensor, gradient in zip(call.inputs, dx, strict=True):
            _accumulate(gradients, tensor, gradient)
    return gradients


def _backward_call(call: Call, cache: Any, dy: np.ndarray) -> list[np.ndarray]:
    """dL/dinput of one call; the layer's `gradients` grow by this call's."""
    layer = call.layer
    from_later_calls = dict(layer.gradients)
    layer.cache = cache
    dx = layer.backward(dy)
    for name, gradient in from_later_calls.items():
        layer.gradients[name] = layer.gradients[name] + gradient
    return dx if call.merges else [dx]


def _accumulate(sums: Values, tensor: SymbolicTensor, gradient: np.ndarray) -> None:
    """Add a gradient to what a tensor has already received."""
    sums[tensor] = sums[tensor] + gradient if tensor in sums else gradient
