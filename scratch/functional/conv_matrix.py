"""A convolution as a matrix: source E, exercise 5-7; Dumoulin and Visin (2016), section 4.1."""

from __future__ import annotations

import numpy as np

from scratch.functional.padding import Padding, Size
from scratch.functional.windows import windows_over


def conv_matrix(
    kernel: np.ndarray,
    input_shape: tuple[int, int, int],
    strides: Size = (1, 1),
    padding: Padding = "valid",
) -> np.ndarray:
    """The matrix C of a convolution without bias: y = C x forward, dx = C^T dy backward.

    x and y are images (H, W, Cin) and (Ho, Wo, Cout) read off number by number, `x.ravel()`. A 3x3
    kernel on a 4x4 image gives 4 rows and 16 columns; most of a larger matrix is zeros.

    Args:
        kernel: (kh, kw, Cin, Cout).
        input_shape: (H, W, Cin).
        strides: Steps between windows, down and across.
        padding: "valid", "same" or (top, bottom, left, right).

    Returns:
        (Ho * Wo * Cout, H * W * Cin), of the kernel's dtype and free of arithmetic.

    Raises:
        ValueError: The kernel's channels are not the input's, or no window fits.
    """
    if kernel.ndim != 4 or len(input_shape) != 3 or kernel.shape[2] != input_shape[2]:
        raise ValueError(
            "conv_matrix takes a kernel (kh, kw, Cin, Cout) and an input_shape (H, W, Cin): "
            f"kernel {kernel.shape}, input_shape {input_shape}."
        )
    windows = windows_over(input_shape[:2], kernel.shape[:2], strides, padding)
    matrix = np.zeros((*windows.output_size, kernel.shape[3], *input_shape), kernel.dtype)
    (height, width), (ho, wo) = input_shape[:2], windows.output_size
    for i, j, (_, rows, columns), (_, in_rows, in_columns) in windows.cells():
        # Output (o, p) meets input (h, w) with this cell: index pairs, down and across.
        o, h = np.arange(ho)[rows, None], np.arange(height)[in_rows, None]
        p, w = np.arange(wo)[columns], np.arange(width)[in_columns]
        matrix[o, p, :, h, w, :] = kernel[i, j].T
    return matrix.reshape(ho * wo * kernel.shape[3], -1)
