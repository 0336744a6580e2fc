"""How a faulty layer departs from what is right: in numbers, in a shape, or by an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from scratch.layers import Layer

Array = np.ndarray
Tensors = Mapping[str, Array]

FAILURES = ("wrong numbers", "wrong shape", "error")

# The sources print arrays to eight decimals; the whole numbers of the search are exact anyway.
_HALF_A_DIGIT = 5e-9


class Departure(NamedTuple):
    """The first tensor that is not as it should be.

    Attributes:
        fails_by: One of `FAILURES`.
        tensor: Its name.
        right: The right numbers.
        faulty: What the faulty layer computes; what it says where it raises.
    """

    fails_by: str
    tensor: str
    right: Array
    faulty: Array | str


def run(layer: Layer, x: Array, dy: Array) -> Iterator[tuple[str, Array]]:
    """A layer's tensors by name, one after the other as far as it gets."""
    yield "output", layer.forward(x)
    yield "input gradient", layer.backward(dy)
    if "kernel" in layer.gradients:
        yield "kernel gradient", layer.gradients["kernel"]


def departure(right: Tensors, faulty: Layer, x: Array, dy: Array) -> Departure | None:
    """Where `faulty`, run on x and dy, departs from the right tensors; None if nowhere."""
    computed = run(faulty, x, dy)
    for tensor, expected in right.items():
        try:
            _, ours = next(computed)
        except (ValueError, IndexError) as error:
            return Departure("error", tensor, expected, f"{type(error).__name__}: {error}")
        if ours.shape != expected.shape:
            return Departure("wrong shape", tensor, expected, ours)
        if not np.allclose(ours, expected, rtol=0, atol=_HALF_A_DIGIT):
            return Departure("wrong numbers", tensor, expected, ours)
    return None
