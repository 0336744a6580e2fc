"""Transposed convolution: the input gradient of a convolution, taken as a layer of its own.

Every pixel of x is spread over a window of y. The forward of one is the backward of the other, so
nothing is computed here that `conv` does not compute. Dumoulin and Visin (2016), chapter 4.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.conv import (
    conv2d,
    conv2d_input_gradient,
    conv2d_kernel_gradient,
)
from scratch.functional.padding import Padding, Size


def conv2d_transpose(
    x: np.ndarray,
    kernel: np.ndarray,
    output_size: Size,
    bias: np.ndarray | None = None,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
) -> np.ndarray:
    """Spread every pixel, mixed by the kernel, over the window that a convolution would see.

    Args:
        x: (N, H, W, Cin).
        kernel: (kh, kw, Cout, Cin).
        output_size: (Ho, Wo); several sizes belong to the same input when a stride is above 1.
        bias: (Cout,) or None.
        strides: Steps between windows in the output, down and across.
        padding: What a convolution from the output to the input would pad.
        dilation: Steps between the cells of a window, down and across.

    Returns:
        (N, Ho, Wo, Cout).

    Raises:
        ValueError: x is not what a convolution makes of an image of `output_size`.
    """
    y = conv2d_input_gradient(
        x, kernel, output_size, strides=strides, padding=padding, dilation=dilation
    )
    if bias is not None:
        y += bias
    return y


def conv2d_transpose_input_gradient(
    dy: np.ndarray,
    kernel: np.ndarray,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
) -> np.ndarray:
    """dL/dx (N, H, W, Cin) of `conv2d_transpose`: a convolution of dy (N, Ho, Wo, Cout)."""
    return conv2d(dy, kernel, strides=strides, padding=padding, dilation=dilation)


def conv2d_transpose_kernel_gradient(
    dy: np.ndarray,
    x: np.ndarray,
    kernel_size: Size,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
) -> np.ndarray:
    """dL/dkernel (kh, kw, Cout, Cin) of `conv2d_transpose`, with dy and x in exchanged roles."""
    return conv2d_kernel_gradient(
        x, dy, kernel_size, strides=strides, padding=padding, dilation=dilation
    )


def transposed_output_size(
    input_size: int,
    kernel_size: int,
    stride: int,
    padding: str,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int:
    """One side of the output, by TensorFlow's rule as Keras applies it.

    Args:
        input_size: One side of x.
        kernel_size: Cells of the kernel along it.
        stride: Steps between windows.
        padding: "valid" or "same".
        output_padding: Pixels added at the end; None chooses stride * input for "same", and for
            "valid" whatever the last window covers, at least a whole stride.
        dilation: Steps between cells.
    """
    span = (kernel_size - 1) * dilation + 1
    if padding == "same":
        if output_padding is None:
            return input_size * stride
        return (input_size - 1) * stride + span % 2 + output_padding
    extra = max(stride - span, 0) if output_padding is None else output_padding
    return (input_size - 1) * stride + span + extra
