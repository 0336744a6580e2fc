"""Choices that rounding turned: where the twins, run end to end, took different branches.

A ReLU's sign or a max-pool's argmax is a choice. When two candidates are nearer to each other than
rounding reaches, the twins may choose differently, and whole numbers of the gradient change places.
That is no fault of a layer; it is counted, and the gradients behind it are said to be turned by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from experiments.compare.pairing import PairedCall
from experiments.compare.recording import RecordedCall
from keras_models.probe import ProbedCall
from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.graph import SymbolicTensor

Array = np.ndarray


def turned_choices(
    pairs: Sequence[PairedCall], probed: Sequence[ProbedCall], ours: Sequence[RecordedCall]
) -> list[int]:
    """For each call, how many choices differ between the twins in it and in all that it leads to.

    These are the choices that the call's gradients depend on; its output does not.

    Args:
        pairs: The calls of both models, in topological order.
        probed: What the Keras model computed in them.
        ours: What the scratch calls computed, in the same order, as far as they got.
    """
    own = [
        _turned(pair.judge.layer, record, call)
        for pair, record, call in zip(pairs, ours, probed, strict=True)
    ]
    reached: dict[SymbolicTensor, set[int]] = defaultdict(set)
    counts = [0] * len(pairs)
    for number, pair in reversed(list(enumerate(pairs))):
        behind = {number} | reached[pair.judge.output]
        counts[number] = sum(own[other] for other in behind)
        for tensor in pair.judge.inputs:
            reached[tensor] |= behind
    return counts


def _turned(layer: Any, ours: RecordedCall, theirs: ProbedCall) -> int:
    """How many choices of one call differ."""
    choices = _choices(layer)
    given = [x for x in ours.inputs if x is not None]
    if choices is None or len(given) < len(theirs.inputs) or ours.output is None:
        return 0
    made, expected = choices(given, ours.output), choices(theirs.inputs, theirs.output)
    return int(np.count_nonzero(made != expected)) if made.shape == expected.shape else 0


def _choices(layer: Any) -> Callable[[Sequence[Array], Array], Array] | None:
    """The choices a layer makes, as a function of its inputs and output; None if it makes none."""
    for kind, choices in _CHOICES.items():
        if isinstance(layer, kind):
            return partial(choices, layer)
    activation = getattr(layer, "activation", None)
    if activation is None or activation.name not in _PIECES:
        return None
    pieces = partial(_PIECES[activation.name], **activation.parameters)
    return lambda _xs, y: pieces(y)


def _pieces_of_relu(
    y: Array,
    max_value: float | None = None,
    negative_slope: float = 0.0,  # noqa: ARG001 - the activation has it
    threshold: float = 0.0,  # noqa: ARG001
) -> Array:
    """0 up to the threshold, 1 above it, 2 at the cap."""
    positive = y > 0
    return positive if max_value is None else positive + (y >= np.float32(max_value)).astype(int)


def _largest_pixels(_layer: Any, xs: Sequence[Array], y: Array) -> Array:
    """Which pixels share a channel's gradient."""
    between = [1] * (xs[0].ndim - 2)
    return xs[0] == y.reshape(len(y), *between, y.shape[-1])


_CHOICES: dict[type, Callable[[Any, Sequence[Array], Array], Array]] = {
    layers.GlobalMaxPooling2D: _largest_pixels,
    layers.MaxPooling1D: lambda layer, xs, _y: F.max_pool2d(xs[0][:, None], **layer.geometry)[1],
    layers.MaxPooling2D: lambda layer, xs, _y: F.max_pool2d(xs[0], **layer.geometry)[1],
    layers.Maximum: lambda _layer, xs, _y: F.maximum(xs)[1],
    layers.Minimum: lambda _layer, xs, _y: F.minimum(xs)[1],
    layers.PReLU: lambda _layer, xs, _y: np.sign(xs[0]),
}
"""By layer type: (layer, inputs, output) -> which candidate each choice takes."""

_PIECES: dict[str, Callable[..., Array]] = {
    "elu": lambda y, alpha=1.0: y > 0 if alpha != 1 else np.zeros(y.shape, bool),
    "hard_sigmoid": partial(_pieces_of_relu, max_value=1.0),
    # Zero up to -3, where no other number is but 0 itself.
    "hard_silu": lambda y: (y != 0) + (y >= 3).astype(int),
    "leaky_relu": lambda y, negative_slope=0.2: y > 0,  # noqa: ARG005
    "relu": _pieces_of_relu,
    "relu6": partial(_pieces_of_relu, max_value=6.0),
    "selu": lambda y: y >= 0,
}
"""By activation: (output, parameters) -> which of its pieces each number is on."""
