"""Rounding bounds of the softmax and its logarithm, along one or several axes.

Both sides shift by the maximum (Blanchard, Higham and Higham 2021).
"""

from __future__ import annotations

import math

from experiments.bounds import elementary
from experiments.rounding import Array, Bounded, Precision, widest

Both = tuple[Bounded, Bounded]
Axis = int | tuple[int, ...]


class _Shifted:
    """exp(z - max z), and its sum along the axes.

    Attributes:
        shifted: z - max z.
        exponentials: exp of that.
        total: Their sum.
        terms: How many are added up.
    """

    def __init__(self, z: Bounded, axis: Axis, precision: Precision) -> None:
        self.axis, self.p = axis, precision
        axes = (axis,) if isinstance(axis, int) else axis
        self.terms = math.prod(z.value.shape[a] for a in axes)
        of_radii = tuple(a if a < 0 else a + 1 for a in axes)
        top = z.value.max(axis=axis, keepdims=True)
        self.largest = Bounded(top, z.radii.max(axis=of_radii, keepdims=True))
        self.shifted = precision.subtract(z, self.largest)
        self.exponentials = precision.exp(self.shifted)
        self.total = self.sum(self.exponentials)

    def sum(self, a: Bounded) -> Bounded:
        """Along the axes, which stay."""
        return self.p.sum(a, lambda x: x.sum(axis=self.axis, keepdims=True), n=self.terms)


def softmax(z: Bounded, dy: Array, precision: Precision, axis: Axis = -1) -> Both:
    """Exponentials over their sum; over several axes Keras computes exp(z - log sum exp z)."""
    p, parts, gradient = precision, _Shifted(z, axis, precision), precision.given(dy)
    # The largest logit's own exponential is 1 but for rounding.
    y = p.divide(parts.exponentials, parts.total, floor=0.5)
    if not isinstance(axis, int) and len(axis) > 1:
        y = widest(y, _by_log_sum(z, parts, p))
        through_y = p.multiply(gradient, y)
        share = p.divide(parts.sum(through_y), parts.total, floor=0.5)
        theirs = p.subtract(through_y, p.multiply(share, parts.exponentials))
        return y, widest(_gradient(gradient, y, parts), theirs)
    return y, _gradient(gradient, y, parts)


def log_softmax(z: Bounded, dy: Array, precision: Precision, axis: Axis = -1) -> Both:
    """Logits less the logarithm of their exponentials' sum; dz = dy - exp(y) sum dy."""
    p, parts, gradient = precision, _Shifted(z, axis, precision), precision.given(dy)
    y = p.subtract(parts.shifted, elementary.log(parts.total, p))
    return y, p.subtract(gradient, p.multiply(p.exp(y), parts.sum(gradient)))


def _gradient(gradient: Bounded, y: Bounded, parts: _Shifted) -> Bounded:
    """Y (dy - sum(dy y)), and as TensorFlow has it, once more rounded."""
    weighted = parts.sum(parts.p.multiply(gradient, y))
    return parts.p.multiply(y, parts.p.subtract(gradient, weighted))


def _by_log_sum(z: Bounded, parts: _Shifted, precision: Precision) -> Bounded:
    p = precision
    log_sum = p.add(elementary.log(parts.total, p), parts.largest)
    return p.exp(p.subtract(z, log_sum))
