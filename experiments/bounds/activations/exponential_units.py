"""Rounding bounds of the exponential linear units.

TensorFlow computes exp(z) - 1, whose error is of the order of u however small the result is, and
differentiates by that result: y + alpha. So a negative z that exp(z) cannot tell from 0 gets the
derivative of the other piece.
"""

from __future__ import annotations

import numpy as np

from experiments.bounds import elementary
from experiments.bounds.activations.kinks import in_doubt, turned
from experiments.rounding import Array, Bounded, Precision, exactly
from scratch import functional as F  # noqa: N812
from scratch.functional.exponential_units import SELU_SCALE, SELU_SCALE_ALPHA


def elu(z: Bounded, dy: Array, precision: Precision, alpha: float = 1.0) -> tuple[Bounded, Bounded]:
    """Follow z above 0, alpha (exp(z) - 1) below."""
    y = F.elu(z.value, alpha)
    dz = F.elu_backward(dy, z.value, y, alpha)
    return _unit(z, dy, precision, (y, dz), (1.0, alpha))


def selu(z: Bounded, dy: Array, precision: Precision) -> tuple[Bounded, Bounded]:
    """The same with a scale on both pieces."""
    y = F.selu(z.value)
    dz = F.selu_backward(dy, z.value, y)
    return _unit(z, dy, precision, (y, dz), (SELU_SCALE, SELU_SCALE_ALPHA))


def _unit(
    z: Bounded,
    dy: Array,
    precision: Precision,
    values: tuple[Array, Array],
    slopes: tuple[float, float],
) -> tuple[Bounded, Bounded]:
    """Both pieces, each where z can be on it.

    Args:
        z: The input.
        dy: dL/doutput.
        precision: The arithmetic of the twins.
        values: y and dz.
        slopes: At 0, above and below.
    """
    p, (above, below) = precision, slopes
    one = exactly(np.array(1.0))
    negative = Bounded(np.minimum(z.value, 0), z.radii)
    shrunk = p.scale(p.subtract(elementary.exp(negative, p), one), below)
    straight = z if above == 1 else p.scale(z, above)
    y = Bounded(values[0], _on_its_piece(z, straight, shrunk))
    slope = p.add(shrunk, p.constant(np.array(below)))
    gradient = p.given(dy)
    along = gradient if above == 1 else p.scale(gradient, above)
    # One rounding more where alpha is multiplied by on its own.
    curved = p.multiply(gradient, slope)
    curved = p.round(curved.value, curved.radii)
    dz = Bounded(values[1], _on_its_piece(z, along, curved))
    undecided = in_doubt(z) | ((z.value < 0) & (np.abs(y.value) <= y.radii[2]))
    return y, turned(dz, undecided, (above - below) * dy, p)


def _on_its_piece(z: Bounded, above: Bounded, below: Bounded) -> Array:
    """The radii of the piece that z is on, the larger ones where it may be on either."""
    at_most, at_least = z.value + z.radii, z.value - z.radii
    return np.maximum(
        np.where(at_most >= 0, above.radii, 0.0), np.where(at_least <= 0, below.radii, 0.0)
    )
