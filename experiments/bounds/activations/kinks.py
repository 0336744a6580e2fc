"""Choices that rounding can turn: on which side of a kink a number lies."""

from __future__ import annotations

import numpy as np

from experiments.rounding import Array, Bounded, Precision

# A piece's slope is a product of few factors.
_ROUNDINGS = 4


def position(z: Bounded, kink: float) -> Bounded:
    """How far z is from a kink, which is a float32 number and compared with without rounding."""
    return Bounded(z.value - float(np.float32(kink)), z.radii)


def in_doubt(place: Bounded) -> Array:
    """Where the sign of `place` is too close to call; a zero known exactly is decided."""
    doubt = place.radii[2]
    return (np.abs(place.value) <= doubt) & (doubt > 0)


def turned(a: Bounded, undecided: Array, jump: Array | float, precision: Precision) -> Bounded:
    """`a`, whose outermost radius also allows for the other choice where one is undecided.

    Args:
        a: What the choice decides.
        undecided: Where the choice is in doubt.
        jump: How far apart both choices are; the other one is rounded too.
        precision: The arithmetic of the twins.
    """
    if not undecided.any():
        return a
    other = np.abs(jump) * (1 + precision.gamma(_ROUNDINGS)) + _ROUNDINGS * precision.tiny
    flipping = a.radii[2] + np.where(undecided, other, 0.0)
    return Bounded(a.value, np.stack([*a.radii[:2], flipping]))
