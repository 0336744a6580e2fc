"""Convolution, activation and pooling of one image (C, H, W) in plain loops: source D.

The functions are the source's, but for three things. The kernel is an argument: the source draws
one in every call, so that no call can be repeated and nothing learnt. Pooling moves by its stride,
not by its size. And its output has as many channels as its input, not as many as rows.
"""

from __future__ import annotations

import numpy as np

from scratch.reference.geometry import output_size


def random_kernel(
    in_channels: int, out_channels: int, kernel_size: int, rng: np.random.Generator
) -> np.ndarray:
    """Standard normal numbers, (out_channels, in_channels, kernel_size, kernel_size)."""
    return rng.standard_normal((out_channels, in_channels, kernel_size, kernel_size))


def convolution(
    input: np.ndarray,  # noqa: A002 - the source's name
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int,
    kernel: np.ndarray,
) -> np.ndarray:
    """Cross-correlate an image with a kernel, P = (K - 1) / 2 zeros on every side.

    Args:
        input: (in_channels, H, W).
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: K, odd, so that P is a whole number.
        stride: Steps between windows, down and across.
        kernel: (out_channels, in_channels, K, K); `random_kernel` draws one.

    Returns:
        (out_channels, floor((H - 1) / stride) + 1, floor((W - 1) / stride) + 1).

    Raises:
        ValueError: K is even, or shapes and numbers do not fit one another.
    """
    if kernel_size % 2 == 0:
        raise ValueError(
            f"kernel_size must be odd, so that (K - 1) / 2 is a whole number, got {kernel_size}."
        )
    expected = (out_channels, in_channels, kernel_size, kernel_size)
    if input.ndim != 3 or len(input) != in_channels or kernel.shape != expected:
        raise ValueError(
            f"convolution needs input ({in_channels}, H, W) and kernel {expected}: "
            f"input {input.shape}, kernel {kernel.shape}."
        )
    pad = (kernel_size - 1) // 2
    height, width = (output_size(n, kernel_size, stride, pad) for n in input.shape[1:])
    padded = np.pad(input, ((0, 0), (pad, pad), (pad, pad)))
    output = np.zeros((out_channels, height, width), np.result_type(input, kernel))
    for c, h, w in np.ndindex(output.shape):
        top, left = h * stride, w * stride
        window = padded[:, top : top + kernel_size, left : left + kernel_size]
        output[c, h, w] = np.sum(window * kernel[c])
    return output


def relu(input: np.ndarray) -> np.ndarray:  # noqa: A002 - the source's name
    """max(x, 0), number by number, of an image (C, H, W)."""
    output = input.copy()
    for place in np.ndindex(input.shape):
        if input[place] < 0:
            output[place] = 0
    return output


def pooling(input: np.ndarray, size: int, stride: int) -> np.ndarray:  # noqa: A002
    """Take the maximum of every window of every channel.

    Args:
        input: (C, H, W).
        size: Rows and columns of a window.
        stride: Steps between windows, down and across.

    Returns:
        (C, floor((H - size) / stride) + 1, floor((W - size) / stride) + 1).

    Raises:
        ValueError: The input is no image, or no window fits.
    """
    if input.ndim != 3:
        raise ValueError(f"pooling needs an image (C, H, W), got shape {input.shape}.")
    channels, *sides = input.shape
    height, width = (output_size(n, size, stride) for n in sides)
    output = np.zeros((channels, height, width), input.dtype)
    for c, h, w in np.ndindex(output.shape):
        top, left = h * stride, w * stride
        output[c, h, w] = input[c, top : top + size, left : left + size].max()
    return output
