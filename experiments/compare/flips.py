"""Choices that rounding turned: where the twins, run end to end, took different branches.

A ReLU's sign or a max-pool's argmax is a choice. When two candidates are nearer to each other than
rounding reaches, the twins may choose differently, and whole numbers of the gradient change places.
That is no fault of a layer; it is counted, and the gradients behind it are said to be turned by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.compare.pairing import PairedCall
from experiments.compare.recording import RecordedCall
from keras_models.probe import Probe, ProbedCall
from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.graph import SymbolicTensor

Array = np.ndarray


def turned_choices(
    pairs: Sequence[PairedCall], probed: Probe, ours: Sequence[RecordedCall]
) -> list[int]:
    """For each call, how many choices differ between the twins in it and in all that it leads to.

    These are the choices that the call's gradients depend on; its output does not.

    Args:
        pairs: The calls of both models, in topological order.
        probed: What the Keras model computed.
        ours: What the scratch calls computed, in the same order, as far as they got.
    """
    own = [
        _turned(pair.judge.layer, record, call)
        for pair, record, call in zip(pairs, ours, probed.calls, strict=True)
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
    given = ours.inputs[0] if ours.inputs else None
    if choices is None or given is None or ours.output is None:
        return 0
    made, expected = choices(given, ours.output), choices(theirs.inputs[0], theirs.output)
    return int(np.count_nonzero(made != expected)) if made.shape == expected.shape else 0


def _choices(layer: Any) -> Callable[[Array, Array], Array] | None:
    """The choices a layer makes, as a function of its input and output; None if it makes none."""
    if isinstance(layer, layers.MaxPooling2D):
        return lambda x, _y: F.max_pool2d(x, **layer.geometry)[1]
    activation = getattr(layer, "activation", None)
    if activation is not None and activation.name == "relu":
        return lambda _x, y: y > 0
    return None
