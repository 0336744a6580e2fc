"""How far each algorithm may be off, derived from how it computes."""

from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from scratch.functional.convolution import Algorithm, Pass, Problem
from scratch.functional.convolution.toom_cook import transforms
from scratch.functional.convolution.turned import turned_kernel, turned_problem
from scratch.functional.convolution.winograd import POINTS
from tests.scratch.functional.convolution.problems import Operands, in_float64

B, G, A = (np.abs(matrix).astype(float) for matrix in transforms(POINTS, 4, 3))


def radius(algorithm: Algorithm, which: Pass, given: Operands, problem: Problem) -> np.ndarray:
    """The largest error of each number: gamma_n times the magnitudes that were added up.

    Twice that: the float64 result that it is held against is not exact either.
    """
    sizes = given.map(lambda a: np.abs(a.astype(np.float64)))
    windows = problem.batch * problem.outputs_per_image
    if algorithm.elementwise:
        magnitude = in_float64(which, sizes, problem)
        products = {
            "forward": problem.products,
            "input_gradient": prod(problem.kernel_size) * problem.filters // problem.groups,
            "kernel_gradient": windows,
        }[which]
    else:
        magnitude, products = _winograd(which, sizes, problem)
    n = products + (which == "forward")  # The bias is added last.
    nu = n * np.finfo(problem.dtype).eps / 2
    return 2 * nu / (1 - nu) * magnitude + np.finfo(problem.dtype).tiny


def _winograd(which: Pass, given: Operands, problem: Problem) -> tuple[np.ndarray, int]:
    """(the magnitudes that are added up, how many roundings each passes)."""
    x, kernel, bias, dy = given
    if which == "forward":
        return _convolved(x, kernel, problem) + bias, problem.channels + 53
    if which == "input_gradient":
        turned = turned_kernel(kernel, 1)
        return _convolved(dy, turned, turned_problem(problem)), problem.filters + 53
    patches = np.einsum("ai,npqijc,bj->npqabc", B, _patches(x, problem), B)
    down, across = patches.shape[1:3]
    whole = _extended(dy, (0, 4 * down - dy.shape[1], 0, 4 * across - dy.shape[2]))
    errors = whole.reshape(len(dy), down, 4, across, 4, -1).transpose(0, 1, 3, 2, 4, 5)
    errors = np.einsum("ia,npqijk,jb->npqabk", A, errors, A)
    sums = np.einsum("npqabc,npqabk->abck", patches, errors, optimize=True)
    return np.einsum("ai,abck,bj->ijck", G, sums, G), len(dy) * down * across + 60


def _convolved(x: np.ndarray, kernel: np.ndarray, problem: Problem) -> np.ndarray:
    patches = np.einsum("ai,npqijc,bj->npqabc", B, _patches(x, problem), B)
    weights = np.einsum("ai,ijck,bj->abck", G, kernel, G)
    products = np.einsum("npqabc,abck->npqabk", patches, weights, optimize=True)
    outputs = np.einsum("ia,npqabk,jb->npiqjk", A, products, A)
    n, down, _, across, _, filters = outputs.shape
    height, width = problem.windows.output_size
    return outputs.reshape(n, 4 * down, 4 * across, filters)[:, :height, :width]


def _patches(x: np.ndarray, problem: Problem) -> np.ndarray:
    """(N, down, across, 6, 6, C), over x with its padding and up to three pixels more."""
    top, bottom, left, right = problem.windows.pads
    height, width = problem.windows.output_size
    whole = _extended(x, (top, bottom + -height % 4, left, right + -width % 4))
    return sliding_window_view(whole, (6, 6), (1, 2))[:, ::4, ::4].transpose(0, 1, 2, 4, 5, 3)


def _extended(x: np.ndarray, pads: tuple[int, int, int, int]) -> np.ndarray:
    return np.pad(x, ((0, 0), pads[:2], pads[2:], (0, 0)))
