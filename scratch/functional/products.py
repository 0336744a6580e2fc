"""Matrix products on all cores: rows go to threads, in each of which BLAS works alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratch.functional.threads import in_threads, slices, sum_in_threads

_SMALL = 2**20
"""Multiply-accumulates that take about as long as waking a thread."""
_PARTS = 8
"""Parts of a large product: more than threads, so that a thread that is held up does fewer."""


def product(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Multiply matrices and add a bias to every row: a b + bias.

    Args:
        a: (M, K).
        b: (K, N).
        bias: (N,) or None.

    Returns:
        (M, N).
    """
    y = np.empty((len(a), b.shape[1]), np.result_type(a, b))

    def multiply(rows: slice) -> None:
        np.matmul(a[rows], b, out=y[rows])
        if bias is not None:
            y[rows] += bias

    in_threads(multiply, _row_slices(len(a), b.size))
    return y


def transposed_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compute a^T b, for long a and b: (M, K), (M, N) -> (K, N).

    The sum over M is taken in parts that do not depend on the number of threads.
    """
    parts = _row_slices(len(a), a.shape[1] * b.shape[1])
    return sum_in_threads(lambda rows: a[rows].T @ b[rows], parts)


def _row_slices(rows: int, macs_per_row: int) -> Sequence[slice]:
    """Slices of the rows: one if there is little to do, else `_PARTS`."""
    parts = min(_PARTS, -(-rows * macs_per_row // _SMALL))
    return slices(rows, max(1, -(-rows // max(1, parts))))
