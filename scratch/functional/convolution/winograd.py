"""Winograd's F(4x4, 3x3): 4x4 outputs from a 6x6 patch of the input by 36 multiplications, not 144.

Patches d that overlap by two pixels and the kernel g are transformed, multiplied element by element
and summed over the channels, and the sum is transformed back, with matrices from `toom_cook`:

    y = A^T [(G g G^T) * (B^T d B)] A

Both sides of a transform at once are one product with a Kronecker product, (B^T x B^T) vec(d), so
that all patches of a block are one GEMM; the multiplication is 36 GEMMs of patches and channels.
The kernel's gradient is the adjoint: G^T [sum over patches of (B^T d B) * (A dy A^T)] G.

Operations: 36 / 16 = 2.25 multiplications for each output and pair of channels where the definition
has 9; the transforms add 2592 for each patch and input channel and 1152 for each output channel,
which is why it takes many channels to pay.

Error: not within gamma_n of the definition's magnitudes. Large and small pixels of a patch are
mixed before they are multiplied, so that an output is off by at most gamma_n times what the
algorithm makes of the magnitudes of pixels, kernel and transforms,
|A|^T [(|G||g||G|^T) * (|B|^T |d||B|)] |A|: little beside the largest outputs of a patch, not beside
each. n = Cin + 53: a rounding for each channel, and in each transform one for each entry of a row
(9 of G x G, 16 of B^T x B^T, 25 of A^T x A^T) and one for the entry itself; for the kernel's
gradient it is the number of patches + 60. The points decide how large the bound is: 0, +-2/3,
+-3/2 make it a quarter of what it is with Lavin and Gray's 0, +-1, +-2, and the largest error of
normal numbers as well. Where a result is not finite, `tiles` computes it again, for a transform
spreads a pixel that is not over its whole patch.

Lavin and Gray (2016), "Fast algorithms for convolutional neural networks", arXiv 1509.09308,
section 4. Its error, and the points: Barabasz, Anderson, Soodhalter and Gregg (2020), "Error
analysis and improving the accuracy of Winograd convolution for deep neural networks", ACM TOMS
46(4), arXiv 1803.10986, whose bound is one of norms; by magnitudes: Higham (2002), section 3.1.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from scratch.functional.convolution import tiles
from scratch.functional.convolution.problem import Problem
from scratch.functional.convolution.tiling import Tile, seen_by, tiles_of, windows_as_items
from scratch.functional.convolution.toom_cook import transforms
from scratch.functional.ending import Ending
from scratch.functional.finite import all_finite
from scratch.functional.items import pixels
from scratch.functional.threads import in_threads, slices, sum_in_threads
from scratch.functional.windows import Windows
from scratch.functional.workspace import workspace

_OUT, _TAPS, _SEEN = 4, 3, 6
"""Outputs, taps and inputs of a patch along each side."""
POINTS = tuple(map(Fraction, ("0", "2/3", "-2/3", "3/2", "-3/2")))


class Maps(NamedTuple):
    """The transforms, both sides at once, as matrices.

    Attributes:
        input: B^T x B^T, (36, 36).
        kernel: G x G, (36, 9).
        output: A^T x A^T, (16, 36).
    """

    input: np.ndarray
    kernel: np.ndarray
    output: np.ndarray


_EXACT = [np.kron(matrix, matrix) for matrix in transforms(POINTS, _OUT, _TAPS)]
_MAPS = Maps(*(matrix.astype(np.float32) for matrix in _EXACT))
MAGNITUDES = Maps(*(np.abs(matrix).astype(np.float64) for matrix in _EXACT))
"""What makes the algorithm compute its own error bound's sum of magnitudes, from magnitudes."""

_BLOCK_BYTES, _LEAST_PATCHES = 3 * 2**20, 64
"""Of the transformed patches of a block, before and behind the multiplication: few enough to stay
near the core, but many enough for GEMMs to be worth starting."""
_KERNEL_PART = 2**15
"""Pairs of channels whose kernels one thread transforms at a time."""

_FILTERS = 128
"""Whose products are computed and transformed back at a time, so that they still are in the cache:
it pays where there are few channels to each, for then multiplying takes little longer."""


def takes(problem: Problem) -> bool:
    """3x3 kernels that move by one, in float32: in float64 rounding is what one wants little of."""
    fits = problem.kernel_size == (3, 3) and problem.moves_by_one
    return fits and problem.dtype == np.float32


def forward(
    x: np.ndarray,
    kernel: np.ndarray,
    ending: Ending,
    problem: Problem,
    maps: Maps = _MAPS,
) -> np.ndarray:
    """Patches times kernel, both transformed, transformed back: (N, Ho, Wo, Cout)."""
    y, finite = _convolved(x, _transformed_kernel(kernel, maps.kernel), ending, problem, maps)
    if not finite.all():
        y[~finite] = tiles.forward(x[~finite], kernel, ending, _part_of(problem, ~finite))
    return y


def kernel_gradient(
    dy: np.ndarray, x: np.ndarray, problem: Problem, maps: Maps = _MAPS
) -> np.ndarray:
    """Patches, transposed, times dy, both transformed, transformed back."""
    patches, errors = _grid(problem, _SEEN), _grid(problem, _OUT)
    back_to_output, back_to_kernel = maps.output.T, maps.kernel.T

    def term(block: Tile) -> np.ndarray:
        mixed = _transformed(maps.input, _gathered(x, patches, block), "transformed")
        error = _transformed(back_to_output, _gathered(dy, errors, block), "transformed errors")
        shape = (36, problem.channels, problem.filters)
        products = workspace("products", shape, problem.dtype)
        np.matmul(mixed.transpose(0, 2, 1), error, out=products)
        return back_to_kernel @ products.reshape(36, -1)

    with np.errstate(over="ignore", invalid="ignore"):
        gradient = sum_in_threads(term, _blocks(problem))
    if not np.isfinite(gradient).all():
        return tiles.kernel_gradient(dy, x, problem)
    return gradient.reshape(problem.kernel_shape)


def _convolved(
    x: np.ndarray, weights: np.ndarray, ending: Ending, problem: Problem, maps: Maps
) -> tuple[np.ndarray, np.ndarray]:
    """The convolution with transformed weights (36, Cin, Cout); which images are finite, (N,)."""
    patches = _grid(problem, _SEEN)
    y = np.empty(problem.output_shape, problem.dtype)
    finite = np.ones(problem.batch, bool)
    by_channel, rest = ending.split()
    endings = [
        (part, by_channel.of((), part))
        for part in slices(problem.filters, _filters_at_once(problem))
    ]

    def compute(block: Tile) -> None:
        mixed = _transformed(maps.input, _gathered(x, patches, block), "transformed")
        part = (block.images, slice(_OUT * block.rows.start, _OUT * block.rows.stop))
        for filters, end in endings:
            weights_of = weights[:, :, filters]
            shape = (36, mixed.shape[1], weights_of.shape[2])
            products = workspace("patches", shape, problem.dtype)
            np.matmul(mixed, weights_of, out=products)
            outputs = _transformed(maps.output, products, "outputs")
            if not all_finite(outputs):
                finite[block.images] = False
            end.apply(outputs)
            _scatter(outputs, y[part][..., filters], block)
        rest.of(part).apply(y[part])

    with np.errstate(over="ignore", invalid="ignore"):
        in_threads(compute, _blocks(problem))
    return y, finite


def _part_of(problem: Problem, images: np.ndarray) -> Problem:
    return replace(problem, batch=int(images.sum()))


def _transformed_kernel(kernel: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(3, 3, Cin, Cout) -> (36, Cin, Cout), by (36, 9); this thread's workspace "weights"."""
    channels, filters = kernel.shape[2:]
    weights = workspace("weights", (36, channels * filters), matrix.dtype)

    def transform(part: slice) -> None:
        to = weights[:, part.start * filters : part.stop * filters]
        np.matmul(matrix, kernel[:, :, part].reshape(9, -1), out=to)

    with np.errstate(over="ignore", invalid="ignore"):
        in_threads(transform, slices(channels, -(-_KERNEL_PART // filters)))
    return weights.reshape(36, channels, filters)


def _transformed(matrix: np.ndarray, gathered: np.ndarray, slot: str) -> np.ndarray:
    """One side of `gathered` (cells, patches, C) by a matrix: (rows of the matrix, patches, C)."""
    out = workspace(slot, (len(matrix), *gathered.shape[1:]), matrix.dtype)
    np.matmul(matrix, gathered.reshape(len(gathered), -1), out=out.reshape(len(matrix), -1))
    return out


@functools.lru_cache(maxsize=256)
def _grid(problem: Problem, size: int) -> Windows:
    """Patches of `size` by `size`, four pixels apart: 6x6 of the input, or 4x4 of the output.

    The last ones may reach further than the image and its padding, into zeros.
    """
    windows = problem.windows
    height, width = windows.output_size
    down, across = -(-height // _OUT), -(-width // _OUT)
    of_input = size == _SEEN
    top, bottom, left, right = windows.pads if of_input else (0, 0, 0, 0)
    pads = (top, bottom + _OUT * down - height, left, right + _OUT * across - width)
    input_size = windows.input_size if of_input else windows.output_size
    return Windows(input_size, (size, size), (_OUT, _OUT), (1, 1), pads, (down, across))


@functools.lru_cache(maxsize=256)
def _blocks(problem: Problem) -> list[Tile]:
    """Blocks of whole rows of patches; two at least, where there are two rows."""
    grid = replace(problem, windows=_grid(problem, _SEEN))
    down, across = grid.windows.output_size
    half = -(-problem.batch * down // 2) * across
    filters = min(problem.filters, _filters_at_once(problem))
    bytes_per_patch = 36 * (problem.channels + filters) * problem.dtype.itemsize
    patches = max(_LEAST_PATCHES, _BLOCK_BYTES // bytes_per_patch)
    return tiles_of(grid, across, min(patches, half))


def _filters_at_once(problem: Problem) -> int:
    return max(_FILTERS, 2 * problem.channels)


def _gathered(x: np.ndarray, grid: Windows, block: Tile) -> np.ndarray:
    """A block's patches, (size * size, patches, C)."""
    view = windows_as_items(seen_by(x, grid, block), grid, block)[0].transpose(3, 4, 0, 1, 2)
    patches = workspace("patches", view.shape, view.dtype)
    patches[...] = view
    return patches.view(x.dtype).reshape(view.shape[0] * view.shape[1], -1, x.shape[3])


def _scatter(outputs: np.ndarray, y: np.ndarray, block: Tile) -> None:
    """Put outputs (16, patches, C) in their places in y, as far as they lie in it."""
    placed, places = pixels(outputs).reshape(_OUT, _OUT, *block.size, -1), pixels(y)
    _, _, images, down, across = placed.shape
    if places.shape == (images, _OUT * down, _OUT * across):
        # All lie in it: one call, where sixteen short ones would wait for the interpreter.
        by_patch = places.reshape(images, down, _OUT, across, _OUT)
        by_patch.transpose(2, 4, 0, 1, 3)[...] = placed
        return
    for i in range(_OUT):
        for j in range(_OUT):
            to = places[:, i::_OUT, j::_OUT]
            to[...] = placed[i, j, :, : to.shape[1], : to.shape[2]]
