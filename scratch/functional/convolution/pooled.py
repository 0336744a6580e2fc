"""A convolution and the max-pooling behind it at once, tile by tile.

The convolution's output is the largest array of many a network, of which pooling keeps one number
in p x p. Here a tile of it is pooled while in the cache and forgotten: of the numbers that are left
it is known where in their windows they were. That is all that the gradients need: the error of the
convolution's output is zero but at these places, so that the kernel's gradient unrolls the windows
there and no others, once for each channel.

Operations: the convolution's own; the kernel's gradient takes kh kw Cin Cout for each number left,
for it multiplies with a diagonal matrix of the channels' errors. Error: zeros that are left out add
nothing, so gamma_n elementwise (Higham 2002, section 3.1). Source A eq. (4) behind eq. (2). Going
back by the places of the maxima alone: Zeiler and Fergus (2014), section 2.1, who call them
switches.
"""

from __future__ import annotations

import functools
from math import prod

import numpy as np

from scratch.functional.convolution import tiles
from scratch.functional.convolution.by_tiles import ByTiles
from scratch.functional.convolution.problem import Problem
from scratch.functional.convolution.tiling import Tile, seen_by, tiles_of
from scratch.functional.ending import Ending
from scratch.functional.finite import all_finite
from scratch.functional.items import items
from scratch.functional.padding import Size
from scratch.functional.pooling_apart import Maxima, pool_across, pool_down
from scratch.functional.pooling_rows import index_dtype, send_to_one
from scratch.functional.threads import in_threads, slices, sum_in_threads
from scratch.functional.windows import Windows, windows_over
from scratch.functional.workspace import workspace

_TILE_BYTES = 2**22
"""Twice what a convolution takes alone: pooling is ten calls of NumPy more for each tile."""

_ACROSS_BYTES = 2**19
"""Of the columns' maxima, that one thread takes at a time."""


def takes(problem: Problem, pooling: Windows) -> bool:
    """One group, more windows than filters; pools that share no pixel and have no padding."""
    return problem.groups == 1 and not problem.is_wide and pooling.lie_apart_inside


def share_of_pixels(pooling: Windows, filters: int) -> float:
    """At most what share of the pixels in front of a pooling has an error, in any channel."""
    return min(1.0, filters * prod(pooling.output_size) / prod(pooling.input_size))


def forward(
    convolution: ByTiles, bias: np.ndarray | None, pooling: Windows, wants_argmax: bool
) -> Maxima:
    """The pooled output, and which cells it came from: (N, Ho', Wo', Cout) both.

    Args:
        convolution: In front of the pooling.
        bias: (Cout,) or None.
        pooling: Windows over its output, such as the module takes.
        wants_argmax: Whether to say which cells.
    """
    problem, step = convolution.problem, pooling.strides[0]

    def room(height: int, width: int) -> Maxima:
        shape = (problem.batch, height, width, problem.filters)
        places = np.empty(shape, index_dtype(pooling)) if wants_argmax else None
        return Maxima(np.empty(shape, problem.dtype), places)

    # Rounding keeps the order of the sums, but may make two of them equal, and the first counts.
    before, behind = (Ending(bias), Ending()) if wants_argmax else (Ending(), Ending(bias))
    columns = room(pooling.output_size[0], pooling.input_size[1])
    y = room(*pooling.output_size)

    def convolve(tile: Tile) -> None:
        if tile.size[1] < pooling.kernel_size[0]:
            return  # rows left over at the bottom, which no window has
        sums = workspace("sums", (*tile.size, *problem.output_shape[2:]), problem.dtype)
        convolution.fill(tile, sums)
        before.apply(sums)
        windows = _rows_of(pooling, tile.size[1])
        first = tile.rows.start // step
        rows = slice(first, first + windows.output_size[0])
        pool_down(sums, windows, columns.of((tile.images, rows)))

    def finish(images: slice) -> None:
        pool_across(columns.of(images), pooling, y.of(images))
        behind.apply(y.numbers[images])

    in_threads(convolve, tiles_of(problem, convolution.bytes_per_row, _TILE_BYTES, step))
    images = max(1, _ACROSS_BYTES * problem.batch // columns.numbers.nbytes)
    in_threads(finish, slices(problem.batch, images))
    return y


@functools.lru_cache(maxsize=64)
def _rows_of(pooling: Windows, rows: int) -> Windows:
    """The windows over the first rows of an image."""
    size = (rows, pooling.input_size[1])
    return windows_over(size, pooling.kernel_size, pooling.strides, "valid")


def kernel_gradient(
    dy: np.ndarray, argmax: np.ndarray, x: np.ndarray, problem: Problem, pooling: Windows
) -> np.ndarray:
    """The windows that the maxima came from, transposed, times their errors.

    Args:
        dy: The error of the pooled output, (N, Ho', Wo', Cout).
        argmax: As `forward` gave it.
        x: What was convolved.
        problem: The convolution, of one group.
        pooling: As in `forward`.
    """
    filters = problem.filters

    def term(tile: Tile) -> np.ndarray:
        part = dy[tile.images], argmax[tile.images]
        seen = seen_by(x, problem.windows, tile)
        if not all_finite(seen):  # zero times infinity is not zero
            dz = np.empty((tile.size[0], *problem.output_shape[1:]), problem.dtype)
            send_to_one(*part, pooling, dz)
            return tiles.kernel_term(dz, x, problem, tile)[0]
        met = _windows_of_maxima(seen, part[1], problem, pooling)
        # Of a pixel's channels each has a row of its own, with zeros for the others.
        errors = workspace("errors", (part[0].size // filters, filters, filters), problem.dtype)
        errors.fill(0)
        np.einsum("pcc->pc", errors)[...] = part[0].reshape(-1, filters)
        # np.matmul does not let go of the interpreter where the result is small.
        return np.dot(met.T, errors.reshape(-1, filters))

    height = problem.windows.output_size[0]
    numbers = prod(pooling.output_size) * filters * (problem.products + filters)
    bytes_per_row = numbers * problem.dtype.itemsize // height
    tiling = tiles_of(problem, max(1, bytes_per_row), step=height)
    return sum_in_threads(term, tiling).reshape(problem.kernel_shape)


def _windows_of_maxima(
    seen: np.ndarray, argmax: np.ndarray, problem: Problem, pooling: Windows
) -> np.ndarray:
    """The windows that whole images' maxima came from, unrolled: (maxima, kh * kw * Cin)."""
    corners, cells = _first_pixels(seen.shape[:3], problem.windows.strides, pooling)
    first = corners + cells.take(argmax)
    (kh, kw), run = problem.kernel_size, problem.run
    down, across = problem.windows.dilation
    _, row, pixel, _ = seen.strides
    # A window for each pixel, so that one index finds it; the last is the last that there is.
    shape = (int(corners[-1, -1, -1, 0] + cells[-1]) + 1, kh, kw // run)
    steps = (pixel, row * down, run * pixel * across)
    found = items(seen, run * seen.shape[3], shape, steps)[first.reshape(-1)]
    return found.view(seen.dtype).reshape(first.size, problem.products)


@functools.lru_cache(maxsize=64)
def _first_pixels(
    size: tuple[int, int, int], strides: Size, pooling: Windows
) -> tuple[np.ndarray, np.ndarray]:
    """Of images (N, H, W), all pixels counted, where convolved windows begin.

    Returns:
        The windows in the first cell of each pool, (N, Ho', Wo', 1); and how much further on those
        in the other cells begin, (cells,).
    """
    images, height, width = size
    down, across = strides[0] * width, strides[1]
    rows, columns = (np.arange(n) for n in pooling.output_size)
    corners = (
        np.arange(images).reshape(-1, 1, 1, 1) * height * width
        + rows.reshape(-1, 1, 1) * pooling.strides[0] * down
        + columns.reshape(-1, 1) * pooling.strides[1] * across
    )
    i, j = (np.arange(n) for n in pooling.kernel_size)
    return corners, (i[:, None] * down + j * across).reshape(-1)
