"""The kernel's gradient from an error that is mostly zero, as it is behind a wide max-pooling.

Each window of a p x p max-pooling sends its gradient to one pixel: a channel's error is zero at all
but 1 / p^2 of its pixels, and stays so through a ReLU. Only the windows at pixels with an error are
unrolled and multiplied. Operations: the convolution's own, times the share of such pixels. Error:
zeros that are left out add nothing, so gamma_n elementwise (Higham 2002, section 3.1). Source B's
network asks for it; gathering instead of multiplying zeros: Gustavson (1978), "Two fast algorithms
for sparse matrices", section 2.
"""

from __future__ import annotations

import functools

import numpy as np

from scratch.functional.convolution import tiles
from scratch.functional.convolution.problem import Problem
from scratch.functional.convolution.tiling import Tile, seen_by, tiles_of, windows_as_items
from scratch.functional.finite import all_finite
from scratch.functional.threads import sum_in_threads
from scratch.functional.workspace import workspace

_IMAGES, _ROWS = 4, 16
"""Of so many images, and rows of pixels, one is looked at."""


def takes(problem: Problem) -> bool:
    """One group."""
    return problem.groups == 1


def share_of_pixels(dy: np.ndarray) -> float:
    """At most what share of the pixels has an error, by a sample: 1 if every one may have."""
    sample = dy[::_IMAGES, ::_ROWS]
    return min(1.0, np.count_nonzero(sample) / max(1, sample[..., 0].size))


def kernel_gradient(dy: np.ndarray, x: np.ndarray, problem: Problem) -> np.ndarray:
    """The windows at pixels with an error, transposed, times the error."""

    def term(tile: Tile) -> np.ndarray:
        seen = seen_by(x, problem.windows, tile)
        if not all_finite(seen):  # zero times infinity is not zero
            return tiles.kernel_term(tile.of(dy), x, problem, tile)[0]
        upstream = tile.of(dy).reshape(-1, problem.filters)
        pixels = _nonzero_rows(upstream)
        windows = windows_as_items(seen, problem.windows, tile, problem.run)[0]
        met = windows[np.unravel_index(pixels, windows.shape[:3])]
        rows = met.view(x.dtype).reshape(len(pixels), problem.products)
        # np.matmul does not let go of the interpreter where the result is small.
        return np.dot(rows.T, upstream.take(pixels, axis=0))

    bytes_per_row = problem.windows.output_size[1] * problem.filters * problem.dtype.itemsize
    total = sum_in_threads(term, tiles_of(problem, bytes_per_row))
    return total.reshape(problem.kernel_shape)


def _nonzero_rows(a: np.ndarray) -> np.ndarray:
    """The numbers of the rows of a (M, K) that are not all zero."""
    found = np.not_equal(a, 0, out=workspace("found", a.shape, bool))
    if a.shape[1] % 8 == 0:
        eights = found.view(np.uint64)  # eight answers in a word
        return np.flatnonzero(functools.reduce(np.bitwise_or, eights.T) != 0)
    rows = np.flatnonzero(found) // a.shape[1]
    return rows[np.diff(rows, prepend=-1) > 0]
