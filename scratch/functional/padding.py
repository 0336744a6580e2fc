"""Padding as four numbers, and the sizes that follow from it.

Sizes are derived as in Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep
learning"; `same` follows TensorFlow's rule.
"""

from __future__ import annotations

import numpy as np

Size = tuple[int, int]
Pads = tuple[int, int, int, int]
Padding = str | Pads


def resolve_padding(
    padding: Padding, input_size: Size, kernel_size: Size, strides: Size, dilation: Size = (1, 1)
) -> Pads:
    """Turn "valid", "same" or four numbers into (top, bottom, left, right).

    `same` keeps ceil(input / stride) outputs. It depends on the stride, and an odd pixel goes to
    the bottom or the right.

    Raises:
        ValueError: `padding` is none of the three forms.
    """
    if padding == "valid":
        return (0, 0, 0, 0)
    if padding == "same":
        top, bottom = _same_pads(input_size[0], kernel_size[0], strides[0], dilation[0])
        left, right = _same_pads(input_size[1], kernel_size[1], strides[1], dilation[1])
        return (top, bottom, left, right)
    if not isinstance(padding, tuple) or len(padding) != 4 or min(padding) < 0:
        raise ValueError(
            'padding must be "valid", "same" or four numbers >= 0 (top, bottom, left, right), '
            f"got {padding!r}."
        )
    return padding


def _same_pads(size: int, kernel: int, stride: int, dilation: int) -> Size:
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def output_size(
    input_size: Size, kernel_size: Size, strides: Size, pads: Pads, dilation: Size = (1, 1)
) -> Size:
    """Count the windows: floor((n + pads - dilation (k - 1) - 1) / stride) + 1 along each side.

    Raises:
        ValueError: No window fits, or a kernel size, stride or dilation is not positive.
    """
    shape = (
        f"input {input_size[0]}x{input_size[1]}, kernel {kernel_size[0]}x{kernel_size[1]}, "
        f"strides {strides}, pads (top, bottom, left, right) {pads}, dilation {dilation}"
    )
    if min(*kernel_size, *strides, *dilation) < 1:
        raise ValueError(f"Kernel size, strides and dilation must be at least 1: {shape}.")
    top, bottom, left, right = pads
    spans = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    height = (input_size[0] + top + bottom - spans[0]) // strides[0] + 1
    width = (input_size[1] + left + right - spans[1]) // strides[1] + 1
    if min(height, width) < 1:
        raise ValueError(f"The kernel is larger than its padded input, no output is left: {shape}.")
    return height, width


def pad2d(x: np.ndarray, pads: Pads, value: float = 0.0) -> np.ndarray:
    """Surround every image with `value`. Source A, `zero_pad`.

    Args:
        x: (N, H, W, C).
        pads: (top, bottom, left, right).
        value: What the border holds.

    Returns:
        (N, top + H + bottom, left + W + right, C); `x` itself where nothing is padded.
    """
    if not any(pads):
        return x
    top, bottom, left, right = pads
    n, height, width, channels = x.shape
    y = np.full((n, top + height + bottom, left + width + right, channels), value, dtype=x.dtype)
    y[:, top : top + height, left : left + width] = x
    return y


def pad2d_backward(dy: np.ndarray, pads: Pads) -> np.ndarray:
    """Cut the border off again; the result (N, H, W, C) is a view of dy."""
    return crop2d(dy, pads)


def crop2d(x: np.ndarray, crops: Pads) -> np.ndarray:
    """Cut rows and columns off every image.

    Args:
        x: (N, H, W, C).
        crops: How many at (top, bottom, left, right).

    Returns:
        (N, H - top - bottom, W - left - right, C), a view of x.
    """
    top, bottom, left, right = crops
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def crop2d_backward(dy: np.ndarray, crops: Pads) -> np.ndarray:
    """dL/dx of `crop2d`: zero where x was cut off."""
    return pad2d(dy, crops)
