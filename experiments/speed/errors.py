"""How far a float32 result is from the float64 one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from experiments.speed.by_hand import Found, cell_backward, cell_forward
from experiments.speed.convolution import Convolution, Tensors

_UNIT = 2.0**-24
"""The unit roundoff of float32."""


class Error(NamedTuple):
    """The error of one tensor.

    Attributes:
        largest_ulps: Of its elements' errors the largest, in ulps of the tensor's largest number.
        rms_ulps: Their root mean square, in the same.
        relative: The largest error over the tensor's largest number.
    """

    largest_ulps: float
    rms_ulps: float
    relative: float


def in_float64(case: Convolution, tensors: Tensors) -> Found:
    """All passes in float64, from float32 tensors."""
    doubled = _each(lambda a: a.astype(np.float64), tensors)
    return {**cell_forward(case, doubled), **cell_backward(case, doubled)}


def magnitudes(case: Convolution, tensors: Tensors) -> Found:
    """For each element of each pass the sum of the magnitudes of the products it is the sum of."""
    return in_float64(case, _each(np.abs, tensors))


def terms(case: Convolution) -> dict[str, int]:
    """By pass: of how many products an element is the sum at most."""
    cells = case.kernel_size[0] * case.kernel_size[1]
    windows = case.batch * case.problem.outputs_per_image
    return {
        "forward": cells * case.channels + case.bias,
        "input_gradient": cells * case.filters,
        "kernel_gradient": windows,
    }


def error(found: np.ndarray, exact: np.ndarray) -> Error:
    """How far `found` is from `exact`.

    Args:
        found: A float32 result.
        exact: The float64 one.
    """
    apart, largest = np.abs(found - exact), np.abs(exact).max()
    ulp = float(np.spacing(np.float32(largest)))
    return Error(
        float(apart.max()) / ulp,
        float(np.sqrt(np.mean(apart**2))) / ulp,
        float(apart.max() / largest),
    )


def bound_ratio(found: np.ndarray, exact: np.ndarray, magnitude: np.ndarray, n: int) -> float:
    """The largest error over the elementwise bound of a sum of n products, gamma_n |x| |k|.

    At most 1 for every algorithm that adds up the definition's products, in whatever order (Higham
    2002, section 3.1).

    Args:
        found: A float32 result.
        exact: The float64 one.
        magnitude: As `magnitudes` gives it.
        n: As `terms` gives it.
    """
    gamma = n * _UNIT / (1 - n * _UNIT)
    apart, bound = np.abs(found - exact), gamma * magnitude
    return float(np.max(apart[bound > 0] / bound[bound > 0], initial=0.0))


def _each(change: Callable[[np.ndarray], np.ndarray], tensors: Tensors) -> Tensors:
    bias = None if tensors.bias is None else change(tensors.bias)
    return Tensors(change(tensors.x), change(tensors.kernel), bias, change(tensors.dy))
