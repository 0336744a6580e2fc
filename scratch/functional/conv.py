"""2-D convolution (cross-correlation, as in every framework) by im2col and matrix products.

Images are (N, H, W, C), kernels (kh, kw, Cin / groups, Cout). Group g of the output channels sees
group g of the input channels only; groups are contiguous.

The batch is worked through in blocks of images whose intermediate results fit in the cache:
writing the unrolled windows of a whole batch to memory costs more than multiplying them. Groups of
one channel each are left to `depthwise`, which is faster for them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratch.functional.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_kernel_gradient,
)
from scratch.functional.padding import Padding, Size
from scratch.functional.sums import sum_to_channels
from scratch.functional.windows import Windows, windows_over

_BLOCK_BYTES = 2**21


def conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
    groups: int = 1,
) -> np.ndarray:
    """Convolve images with a kernel. Source A `conv_forward`; Goodfellow et al. (2016), eq. 9.7.

    Args:
        x: (N, H, W, Cin).
        kernel: (kh, kw, Cin / groups, Cout).
        bias: (Cout,) or None.
        strides: Steps between windows, down and across.
        padding: "valid", "same" or (top, bottom, left, right).
        dilation: Steps between the cells of a window, down and across.
        groups: Into how many independent groups the channels fall.

    Returns:
        (N, Ho, Wo, Cout).

    Raises:
        ValueError: Ranks, channels, groups or sizes do not fit together.
    """
    _check_operands(x, kernel, bias, groups)
    if _is_depthwise(kernel.shape[2], groups):
        apart = _apart(kernel, groups)
        return depthwise_conv2d(x, apart, bias, strides=strides, padding=padding, dilation=dilation)
    windows = windows_over(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    channels = kernel.shape[3]
    matrix = _kernel_matrix(kernel, groups)
    y = np.empty((len(x), *windows.output_size, channels), np.result_type(x, kernel))
    for images in _blocks(x, windows, matrix.shape[1] * groups):
        product = im2col(x[images], windows, groups) @ matrix  # (groups, M, Cout / groups)
        y[images] = product.transpose(1, 0, 2).reshape(y[images].shape)
    if bias is not None:
        y += bias
    return y


def conv2d_input_gradient(
    dy: np.ndarray,
    kernel: np.ndarray,
    input_size: Size,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
    groups: int = 1,
) -> np.ndarray:
    """dL/dx of `conv2d`. Source A eq. (1), source E (the transposed convolution, exercise 5-7).

    Each cell of the kernel sends dy, mixed by that cell's weights, back to the inputs it met.

    Args:
        dy: dL/dy, (N, Ho, Wo, Cout).
        kernel: (kh, kw, Cin / groups, Cout).
        input_size: (H, W) of x, which strides do not let one infer.
        strides: As in `conv2d`.
        padding: As in `conv2d`.
        dilation: As in `conv2d`.
        groups: As in `conv2d`.

    Returns:
        (N, H, W, Cin), zero where no window reached.

    Raises:
        ValueError: dy is not the shape that `conv2d` gives.
    """
    kh, kw, channels_per_group, outputs = kernel.shape
    windows = windows_over(input_size, (kh, kw), strides, padding, dilation)
    windows.check_gradient(dy, outputs)
    if _is_depthwise(channels_per_group, groups):
        apart = _apart(kernel, groups)
        return depthwise_conv2d_input_gradient(
            dy, apart, input_size, strides=strides, padding=padding, dilation=dilation
        )
    channels = channels_per_group * groups
    # (kh, kw, Cin/g, g, Cout/g) -> (kh, kw, g, Cout/g, Cin/g)
    weights = kernel.reshape(kh, kw, channels_per_group, groups, -1).transpose(0, 1, 3, 4, 2)
    dx = np.zeros((len(dy), *input_size, channels), np.result_type(dy, kernel))
    for images in _blocks(dx, windows, channels):
        part = dx[images]
        rows = _by_group(dy[images], groups)  # (g, M, Cout/g)
        for i, j, at_output, at_input in windows.cells():
            sent = (rows @ weights[i, j]).transpose(1, 0, 2)  # (M, g, Cin/g)
            part[at_input] += sent.reshape(-1, *windows.output_size, channels)[at_output]
    return dx


def conv2d_kernel_gradient(
    dy: np.ndarray,
    x: np.ndarray,
    kernel_size: Size,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
    groups: int = 1,
) -> np.ndarray:
    """dL/dkernel of `conv2d`: windows, transposed, times dy. Source A eq. (2), source C.

    Args:
        dy: dL/dy, (N, Ho, Wo, Cout).
        x: (N, H, W, Cin).
        kernel_size: (kh, kw).
        strides: As in `conv2d`.
        padding: As in `conv2d`.
        dilation: As in `conv2d`.
        groups: As in `conv2d`.

    Returns:
        (kh, kw, Cin / groups, Cout).

    Raises:
        ValueError: dy is not the shape that `conv2d` gives.
    """
    channels, outputs = x.shape[3], dy.shape[3]
    windows = windows_over(x.shape[1:3], kernel_size, strides, padding, dilation)
    windows.check_gradient(dy, outputs)
    if _is_depthwise(channels // groups, groups):
        apart = depthwise_conv2d_kernel_gradient(
            dy, x, kernel_size, strides=strides, padding=padding, dilation=dilation
        )
        return apart.reshape(*kernel_size, 1, outputs)
    rows = kernel_size[0] * kernel_size[1] * channels // groups
    matrix = np.zeros((groups, rows, outputs // groups), np.result_type(dy, x))
    for images in _blocks(x, windows, rows * groups):
        columns = im2col(x[images], windows, groups)
        matrix += columns.transpose(0, 2, 1) @ _by_group(dy[images], groups)
    return matrix.transpose(1, 0, 2).reshape(*kernel_size, channels // groups, outputs)


def conv2d_bias_gradient(dy: np.ndarray) -> np.ndarray:
    """dL/dbias of `conv2d`: dy (N, Ho, Wo, Cout) summed to (Cout,). Source A eq. (3)."""
    return sum_to_channels(dy)


def im2col(x: np.ndarray, windows: Windows, groups: int = 1) -> np.ndarray:
    """Unroll every window into a row: (N, H, W, C) -> (groups, N * Ho * Wo, kh * kw * C / groups).

    A 1x1 window at stride 1 is the pixel itself: one group is then a view of x. Source E.
    """
    view = windows.view(x)
    n, height, width, kh, kw, channels = view.shape
    split = view.reshape(n, height, width, kh, kw, groups, channels // groups)
    rows, length = n * height * width, kh * kw * channels // groups
    return split.transpose(5, 0, 1, 2, 3, 4, 6).reshape(groups, rows, length)


def _is_depthwise(channels_per_group: int, groups: int) -> bool:
    return channels_per_group == 1 and groups > 1


def _apart(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(kh, kw, 1, Cout) -> (kh, kw, Cin, Cout / Cin), as depthwise convolution has its kernel."""
    return kernel.reshape(*kernel.shape[:2], groups, -1)


def _kernel_matrix(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(kh, kw, Cin/g, Cout) -> (g, kh * kw * Cin/g, Cout/g), the right factor of `im2col`."""
    return kernel.reshape(-1, groups, kernel.shape[3] // groups).transpose(1, 0, 2)


def _by_group(dy: np.ndarray, groups: int) -> np.ndarray:
    """(N, Ho, Wo, Cout) -> (g, N * Ho * Wo, Cout/g), a view if dy is contiguous."""
    return dy.reshape(-1, groups, dy.shape[3] // groups).transpose(1, 0, 2)


def _blocks(x: np.ndarray, windows: Windows, row_length: int) -> Iterator[slice]:
    """Slices of the batch x, at least one image each, for work that keeps a row per window.

    A block's rows, of `row_length` numbers, take about `_BLOCK_BYTES`.
    """
    image = windows.output_size[0] * windows.output_size[1] * row_length * x.itemsize
    step = max(1, _BLOCK_BYTES // image)
    return (slice(start, start + step) for start in range(0, len(x), step))


def _check_operands(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None, groups: int
) -> None:
    given = f"x {x.shape}, kernel {kernel.shape}, groups {groups}"
    if x.ndim != 4 or kernel.ndim != 4:
        raise ValueError(
            f"conv2d takes x (N, H, W, Cin) and kernel (kh, kw, Cin / groups, Cout): {given}."
        )
    if groups < 1 or x.shape[3] % groups or kernel.shape[3] % groups:
        raise ValueError(f"conv2d's groups must divide input and output channels: {given}.")
    if kernel.shape[2] * groups != x.shape[3]:
        raise ValueError(
            f"conv2d's kernel must have Cin / groups = {x.shape[3] // groups} "
            f"input channels (axis 2): {given}."
        )
    if bias is not None and bias.shape != kernel.shape[3:]:
        raise ValueError(f"conv2d's bias must be ({kernel.shape[3]},): bias {bias.shape}, {given}.")
