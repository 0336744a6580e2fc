"""Rounding bounds of the Gaussian error linear units, the gradient as TensorFlow's tape has it.

NumPy's side computes the exact form in float64 and rounds once, in float64 by the same steps.
"""

from __future__ import annotations

import math

from experiments.bounds import elementary
from experiments.bounds.activations.sigmoids import ONE, one_less_square
from experiments.rounding import Array, Bounded, Precision
from scratch.functional.gelu import CUBIC, ROOT_HALF

Both = tuple[Bounded, Bounded]

_ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


def gelu(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow z/2 erfc(-z / sqrt 2), and the product rule: erfc / 2, and z/2 times a bell curve."""
    p, gradient = precision, precision.given(dy)
    scaled, half = p.scale(z, -ROOT_HALF), p.scale(z, 0.5)
    tail = elementary.erfc(scaled, p)
    square = p.multiply(scaled, scaled)
    bell = p.exp(Bounded(-square.value, square.radii))
    weighted = p.scale(p.multiply(gradient, half), _TWO_OVER_ROOT_PI)
    through = p.scale(p.multiply(weighted, bell), ROOT_HALF)
    dz = p.add(p.scale(p.multiply(gradient, tail), 0.5), through)
    return p.multiply(half, tail), dz


def gelu_tanh(z: Bounded, dy: Array, precision: Precision) -> Both:
    """z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))), differentiated term by term."""
    p, gradient = precision, precision.given(dy)
    cubic = p.scale(elementary.power(z, 3, p), CUBIC)
    t = elementary.tanh(p.scale(p.add(z, cubic), _ROOT_TWO_OVER_PI), p)
    half, twice = p.scale(z, 0.5), p.add(ONE, t)
    inner = p.multiply(p.multiply(gradient, half), one_less_square(t, p))
    inner = p.scale(inner, _ROOT_TWO_OVER_PI)
    through_cubic = p.multiply(p.scale(inner, 3 * CUBIC), elementary.power(z, 2, p))
    dz = p.total(p.scale(p.multiply(gradient, twice), 0.5), inner, through_cubic)
    return p.multiply(half, twice), p.round(dz.value, dz.radii)
