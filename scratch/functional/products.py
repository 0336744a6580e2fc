"""Matrix products on all cores: rows go to threads, in each of which BLAS works alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratch.functional.ending import Ending
from scratch.functional.threads import in_threads, slices, sum_in_threads

_NONE = Ending()

_SMALL = 2**23
"""Multiply-accumulates of a part that is worth waking a thread for."""
_PARTS = 4
"""Parts of a large product: more than threads, so that a thread that is held up does fewer."""


def product(a: np.ndarray, b: np.ndarray, ending: Ending = _NONE) -> np.ndarray:
    """Multiply matrices.

    The longer side of the result is parted: BLAS copies what is not parted once for every part.

    Args:
        a: (M, K).
        b: (K, N).
        ending: What becomes of the sums.

    Returns:
        (M, N).
    """
    height, width = len(a), b.shape[1]
    y = np.empty((height, width), np.result_type(a, b))
    macs = a.size * width
    everything = slice(None)

    def multiply(part: tuple[slice, slice]) -> None:
        rows, columns = part
        np.matmul(a[rows], b[:, columns], out=y[part])
        ending.of(rows, columns).apply(y[part])

    if height >= width:
        in_threads(multiply, [(rows, everything) for rows in _parts(height, width, macs)])
    else:
        in_threads(multiply, [(everything, part) for part in _parts(width, height, macs)])
    return y


def transposed_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compute a^T b, for long a and b: (M, K), (M, N) -> (K, N).

    The sum over M is taken in parts that do not depend on the number of threads.
    """
    parts = _parts(len(a), max(a.shape[1], b.shape[1]), a.size * b.shape[1])
    return sum_in_threads(lambda rows: np.dot(a[rows].T, b[rows]), parts)


def _parts(length: int, width: int, macs: int) -> Sequence[slice]:
    """Slices of the longer side of a matrix: few where they would be much wider than long."""
    most = max(2, min(_PARTS, length // max(1, width)))
    count = max(1, min(most, macs // _SMALL))
    return slices(length, max(1, -(-length // count)))
