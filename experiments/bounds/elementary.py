"""Exponentials and their relatives in bounded arithmetic.

What a library's function is off by, in units of u (a unit in the last place is up to 2 u), is the
larger of NumPy's and Eigen's, which TensorFlow computes by:

| function | NumPy | Eigen | taken | largest found in float32, float64 |
|---|---|---|---|---|
| exp | 3 ulp | not stated | 6 u | 3.5, 2.4 |
| expm1 | 3 ulp | not used | 6 u | 3.5, 1.1 |
| log of 1 and more | 4 ulp | not stated | 8 u | 3.9, 1.9 |
| log1p of 0 and more | 2 ulp | log and three roundings | 11 u | 4.7, 3.5 |
| tanh | 2 ulp | "a couple of ulps" | 12 u | 5.7, 8.1 |
| 1 / (1 + exp(-x)) | exp and two roundings | 4.5 ulp | 9 u | 8.4, 3.6 |
| erfc | none (`scratch`: 3.1 u) | 5 ulp, in float64 7 ulp | 14 u | 11.8, 10.4 |
| x^2, x^3 | not used | 3 ulp | 6 u | 2.0, 2.8 |

NumPy: the tolerances of its own validation sets (numpy/_core/tests/data/umath-validation-set-*).
Eigen: the comments of UnaryFunctors.h, GenericPacketMathFunctions.h and SpecialFunctionsImpl.h,
which TensorFlow 2.21 ships. For tanh they give no number: 12 u is half as much again as was found.
Found: over up to 19 million float32 numbers (erfc 3 million, powers 1 million), all exponents and
both signs with random mantissas and the range before saturation densely, against float64; and a
million float64 numbers against 80 bits (erfc 4,000 against 60 digits).
`tests/experiments/bounds/test_elementary.py` repeats the float32 ones of exp, log, tanh, the
sigmoid, erfc and softplus in small.

An argument's radius r comes out as r times the largest slope within it, and never as more than the
function's whole range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.rounding import Array, Bounded, Precision
from scratch import functional as F  # noqa: N812

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)

# What is flushed to zero is up to the smallest normal number; oneDNN computes half of exp first.
_FLUSHES = 2

_POW_ROUNDINGS = 6

# Far below float64's roundoff.
_NOTHING = 2.0**-60


@dataclass(frozen=True)
class Elementary:
    """A monotone function of one number as the libraries compute it.

    Attributes:
        function: In float64.
        error: Of an evaluation, relative, in u.
        slope: The magnitude of its derivative.
        steepest: Where that is largest; infinite where it grows without end.
        span: Between its smallest and its largest value.
        limit: The magnitude that it saturates at. The libraries return it exactly where float64
            cannot tell even the function of 0.9 x from it.
    """

    function: Callable[[Array], Array]
    error: float
    slope: Callable[[Array], Array]
    steepest: float = 0.0
    span: float = math.inf
    limit: float = math.inf

    def __call__(self, a: Bounded, precision: Precision) -> Bounded:
        """The function of a bounded argument."""
        with np.errstate(over="ignore"):  # Then nothing can be said, and the radius is infinite.
            value = self.function(a.value)
            spread = self._spread(a)
        error = self.error * precision.u * (np.abs(value) + spread) + _FLUSHES * precision.tiny
        exact = (np.abs(self.function(0.9 * a.value)) >= self.limit) & (spread < _NOTHING)
        return Bounded(value, np.where(exact, 0.0, spread + error))

    def _spread(self, a: Bounded) -> Array:
        if not a.radii.any():
            return np.broadcast_to(0.0, a.radii.shape)
        nearest = np.clip(self.steepest, a.value - a.radii, a.value + a.radii)
        with np.errstate(invalid="ignore"):  # 0 times infinity, which is not chosen.
            spread = a.radii * self.slope(nearest)
        return np.where(a.radii > 0, np.minimum(spread, self.span), 0.0)


def _sigmoid_slope(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return e / (1 + e) ** 2


def _tanh_slope(x: Array) -> Array:
    return 4 * _sigmoid_slope(2 * x)


def _gaussian(x: Array) -> Array:
    return _TWO_OVER_ROOT_PI * np.exp(-np.square(x))


exp = Elementary(np.exp, 6, np.exp, steepest=math.inf)
log = Elementary(np.log, 8, lambda x: 1 / np.maximum(x, 0.5), steepest=-math.inf)
"""Of what is neither exactly nor computed below 1/2."""
tanh = Elementary(np.tanh, 12, _tanh_slope, span=2, limit=1)
sigmoid = Elementary(F.sigmoid, 9, _sigmoid_slope, span=1, limit=1)
erfc = Elementary(F.erfc, 14, _gaussian, span=2)
# TensorFlow takes x for softplus(x) where exp(-x) is below e^2 eps, and exp(x) where that is: off
# by e^2 eps / 2 = 7.4 u beside exp's 6. In between, and in NumPy, log1p's 11 and exp's 6 count
# sigmoid(x) / softplus(x) <= 1 times, and there is one more sum.
softplus = Elementary(F.softplus, 18, F.sigmoid, steepest=math.inf)


def power(a: Bounded, exponent: int, precision: Precision) -> Bounded:
    """A whole power by the libraries' pow, accurate to 3 ulp."""
    value = a.value**exponent
    slope = exponent * a.largest ** (exponent - 1)
    return precision.round(value, a.radii * slope, n=_POW_ROUNDINGS)
