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

from experiments.blocks import Block, at, blocks

Array = np.ndarray
# The value of some elements, the magnitudes whose sum it is, and what their radii come to.
Rule = Callable[..., tuple[Array, Array, Array]]

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

    @property
    def exact(self) -> bool:
        """Whether it is known, without looking at each element, that all radii are zero."""
        return not (any(self.radii.strides) or any(self.radii.flat[:1]))


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
        dtype: That dtype.
        u: Unit roundoff, half the distance from 1 to the next number.
        tiny: The smallest normal number.
    """

    def __init__(self, dtype: str | np.dtype) -> None:
        self.dtype = np.dtype(dtype)
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
        if not any(_any_below(value[block], self.tiny) for block in blocks(value.shape)):
            return exactly(value)
        magnitude = np.abs(value)
        lost = np.where(magnitude < self.tiny, magnitude, 0.0)
        return Bounded(value, np.broadcast_to(lost, (3, *value.shape)))

    def constant(self, value: Array) -> Bounded:
        """A constant of the program, rounded to the dtype."""
        value = np.asarray(value, np.float64)
        return self.round(value, np.zeros((3, *value.shape)))

    def round(self, value: Array, radii: Array, n: int = 1) -> Bounded:
        """A result that is `radii` off already, after n roundings."""

        def rule(a: Bounded) -> tuple[Array, Array, Array]:
            return a.value, np.abs(a.value), a.radii

        return self._rounded(rule, Bounded(value, radii), n=n)

    def add(self, a: Bounded, b: Bounded) -> Bounded:
        """Sum of two, broadcast."""

        def rule(a: Bounded, b: Bounded) -> tuple[Array, Array, Array]:
            value = a.value + b.value
            return value, np.abs(value), a.radii + b.radii

        return self._rounded(rule, a, b)

    def subtract(self, a: Bounded, b: Bounded) -> Bounded:
        """Difference a - b, broadcast."""

        def rule(a: Bounded, b: Bounded) -> tuple[Array, Array, Array]:
            value = a.value - b.value
            return value, np.abs(value), a.radii + b.radii

        return self._rounded(rule, a, b)

    def total(self, *terms: Bounded) -> Bounded:
        """A sum of whole arrays in any order, broadcast."""

        def rule(*terms: Bounded) -> tuple[Array, Array, Array]:
            value = reduce(np.add, (term.value for term in terms))
            magnitude = reduce(np.add, (np.abs(term.value) for term in terms))
            return value, magnitude, reduce(np.add, (term.radii for term in terms))

        return self._rounded(rule, *terms, n=len(terms) - 1)

    def multiply(self, a: Bounded, b: Bounded) -> Bounded:
        """Product of two, broadcast."""

        def rule(a: Bounded, b: Bounded) -> tuple[Array, Array, Array]:
            value = a.value * b.value
            return value, np.abs(value), np.abs(a.value) * b.radii + a.radii * b.largest

        return self._rounded(rule, a, b)

    def scale(self, a: Bounded, factor: float) -> Bounded:
        """A times a constant that is itself rounded once."""

        def rule(a: Bounded) -> tuple[Array, Array, Array]:
            value = a.value * factor
            return value, np.abs(value), a.radii * abs(factor)

        return self._rounded(rule, a, n=2)

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

        def rule(a: Bounded, b: Bounded) -> tuple[Array, Array, Array]:
            value = a.value / b.value
            lowest = np.maximum(b.value - b.radii, max(floor, _SMALLEST))
            return value, np.abs(value), (a.radii + np.abs(value) * b.radii) / lowest

        return self._rounded(rule, a, b, n=_NEWTON_ROUNDINGS)

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
        spread = exactly(value).radii
        if not a.exact and a.radii.any():
            spread = np.stack([over(radius) for radius in a.radii])
        return self._accumulated(value, over(np.abs(a.value)), spread, n)

    def dot(
        self, product: Callable[[Array, Array], Array], a: Bounded, b: Bounded, n: int
    ) -> Bounded:
        """A sum of n products; `product` is bilinear and multiplies magnitudes as well."""
        size_a, size_b = np.abs(a.value), np.abs(b.value)
        value, magnitude = product(a.value, b.value), product(size_a, size_b)
        if a.exact and b.exact:
            return self._accumulated(value, magnitude, exactly(value).radii, n, flushes=2 * n)
        spread = np.zeros((3, *value.shape))
        for number, (of_a, of_b) in enumerate(zip(a.radii, b.radii, strict=True)):
            if number and all(_same_radius(term.radii, number) for term in (a, b)):
                spread[number] = spread[number - 1]
                continue
            if of_a.any():
                spread[number] += product(of_a, size_b)
            if of_b.any():
                spread[number] += product(size_a + of_a, of_b)
        return self._accumulated(value, magnitude, spread, n, flushes=2 * n)

    def _accumulated(
        self, value: Array, magnitude: Array, spread: Array, n: int, flushes: int | None = None
    ) -> Bounded:
        """A sum whose terms' magnitudes add up to `magnitude`, and their radii to `spread`."""

        def rule(value: Bounded, magnitude: Bounded) -> tuple[Array, Array, Array]:
            return value.value, magnitude.value, value.radii

        return self._rounded(rule, Bounded(value, spread), exactly(magnitude), n=n, flushes=flushes)

    def _rounded(
        self, rule: Rule, *terms: Bounded, n: int = 1, flushes: int | None = None
    ) -> Bounded:
        """What `rule` makes of the terms, broadcast, after n roundings.

        The work is done in blocks: what it needs besides its result then stays in the cache.

        Args:
            rule: Given the same elements of all terms, returns their value, (*block); the
                magnitudes that add up to it, (*block); and its radii before rounding, (3, *block),
                or (1, *block) if the terms are exact.
            terms: The operands.
            n: How many roundings.
            flushes: How many results may be flushed to zero; n when None.
        """
        terms = _aligned(*terms)
        shape = np.broadcast_shapes(*(term.value.shape for term in terms))
        value, radii = np.empty(shape), np.empty((3, *shape))
        factors = self.factor(n, value.size).reshape(3, *[1] * len(shape))
        flushed = (n if flushes is None else flushes) * self.tiny
        for block in blocks(shape):
            here, magnitude, spread = rule(*(_part(term, block) for term in terms))
            total = magnitude + spread
            positive = total > 0
            total += flushed
            with np.errstate(invalid="ignore"):  # An infinite gamma times 0, which is not chosen.
                errors = factors * total
            errors += flushed
            if not positive.all():
                errors = np.where(positive, errors, 0.0)
            value[block] = here
            np.add(spread, errors, out=radii[:, *block])
        return Bounded(value, radii)


def _part(term: Bounded, block: Block) -> Bounded:
    """A block of a term; of an exact one with a single zero for radii, which cost nothing then."""
    value = at(term.value, block)
    if term.exact:
        return Bounded(value, np.zeros((1, *[1] * value.ndim)))
    return Bounded(value, at(term.radii, (slice(None), *block)))


def _same_radius(radii: Array, number: int) -> bool:
    """Whether a radius is the one before it."""
    return np.array_equal(radii[number], radii[number - 1])


def _any_below(value: Array, tiny: float) -> bool:
    """Whether any number is not zero but below `tiny`."""
    return bool(((np.abs(value) < tiny) & (value != 0)).any())


def _aligned(*terms: Bounded) -> tuple[Bounded, ...]:
    """All with the same number of axes, so that values and radii broadcast alike."""
    ndim = max(term.value.ndim for term in terms)

    def widened(x: Bounded) -> Bounded:
        shape = (*[1] * (ndim - x.value.ndim), *x.value.shape)
        return Bounded(x.value.reshape(shape), x.radii.reshape(3, *shape))

    return tuple(widened(term) for term in terms)
