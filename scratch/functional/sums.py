"""The sums that biases and statistics need."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from math import prod

import numpy as np

from scratch.functional.threads import one_blas_thread, slices, sum_in_threads

_NUMBERS = 2**22
"""Numbers in a part of a long sum: one core reads them before a second one has woken up."""

Shape = tuple[int, ...]


def sum_to_channels(x: np.ndarray) -> np.ndarray:
    """Sum over all but the last axis: (..., C) -> (C,), in x's dtype.

    A product with ones lets BLAS add whole rows; `np.sum` works through C numbers at a time, which
    is several times slower when C is small, and less exact: it adds every row to one running sum.
    """
    rows = x.reshape(-1, x.shape[-1])
    length = max(1, _NUMBERS // max(1, rows.shape[1]))

    def term(part: slice) -> np.ndarray:
        return np.dot(_ones(part.stop - part.start, x.dtype), rows[part])

    return sum_in_threads(term, slices(len(rows), length) or [slice(0, 0)])


def sum_over(x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Sum over some axes, which stay with size 1, in x's dtype: products with ones, as above.

    Args:
        x: Any shape.
        axes: Whole numbers from 0. Adjacent ones are summed at once, the longest run first.
    """
    total = x
    with one_blas_thread():
        for shape, result in _steps(x.shape, tuple(axes)):
            before, length, after = shape
            ones = _ones(length, x.dtype)
            if after == 1:
                total = total.reshape(before, length) @ ones
            elif before == 1:
                total = ones @ total.reshape(length, after)
            else:
                total = ones @ total.reshape(shape)
            total = total.reshape(result)
    return total


@lru_cache
def _steps(shape: Shape, axes: tuple[int, ...]) -> Sequence[tuple[Shape, Shape]]:
    """For each run of axes: (numbers before it, in it, behind it), and the shape that is left."""
    runs = [
        [axis for axis, _ in run]
        for summed, run in groupby(enumerate(shape), key=lambda item: item[0] in axes)
        if summed
    ]
    steps = []
    for run in sorted(runs, key=lambda run: -prod(shape[axis] for axis in run)):
        before, inside, after = shape[: run[0]], shape[run[0] : run[-1] + 1], shape[run[-1] + 1 :]
        shape = (*before, *[1] * len(run), *after)
        steps.append(((prod(before), prod(inside), prod(after)), shape))
    return steps


@lru_cache(maxsize=8)
def _ones(length: int, dtype: np.dtype) -> np.ndarray:
    ones = np.ones(length, dtype)
    ones.flags.writeable = False
    return ones
