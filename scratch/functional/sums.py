"""The sums that biases and statistics need."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import prod

import numpy as np


def sum_to_channels(x: np.ndarray) -> np.ndarray:
    """Sum over all but the last axis: (..., C) -> (C,), in x's dtype.

    A product with ones lets BLAS add whole rows; `np.sum` works through C numbers at a time, which
    is several times slower when C is small, and less exact: it adds every row to one running sum.
    """
    rows = x.reshape(-1, x.shape[-1])
    return np.ones(len(rows), x.dtype) @ rows


def sum_over(x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Sum over some axes, which stay with size 1, in x's dtype: products with ones, as above.

    Args:
        x: Any shape.
        axes: Whole numbers from 0. Adjacent ones are summed at once, the longest run first.
    """
    runs = [
        [axis for axis, _ in run]
        for summed, run in groupby(enumerate(x.shape), key=lambda item: item[0] in axes)
        if summed
    ]
    total = x
    for run in sorted(runs, key=lambda run: -prod(x.shape[axis] for axis in run)):
        before, after = total.shape[: run[0]], total.shape[run[-1] + 1 :]
        ones = np.ones(prod(x.shape[axis] for axis in run), x.dtype)
        if prod(after) == 1:
            added = total.reshape(-1, len(ones)) @ ones
        elif prod(before) == 1:
            added = ones @ total.reshape(len(ones), -1)
        else:
            added = ones @ total.reshape(prod(before), len(ones), prod(after))
        total = added.reshape(*before, *[1] * len(run), *after)
    return total
