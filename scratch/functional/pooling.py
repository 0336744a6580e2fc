"""Max, average and global average pooling of images (N, H, W, C).

Padding is never part of a window: windows at the border are smaller. Source A eq. (4) and (5),
source E; ties and counts as in TensorFlow.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.padding import Padding, Size
from scratch.functional.windows import Windows, windows_over


def max_pool2d(
    x: np.ndarray, pool_size: Size, strides: Size, padding: Padding
) -> tuple[np.ndarray, np.ndarray]:
    """Take the largest number of each window. Source A eq. (4).

    Args:
        x: (N, H, W, C).
        pool_size: The window, (height, width).
        strides: Steps between windows, down and across.
        padding: "valid", "same" or (top, bottom, left, right).

    Returns:
        y: (N, Ho, Wo, C). A NaN in the window makes the output NaN, as in `np.max`.
        argmax: (N, Ho, Wo, C), where in the window y came from: the row-major index of the first
            maximum (or of the first NaN).

    Raises:
        ValueError: No window fits, or a window could lie in the padding alone.
    """
    windows = _pool_windows(x.shape, pool_size, strides, padding)
    y = np.zeros((len(x), *windows.output_size, x.shape[3]), x.dtype)
    argmax = np.full(y.shape, -1, np.int32)
    for i, j, at_output, at_input in windows.cells():
        candidate, best, where = np.ascontiguousarray(x[at_input]), y[at_output], argmax[at_output]
        # "Not at most" lets a NaN win; nothing wins against a NaN.
        wins = (where < 0) | (~(candidate <= best) & (best == best))
        np.copyto(best, candidate, where=wins)
        where[wins] = i * pool_size[1] + j
    return y, argmax


def max_pool2d_backward(
    dy: np.ndarray,
    argmax: np.ndarray,
    input_size: Size,
    pool_size: Size,
    strides: Size,
    padding: Padding,
) -> np.ndarray:
    """dL/dx of `max_pool2d`: all of dy goes to the cell the maximum came from. Source A eq. (4).

    Args:
        dy: dL/dy, (N, Ho, Wo, C).
        argmax: As `max_pool2d` returned it.
        input_size: (H, W) of x.
        pool_size: As in `max_pool2d`.
        strides: As in `max_pool2d`.
        padding: As in `max_pool2d`.

    Returns:
        (N, H, W, C).
    """
    shape = (len(dy), *input_size, dy.shape[3])
    windows = _pool_windows(shape, pool_size, strides, padding)
    dx = np.zeros(shape, dy.dtype)
    for i, j, at_output, at_input in windows.cells():
        chosen = argmax[at_output] == i * pool_size[1] + j
        dx[at_input] += np.where(chosen, dy[at_output], 0)
    return dx


def average_pool2d(x: np.ndarray, pool_size: Size, strides: Size, padding: Padding) -> np.ndarray:
    """Average each window over its cells inside the image.

    Args:
        x: (N, H, W, C), of a float dtype.
        pool_size: The window, (height, width).
        strides: Steps between windows, down and across.
        padding: "valid", "same" or (top, bottom, left, right).

    Returns:
        (N, Ho, Wo, C).

    Raises:
        ValueError: No window fits, or a window could lie in the padding alone.
    """
    windows = _pool_windows(x.shape, pool_size, strides, padding)
    y = np.zeros((len(x), *windows.output_size, x.shape[3]), x.dtype)
    for _, _, at_output, at_input in windows.cells():
        y[at_output] += x[at_input]
    return y / _counts(windows, x.dtype)


def average_pool2d_backward(
    dy: np.ndarray, input_size: Size, pool_size: Size, strides: Size, padding: Padding
) -> np.ndarray:
    """dL/dx of `average_pool2d`: each window spreads dy evenly over its cells. Source A eq. (5).

    Args:
        dy: dL/dy, (N, Ho, Wo, C).
        input_size: (H, W) of x.
        pool_size: As in `average_pool2d`.
        strides: As in `average_pool2d`.
        padding: As in `average_pool2d`.

    Returns:
        (N, H, W, C).
    """
    shape = (len(dy), *input_size, dy.shape[3])
    windows = _pool_windows(shape, pool_size, strides, padding)
    share = dy / _counts(windows, dy.dtype)
    dx = np.zeros(shape, dy.dtype)
    for _, _, at_output, at_input in windows.cells():
        dx[at_input] += share[at_output]
    return dx


def global_average_pool2d(x: np.ndarray, keepdims: bool = False) -> np.ndarray:
    """Average each channel over the image: (N, H, W, C) -> (N, C), or (N, 1, 1, C)."""
    return x.mean(axis=(1, 2), keepdims=keepdims)


def global_average_pool2d_backward(
    dy: np.ndarray, input_size: Size, keepdims: bool = False
) -> np.ndarray:
    """dL/dx of `global_average_pool2d`: dy, spread evenly over the (H, W) of `input_size`."""
    per_channel = dy if keepdims else dy[:, None, None, :]
    height, width = input_size
    shape = (len(dy), height, width, dy.shape[-1])
    return np.broadcast_to(per_channel / (height * width), shape).copy()


def _counts(windows: Windows, dtype: np.dtype) -> np.ndarray:
    """How many cells of each window lie inside the image, (1, Ho, Wo, 1)."""
    counts = np.zeros((1, *windows.output_size, 1), dtype)
    for _, _, at_output, _ in windows.cells():
        counts[at_output] += 1
    return counts


def _pool_windows(
    shape: tuple[int, ...], pool_size: Size, strides: Size, padding: Padding
) -> Windows:
    if len(shape) != 4:
        raise ValueError(f"Pooling takes images (N, H, W, C), got shape {shape}.")
    windows = windows_over(shape[1:3], pool_size, strides, padding)
    top, bottom, left, right = windows.pads
    if max(top, bottom) >= pool_size[0] or max(left, right) >= pool_size[1]:
        raise ValueError(
            "Pooling needs pads smaller than its window: input "
            f"{shape[1]}x{shape[2]}, window {pool_size[0]}x{pool_size[1]}, strides {strides}, "
            f"pads (top, bottom, left, right) {windows.pads}."
        )
    return windows
