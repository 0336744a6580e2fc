"""im2col by tiles: a few rows of windows are unrolled, multiplied while in the cache, forgotten.

Tiles go to the threads; where there are fewer windows than filters, parts of the kernel do.
Operations: the convolution's own. Error: each result is one sum of products in some order, so
gamma_n elementwise (Higham 2002, section 3.1). Tiling for the cache: Goto and van de Geijn (2008),
"Anatomy of high-performance matrix multiplication", section 4.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.convolution.by_tiles import ByTiles
from scratch.functional.convolution.im2col import by_group, im2col, kernel_matrix, kernel_of_matrix
from scratch.functional.convolution.problem import Problem
from scratch.functional.convolution.tiling import Tile, seen_by, tiles_of, windows_as_items
from scratch.functional.convolution.turned import can_turn, turned_kernel, turned_problem
from scratch.functional.ending import Ending
from scratch.functional.products import product
from scratch.functional.threads import in_threads, slices, sum_in_threads
from scratch.functional.workspace import workspace


def forward(x: np.ndarray, kernel: np.ndarray, ending: Ending, problem: Problem) -> np.ndarray:
    """Windows times kernel, (N, Ho, Wo, Cout)."""
    if problem.is_wide:
        windows, matrix = im2col(x, problem.windows)[0], kernel_matrix(kernel)[0]
        return product(windows, matrix, ending.in_rows()).reshape(problem.output_shape)
    return by_tiles(x, kernel, problem).all_ended(ending)


def by_tiles(x: np.ndarray, kernel: np.ndarray, problem: Problem) -> ByTiles:
    """The forward pass, tile by tile."""
    matrix = kernel_matrix(kernel, problem.groups)

    def fill(tile: Tile, part: np.ndarray) -> None:
        columns = unrolled(x, problem, tile)
        if problem.groups == 1:
            np.matmul(columns[0], matrix[0], out=part.reshape(-1, problem.filters))
        else:
            part[...] = (columns @ matrix).transpose(1, 0, 2).reshape(part.shape)

    return ByTiles(problem, _bytes_per_row(problem), fill)


def input_gradient(dy: np.ndarray, kernel: np.ndarray, problem: Problem) -> np.ndarray:
    """A convolution of dy where windows move by one; else pixels are sent back cell by cell."""
    if can_turn(problem):
        return forward(dy, turned_kernel(kernel, problem.groups), Ending(), turned_problem(problem))
    return _sent_back(dy, kernel, problem)


def kernel_gradient(dy: np.ndarray, x: np.ndarray, problem: Problem) -> np.ndarray:
    """Windows, transposed, times dy."""
    if problem.is_wide:
        windows = im2col(x, problem.windows)[0]
        return product(windows.T, by_group(dy)[0]).reshape(problem.kernel_shape)

    tiling = tiles_of(problem, _bytes_per_row(problem))
    matrix = sum_in_threads(lambda tile: kernel_term(tile.of(dy), x, problem, tile), tiling)
    return kernel_of_matrix(matrix, problem.kernel_shape)


def kernel_term(part: np.ndarray, x: np.ndarray, problem: Problem, tile: Tile) -> np.ndarray:
    """What the tile's part of dy adds, (groups, kh * kw * Cin / g, Cout / g)."""
    columns = unrolled(x, problem, tile)
    return columns.transpose(0, 2, 1) @ by_group(part, problem.groups)


def unrolled(x: np.ndarray, problem: Problem, tile: Tile) -> np.ndarray:
    """The tile's windows as rows: (groups, images * rows * Wo, kh * kw * C / groups)."""
    windows, groups = problem.windows, problem.groups
    view = windows_as_items(seen_by(x, windows, tile), windows, tile, problem.run, groups)
    columns = workspace("columns", view.shape, view.dtype)
    columns[...] = view
    return columns.view(x.dtype).reshape(groups, -1, problem.products)


def _sent_back(dy: np.ndarray, kernel: np.ndarray, problem: Problem) -> np.ndarray:
    """Each cell of the kernel sends dy, mixed by its weights, back to the pixels that it met."""
    kh, kw, per_group, _ = kernel.shape
    groups, windows = problem.groups, problem.windows
    # (kh, kw, Cin/g, g, Cout/g) -> (kh, kw, g, Cout/g, Cin/g)
    weights = kernel.reshape(kh, kw, per_group, groups, -1).transpose(0, 1, 3, 4, 2)
    dx = np.zeros(problem.input_shape, problem.dtype)

    def send(images: slice) -> None:
        rows, part = by_group(dy[images], groups), dx[images]  # rows: (g, M, Cout/g)
        sent = workspace("sent", (groups, rows.shape[1], per_group), problem.dtype)
        for i, j, at_output, at_input in windows.cells():
            np.matmul(rows, weights[i, j], out=sent)
            pixels = sent[0] if groups == 1 else sent.transpose(1, 0, 2)
            part[at_input] += pixels.reshape(-1, *windows.output_size, problem.channels)[at_output]

    in_threads(send, slices(problem.batch, 1))
    return dx


def _bytes_per_row(problem: Problem) -> int:
    row = problem.windows.output_size[1] * problem.products * problem.groups
    return row * problem.dtype.itemsize
