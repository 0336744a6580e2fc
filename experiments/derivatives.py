"""Derivatives of a program from its values alone: finite differences and the complex step.

Every function here takes a program f from an array to an array and an upstream gradient dy, and
returns the gradient of sum(dy * f(x)) by x, one coordinate of x after the other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Function = Callable[[Array], Array]

# A power of two, so that dividing by it is exact; its square vanishes beside 1.
COMPLEX_STEP = 2.0**-70


def forward_differences(function: Function, x: Array, dy: Array, step: float) -> Array:
    """(f(x + h) - f(x)) / h; off by h/2 f'' and by rounding over h.

    Args:
        function: The program.
        x: Where its derivative is taken, float.
        dy: dL/df, of the program's output's shape.
        step: h.

    Returns:
        dL/dx, shaped as x.
    """
    here = function(x)
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        gradient[index] = (dy * (function(_moved(x, index, step)) - here)).sum() / step
    return gradient


def central_differences(
    function: Function, x: Array, dy: Array, step: float
) -> tuple[Array, Array]:
    """(f(x + h) - f(x - h)) / 2h; off by at most h^2/6 max|f'''| and by rounding over h.

    Args:
        function: The program.
        x: Where its derivative is taken, float.
        dy: dL/df, of the program's output's shape.
        step: h.

    Returns:
        dL/dx, and the same sum of the terms' magnitudes, which its own rounding is relative to;
        both shaped as x.
    """
    gradient, magnitude = np.empty(x.shape), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        change = function(_moved(x, index, step)) - function(_moved(x, index, -step))
        terms = dy * change / (2 * step)
        gradient[index], magnitude[index] = terms.sum(), np.abs(terms).sum()
    return gradient, magnitude


def complex_step(function: Function, x: Array, dy: Array, step: float = COMPLEX_STEP) -> Array:
    """Im f(x + ih) / h, which subtracts nothing (Squire and Trapp 1998).

    Args:
        function: An analytic program that takes complex numbers.
        x: Where its derivative is taken, float.
        dy: dL/df, of the program's output's shape, float.
        step: h; at the default, the h^2/6 f''' left out is far below rounding.

    Returns:
        dL/dx, shaped as x.
    """
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        moved = _moved(x.astype(np.complex128), index, 1j * step)
        gradient[index] = (dy * (function(moved).imag / step)).sum()
    return gradient


def _moved(x: Array, index: tuple[int, ...], by: complex) -> Array:
    """A copy of x with one coordinate moved."""
    moved = x.copy()
    moved[index] += by
    return moved
