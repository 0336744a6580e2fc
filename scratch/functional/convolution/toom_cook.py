"""The three matrices of a Winograd convolution, from the points that it multiplies polynomials at.

A convolution of m outputs and r taps is a product of polynomials, transposed. A product of degree
m + r - 2 is known by its values at m + r - 1 points, where it is the product of the values:
m + r - 1 multiplications instead of m r (Toom 1963 and Cook 1966; Winograd 1980; Lavin and Gray
2016, "Fast algorithms for convolutional neural networks", arXiv 1509.09308, section 4).

    y = A^T [(G g) * (B^T d)]    d: m + r - 1 inputs, g: r taps, y: m outputs, * element by element

Any points will do in exact arithmetic; they decide what rounding does (Barabasz, Anderson,
Soodhalter and Gregg 2020, "Error analysis and improving the accuracy of Winograd convolution for
deep neural networks", ACM TOMS 46(4), arXiv 1803.10986).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import NamedTuple

import numpy as np


class Transforms(NamedTuple):
    """A convolution in one dimension, exactly: entries are Fractions.

    Attributes:
        input: B^T, (m + r - 1, m + r - 1).
        kernel: G, (m + r - 1, r).
        output: A^T, (m, m + r - 1).
    """

    input: np.ndarray
    kernel: np.ndarray
    output: np.ndarray


def transforms(points: Sequence[Fraction], outputs: int, taps: int) -> Transforms:
    """The transforms of `outputs` outputs and `taps` taps.

    Args:
        points: outputs + taps - 2 different numbers; infinity is the last point of all.
        outputs: m.
        taps: r.
    """
    size = outputs + taps - 1
    polynomials = [_with_roots([q for q in points if q != p]) for p in points]
    rows = [[*polynomial, Fraction(0)] for polynomial in polynomials]
    weights = [1 / prod((p - q for q in points if q != p), start=Fraction(1)) for p in points]
    infinity = [Fraction(0)] * (size - 1)
    return Transforms(
        np.array([*rows, _with_roots(points)], object),
        np.array([*_powers(points, taps, weights), [*infinity[: taps - 1], Fraction(1)]], object),
        np.array([*_powers(points, outputs), [*infinity[: outputs - 1], Fraction(1)]], object).T,
    )


def _with_roots(roots: Sequence[Fraction]) -> list[Fraction]:
    """The coefficients of prod (x - root), the constant first."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted = [Fraction(0), *coefficients]
        scaled = [*(root * c for c in coefficients), Fraction(0)]
        coefficients = [a - b for a, b in zip(shifted, scaled, strict=True)]
    return coefficients


def _powers(
    points: Sequence[Fraction], count: int, weights: Sequence[Fraction] | None = None
) -> list[list[Fraction]]:
    """Weight (1, p, p^2, ...) for each point p."""
    weights = weights or [Fraction(1)] * len(points)
    return [[w * p**k for k in range(count)] for p, w in zip(points, weights, strict=True)]
