"""Windows as rows of a matrix, and a kernel as the matrix that they are multiplied with."""

from __future__ import annotations

import numpy as np

from scratch.functional.windows import Windows


def im2col(x: np.ndarray, windows: Windows, groups: int = 1) -> np.ndarray:
    """Unroll every window into a row: (N, H, W, C) -> (groups, N * Ho * Wo, kh * kw * C / groups).

    A 1x1 window at stride 1 is the pixel itself: one group is then a view of x. Source E.
    """
    view = windows.view(x)
    n, height, width, kh, kw, channels = view.shape
    split = view.reshape(n, height, width, kh, kw, groups, channels // groups)
    rows, length = n * height * width, kh * kw * channels // groups
    return split.transpose(5, 0, 1, 2, 3, 4, 6).reshape(groups, rows, length)


def kernel_matrix(kernel: np.ndarray, groups: int = 1) -> np.ndarray:
    """(kh, kw, Cin/g, Cout) -> (g, kh * kw * Cin/g, Cout/g), the right factor of `im2col`."""
    return kernel.reshape(-1, groups, kernel.shape[3] // groups).transpose(1, 0, 2)


def kernel_of_matrix(matrix: np.ndarray, kernel_shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of `kernel_matrix`."""
    return matrix.transpose(1, 0, 2).reshape(kernel_shape)


def by_group(dy: np.ndarray, groups: int = 1) -> np.ndarray:
    """(N, Ho, Wo, Cout) -> (g, N * Ho * Wo, Cout/g), a view if dy is contiguous."""
    return dy.reshape(-1, groups, dy.shape[3] // groups).transpose(1, 0, 2)
