"""The fully connected layer: y = x W + b along the last axis."""

from __future__ import annotations

import numpy as np

from scratch.functional.ending import Ending
from scratch.functional.products import product
from scratch.functional.sums import sum_to_channels


def dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Multiply the last axis by a matrix. Source C.

    Args:
        x: (..., in), of any rank.
        kernel: (in, units).
        bias: (units,) or None.

    Returns:
        (..., units).

    Raises:
        ValueError: The last axis of x is not as long as the kernel's first.
    """
    if kernel.ndim != 2 or x.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"dense takes x (..., in) and kernel (in, units): x {x.shape}, kernel {kernel.shape}."
        )
    rows = x.reshape(-1, x.shape[-1])
    return product(rows, kernel, Ending(bias)).reshape(*x.shape[:-1], kernel.shape[1])


def dense_input_gradient(dy: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """dL/dx of `dense`: dy (..., units) times W^T -> (..., in)."""
    rows = dy.reshape(-1, dy.shape[-1])
    return product(rows, kernel.T).reshape(*dy.shape[:-1], len(kernel))


def dense_kernel_gradient(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dkernel of `dense`: x^T dy, summed over all leading axes -> (in, units)."""
    return product(x.reshape(-1, x.shape[-1]).T, dy.reshape(-1, dy.shape[-1]))


def dense_bias_gradient(dy: np.ndarray) -> np.ndarray:
    """dL/dbias of `dense`: dy (..., units) summed over all leading axes -> (units,)."""
    return sum_to_channels(dy)
