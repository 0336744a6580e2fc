"""Floating-point values with their error bounds: a running error analysis.

Every array carries, element by element, how far a computation of it can be off. The rules are
those of Higham, *Accuracy and Stability of Numerical Algorithms* (2002), sections 2.2, 3.1 and 3.3:
fl(a op b) = (a op b)(1 + d) + e with |d| <= u, and a sum of n products in any order is off by at
most gamma_n (|x| . |w|), gamma_n = n u / (1 - n u). The probabilistic counterpart replaces gamma_n
by about lambda sqrt(n) u (Higham and Mary 2019, theorem 2.4).

e is there because TensorFlow takes subnormal numbers for zero, as operands and as results: |e| is
at most the smallest normal number. A sum or product of exact zeros is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np

Array = np.ndarray

# A false `suspect` may turn up once in this many tensors: it sets lambda in `Precision.factor`.
_TENSORS_PER_FALSE_SUSPECT = 1e4

# exp in units of u: NumPy's is off by up to 2.52 ulp in float32, by its own documentation.
_EXP_ERROR = 6
# oneDNN computes exp(a) / 2 first: what it flushes to zero is up to twice the smallest normal.
_EXP_FLUSHES = 2

# Eigen computes 1/x and 1/sqrt(x) in float32 from a hardware estimate, off by at most 1.5 2^-12 of
# itself, and one Newton step. That leaves (1.5 2^-12)^2 = 2.25 u of 1/x, 1.5 times as much of
# 1/sqrt(x), and three roundings. With a product behind 1/x, either is below 7 u.
_NEWTON_ROUNDINGS = 7

# Keeps a divisor of which nothing is known from zero.
_SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Bounded:
    """An array and three radii around it, each inside the next.

    Attributes:
        value: The value, in float64.
        radii: (3, *shape): what rounding does with overwhelming probability; what it can do at
            worst; and at worst when it also turns choices (a ReLU's sign) that are too close to
            call.
    """

    value: Array
    radii: Array

    @property
    def largest(self) -> Array:
        """The largest magnitude within each radius, (3, *shape)."""
        return np.abs(self.value) + self.radii


def exactly(value: Array) -> Bounded:
    """A value free of error: what both sides copy without computing."""
    value = np.asarray(value, np.float64)
    return Bounded(value, np.broadcast_to(0.0, (3, *value.shape)))


def widest(a: Bounded, b: Bounded) -> Bounded:
    """One value computed by two formulas: whichever bound is larger, element by element."""
    return Bounded(a.value, np.maximum(a.radii, b.radii))


class Precision:
    """Arithmetic in one dtype, with the error that each operation adds.

    Args:
        dtype: "float32" or "float64": what the twins compute in.

    Attributes:
        u: Unit roundoff, half the distance from 1 to the next number.
        tiny: The smallest normal number.
    """

    def __init__(self, dtype: str | np.dtype) -> None:
        info = np.finfo(dtype)
        self.u = float(info.eps) / 2
        self.tiny = float(info.tiny)

    def gamma(self, n: int) -> float:
        """gamma_n = n u / (1 - n u); infinite where n u reaches 1 and nothing can be said."""
        nu = n * self.u
        return nu / (1 - nu) if nu < 1 else math.inf

    def factor(self, n: int, elements: int) -> Array:
        """Relative error of n roundings for each of the three radii, (3,).

        lambda is chosen so that, of `elements` sums of n terms each, all are inside the
        probabilistic bound but once in many tensors: a sum is outside with probability at most
        2 n exp(-lambda^2 (1 - u)^2 / 2) (Higham and Mary 2019, theorems 2.4 and 3.1).
        """
        if n == 0:
            return np.zeros(3)
        sums = 2 * n * max(elements, 1) * _TENSORS_PER_FALSE_SUSPECT
        confidence = math.sqrt(2 * math.log(sums)) / (1 - self.u)
        likely = math.expm1(confidence * math.sqrt(n) * self.u + n * self.u**2 / (1 - self.u))
        worst = self.gamma(n)
        return np.array([min(likely, worst), worst, worst])

    def given(self, value: Array) -> Bounded:
        """A number that both sides are given to compute with: a subnormal one may count as zero."""
        value = np.asarray(value, np.float64)
        magnitude = np.abs(value)
        lost = np.where(magnitude < self.tiny, magnitude, 0.0)
        return Bounded(value, np.broadcast_to(lost, (3, *value.shape)))

    def constant(self, value: Array) -> Bounded:
        """A constant of the program, rounded to the dtype."""
        value = np.asarray(value, np.float64)
        return self.round(value, np.zeros((3, *value.shape)))

    def round(self, value: Array, radii: Array, n: int = 1) -> Bounded:
        """A result that is `radii` off already, after n roundings."""
        return self._accumulated(value, np.abs(value), radii, n)

    def add(self, a: Bounded, b: Bounded) -> Bounded:
        """Sum of two, broadcast."""
        a, b = _aligned(a, b)
        return self.round(a.value + b.value, a.radii + b.radii)

    def subtract(self, a: Bounded, b: Bounded) -> Bounded:
        """Difference a - b, broadcast."""
        a, b = _aligned(a, b)
        return self.round(a.value - b.value, a.radii + b.radii)

    def total(self, *terms: Bounded) -> Bounded:
        """A sum of whole arrays in any order, broadcast."""
        terms = _aligned(*terms)
        value = reduce(np.add, (term.value for term in terms))
        magnitude = reduce(np.add, (np.abs(term.value) for term in terms))
        spread = reduce(np.add, (term.radii for term in terms))
        return self._accumulated(value, magnitude, spread, n=len(terms) - 1)

    def multiply(self, a: Bounded, b: Bounded) -> Bounded:
        """Product of two, broadcast."""
        a, b = _aligned(a, b)
        return self.round(a.value * b.value, np.abs(a.value) * b.radii + a.radii * b.largest)

    def scale(self, a: Bounded, factor: float) -> Bounded:
        """A times a constant that is itself rounded once."""
        return self.round(a.value * factor, a.radii * abs(factor), n=2)

    def reciprocal_sqrt(self, a: Bounded, floor: float = 0.0) -> Bounded:
        """1 / sqrt(a) of a positive `a`; `floor` as in `divide`."""
        lowest = np.maximum(a.value - a.radii, max(floor, _SMALLEST))
        # 1/sqrt(b) - 1/sqrt(a) = (a - b) / (sqrt(a b) (sqrt(a) + sqrt(b)))
        steepest = np.sqrt(lowest * a.value) * (np.sqrt(lowest) + np.sqrt(a.value))
        return self.round(1 / np.sqrt(a.value), a.radii / steepest, n=_NEWTON_ROUNDINGS)

    def divide(self, a: Bounded, b: Bounded, floor: float = 0.0) -> Bounded:
        """Quotient of a and a positive b, as a / b or a (1 / b), broadcast.

        `floor` is what b falls below neither exact nor computed, where more is known than b's
        radii tell.
        """
        a, b = _aligned(a, b)
        value = a.value / b.value
        lowest = np.maximum(b.value - b.radii, max(floor, _SMALLEST))
        radii = (a.radii + np.abs(value) * b.radii) / lowest
        return self.round(value, radii, n=_NEWTON_ROUNDINGS)

    def exp(self, a: Bounded) -> Bounded:
        """Exponential of `a` that neither exact nor computed exceeds 0."""
        value = np.exp(a.value)
        highest = np.minimum(a.value + a.radii, 0)
        above = np.exp(highest) * -np.expm1(a.value - highest)
        below = value * -np.expm1(-a.radii)
        spread = np.maximum(above, below)
        error = _EXP_ERROR * self.u * (value + spread) + _EXP_FLUSHES * self.tiny
        return Bounded(value, spread + error)

    def sum(self, a: Bounded, over: Callable[[Array], Array], n: int) -> Bounded:
        """A sum in which no term passes more than n roundings; `over` sums magnitudes as well."""
        value = over(a.value)
        spread = np.zeros((3, *value.shape))
        if a.radii.any():
            spread = np.stack([over(radius) for radius in a.radii])
        return self._accumulated(value, over(np.abs(a.value)), spread, n)

    def dot(
        self, product: Callable[[Array, Array], Array], a: Bounded, b: Bounded, n: int
    ) -> Bounded:
        """A sum of n products; `product` is bilinear and multiplies magnitudes as well."""
        size_a, size_b = np.abs(a.value), np.abs(b.value)
        magnitude = product(size_a, size_b)

        def spread(of_a: Array, of_b: Array) -> Array:
            """What radii of the operands come to; most often there are none."""
            total = np.zeros(magnitude.shape)
            if of_a.any():
                total = total + product(of_a, size_b)
            if of_b.any():
                total = total + product(size_a + of_a, of_b)
            return total

        radii = np.stack([spread(*pair) for pair in zip(a.radii, b.radii, strict=True)])
        return self._accumulated(product(a.value, b.value), magnitude, radii, n, flushes=2 * n)

    def _accumulated(
        self, value: Array, magnitude: Array, spread: Array, n: int, flushes: int | None = None
    ) -> Bounded:
        """A sum whose terms' magnitudes add up to `magnitude`, and their radii to `spread`."""
        return Bounded(value, spread + self._errors(magnitude + spread, n, flushes))

    def _errors(self, magnitude: Array, n: int, flushes: int | None) -> Array:
        """What n roundings of numbers up to `magnitude` (3, *shape) and their flushes add."""
        factors = self.factor(n, magnitude[0].size).reshape(3, *[1] * (magnitude.ndim - 1))
        flushed = (n if flushes is None else flushes) * self.tiny
        with np.errstate(invalid="ignore"):  # An infinite gamma times 0, which is not chosen.
            errors = factors * (magnitude + flushed) + flushed
        return np.where(magnitude > 0, errors, 0.0)


def _aligned(*terms: Bounded) -> tuple[Bounded, ...]:
    """All with the same number of axes, so that values and radii broadcast alike."""
    ndim = max(term.value.ndim for term in terms)

    def widened(x: Bounded) -> Bounded:
        shape = (*[1] * (ndim - x.value.ndim), *x.value.shape)
        return Bounded(x.value.reshape(shape), x.radii.reshape(3, *shape))

    return tuple(widened(term) for term in terms)
