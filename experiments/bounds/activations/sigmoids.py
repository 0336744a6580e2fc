"""Rounding bounds of the sigmoid and its relatives, differentiated as TensorFlow does.

1 - y and 1 - y^2 cancel where y saturates: what y is off by stays, absolute.
"""

from __future__ import annotations

import numpy as np

from experiments.bounds import elementary
from experiments.rounding import Array, Bounded, Precision, exactly, widest

Both = tuple[Bounded, Bounded]

ONE = exactly(np.array(1.0))


def sigmoid(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow dz = dy y (1 - y), in either order."""
    p, y, gradient = precision, elementary.sigmoid(z, precision), precision.given(dy)
    complement = p.subtract(ONE, y)
    first = p.multiply(gradient, p.multiply(complement, y))
    return y, widest(first, p.multiply(p.multiply(gradient, complement), y))


def tanh(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow dz = dy (1 - y^2)."""
    y = elementary.tanh(z, precision)
    return y, precision.multiply(precision.given(dy), one_less_square(y, precision))


def exponential(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow dz = dy y."""
    y = elementary.exp(z, precision)
    return y, precision.multiply(precision.given(dy), y)


def silu(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow y = z s, dz = dy s (1 + z (1 - s)), s the sigmoid of z."""
    p, s = precision, elementary.sigmoid(z, precision)
    slope = p.multiply(s, p.add(ONE, p.multiply(z, p.subtract(ONE, s))))
    return p.multiply(z, s), p.multiply(p.given(dy), slope)


def softplus(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow dz = dy s, s the sigmoid of z."""
    s = elementary.sigmoid(z, precision)
    return elementary.softplus(z, precision), precision.multiply(precision.given(dy), s)


def softsign(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow y = z / (1 + |z|), dz = dy / (1 + |z|)^2."""
    p = precision
    divisor = p.add(ONE, Bounded(np.abs(z.value), z.radii))
    square = p.multiply(divisor, divisor)
    return p.divide(z, divisor, floor=1), p.divide(p.given(dy), square, floor=1)


def mish(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Follow y = z t, dz = dy t + dy z (1 - t^2) s, t = tanh(softplus(z)), s = sigmoid(z)."""
    p, gradient = precision, precision.given(dy)
    t = elementary.tanh(elementary.softplus(z, p), p)
    inner = p.multiply(one_less_square(t, p), elementary.sigmoid(z, p))
    through = p.multiply(p.multiply(gradient, z), inner)
    return p.multiply(z, t), p.add(p.multiply(gradient, t), through)


def one_less_square(y: Bounded, precision: Precision) -> Bounded:
    """1 - y^2."""
    return precision.subtract(ONE, precision.multiply(y, y))
