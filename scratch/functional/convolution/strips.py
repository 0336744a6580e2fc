"""im2col of strips: several neighbouring windows in one row, for images of few channels.

With few channels a window is a short row and a kernel a thin matrix: copying and multiplying both
crawl. p neighbouring windows overlap; unrolled together they are one row of
kh ((p - 1) s + kw) Cin numbers, which is multiplied with the kernel's p shifted copies side by
side, a banded matrix of p Cout columns. Operations: ((p - 1) s + kw) / kw times the convolution's
own, the rest of which is products with the zeros of the band. Error: those zeros add nothing, so
gamma_n elementwise as ever (Higham 2002, section 3.1). The band is the one of a Toeplitz matrix:
Dumoulin and Visin (2016), section 4.1; source E, exercise 5-7.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.convolution import tiles
from scratch.functional.convolution.by_tiles import ByTiles
from scratch.functional.convolution.problem import Problem
from scratch.functional.convolution.tiling import Tile, seen_by, tiles_of
from scratch.functional.ending import Ending
from scratch.functional.finite import all_finite
from scratch.functional.items import items
from scratch.functional.threads import sum_in_threads
from scratch.functional.workspace import workspace

_WINDOWS = 4
"""p: more make wider matrices and more zeros; 4 was the fastest of 2, 4, 8 and 16."""


def takes(problem: Problem) -> bool:
    """One group, undilated across."""
    return problem.groups == 1 and problem.windows.dilation[1] == 1


def forward(x: np.ndarray, kernel: np.ndarray, ending: Ending, problem: Problem) -> np.ndarray:
    """Strips times the band, (N, Ho, Wo, Cout)."""
    return by_tiles(x, kernel, problem).all_ended(ending)


def by_tiles(x: np.ndarray, kernel: np.ndarray, problem: Problem) -> ByTiles:
    """The forward pass, tile by tile."""
    matrix = _band(kernel, problem).reshape(-1, _WINDOWS * problem.filters)
    one_by_one = tiles.by_tiles(x, kernel, problem).fill

    def fill(tile: Tile, part: np.ndarray) -> None:
        seen = _seen(x, problem, tile)
        if all_finite(seen):
            _multiply(_unrolled(seen, problem, tile), matrix, part)
        else:  # The band's zeros make NaN of infinite numbers that a window does not see.
            one_by_one(tile, part)

    return ByTiles(problem, _bytes_per_row(problem), fill)


def kernel_gradient(dy: np.ndarray, x: np.ndarray, problem: Problem) -> np.ndarray:
    """Strips, transposed, times dy: of the product's blocks those on the band, added up."""
    across = _WINDOWS * problem.filters
    width = problem.windows.output_size[1]

    def term(tile: Tile) -> np.ndarray:
        strips, part = _unrolled(_seen(x, problem, tile), problem, tile), tile.of(dy)
        if width % _WINDOWS:
            upstream = workspace("strips", (len(strips), across), problem.dtype)
            pixels = upstream.reshape(*part.shape[:2], -1, problem.filters)
            pixels[:, :, :width] = part
            pixels[:, :, width:] = 0
        else:
            upstream = part.reshape(-1, across)
        return strips.T @ upstream

    total = sum_in_threads(term, tiles_of(problem, _bytes_per_row(problem)))
    kh, kw = problem.kernel_size
    blocks = total.reshape(kh, -1, problem.channels, _WINDOWS, problem.filters)
    step = problem.windows.strides[1]
    kernel = blocks[:, :kw, :, 0].copy()
    for q in range(1, _WINDOWS):
        kernel += blocks[:, q * step : q * step + kw, :, q]
    # Zeros beside the last strip make NaN of infinite numbers that no window sees there.
    return kernel if np.isfinite(kernel).all() else tiles.kernel_gradient(dy, x, problem)


def _multiply(strips: np.ndarray, matrix: np.ndarray, part: np.ndarray) -> None:
    """Strips times the band, to the outputs (images, rows, Wo, Cout)."""
    width, filters = part.shape[2:]
    if width % _WINDOWS == 0:
        np.matmul(strips, matrix, out=part.reshape(len(strips), -1))
        return
    together = workspace("strips", (len(strips), matrix.shape[1]), part.dtype)
    np.matmul(strips, matrix, out=together)
    part[...] = together.reshape(*part.shape[:2], -1, filters)[:, :, :width]


def _band(kernel: np.ndarray, problem: Problem) -> np.ndarray:
    """The kernel's shifted copies, (kh, pixels of a strip, Cin, p, Cout)."""
    kh, kw, channels, filters = kernel.shape
    band = np.zeros((kh, _strip_pixels(problem), channels, _WINDOWS, filters), kernel.dtype)
    step = problem.windows.strides[1]
    for q in range(_WINDOWS):
        band[:, q * step : q * step + kw, :, q] = kernel
    return band


def _strip_pixels(problem: Problem) -> int:
    """How many neighbouring pixels p windows see."""
    return (_WINDOWS - 1) * problem.windows.strides[1] + problem.kernel_size[1]


def _seen(x: np.ndarray, problem: Problem, tile: Tile) -> np.ndarray:
    """The pixels that the tile's strips see; the last may go beyond the padding."""
    windows, step = problem.windows, _WINDOWS * problem.windows.strides[1]
    needed = (_strips(problem) - 1) * step + _strip_pixels(problem)
    there = windows.input_size[1] + windows.pads[2] + windows.pads[3]
    return seen_by(x, windows, tile, max(0, needed - there))


def _unrolled(seen: np.ndarray, problem: Problem, tile: Tile) -> np.ndarray:
    """The tile's strips as rows: (images * rows * strips, kh * pixels of a strip * Cin)."""
    windows, kh = problem.windows, problem.kernel_size[0]
    length, step = _strip_pixels(problem) * problem.channels, _WINDOWS * windows.strides[1]
    image, row, pixel, _ = seen.strides
    # A strip's pixels and their channels are one run of memory.
    shape = (*tile.size, _strips(problem), kh)
    steps = (image, row * windows.strides[0], pixel * step, row * windows.dilation[0])
    view = items(seen, length, shape, steps)
    rows = workspace("columns", view.shape, view.dtype)
    rows[...] = view
    return rows.view(seen.dtype).reshape(-1, kh * length)


def _strips(problem: Problem) -> int:
    """How many strips a row of windows needs; the last may be longer than the row."""
    return -(-problem.windows.output_size[1] // _WINDOWS)


def _bytes_per_row(problem: Problem) -> int:
    """Of the strips and their outputs."""
    numbers = problem.kernel_size[0] * _strip_pixels(problem) * problem.channels
    numbers += _WINDOWS * problem.filters
    return _strips(problem) * numbers * problem.dtype.itemsize
