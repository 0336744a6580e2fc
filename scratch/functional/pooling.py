"""Max and average pooling of images (N, H, W, C).

Padding is never part of a window: windows at the border are smaller. Source A eq. (4) and (5),
source E; ties and counts as in TensorFlow.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.max_pooling_gradient import find_maxima, goes_by_columns, send_to_maximum
from scratch.functional.padding import Padding, Size
from scratch.functional.pooling_rows import fold, index_dtype, send_to_all, send_to_one
from scratch.functional.threads import in_threads, slices
from scratch.functional.windows import Windows, windows_over

_TILE_BYTES = 2**22
"""Of images in a tile: each of NumPy's calls on it takes far longer than the call's overhead."""
_COLUMNS_BYTES = 2**20
"""The same where a gradient goes by columns, which takes several times as much on the way."""

_SMALL_BYTES = 2**20
"""What is not worth waking a thread for."""


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
    y = max_pool2d_output(x, pool_size, strides, padding)
    return y, max_pool2d_argmax(x, y, pool_size, strides, padding)


def max_pool2d_output(
    x: np.ndarray, pool_size: Size, strides: Size, padding: Padding
) -> np.ndarray:
    """The y of `max_pool2d` alone."""
    windows = pool_windows(x.shape, pool_size, strides, padding)
    lowest = -np.inf if np.issubdtype(x.dtype, np.inexact) else np.iinfo(x.dtype).min
    return _folded(np.maximum, lowest, x, windows)


def max_pool2d_argmax(
    x: np.ndarray, y: np.ndarray, pool_size: Size, strides: Size, padding: Padding
) -> np.ndarray:
    """The argmax of `max_pool2d`, given its y."""
    windows = pool_windows(x.shape, pool_size, strides, padding)
    argmax = np.empty(y.shape, index_dtype(windows))
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)

    def work(images: slice) -> None:
        find_maxima(x[images], y[images], windows, argmax[images])

    in_threads(work, _tiles(x))
    return argmax


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
    windows = pool_windows(shape, pool_size, strides, padding)
    dx = np.empty(shape, dy.dtype)
    dy, argmax = np.ascontiguousarray(dy), np.ascontiguousarray(argmax)

    def work(images: slice) -> None:
        send_to_one(dy[images], argmax[images], windows, dx[images])

    in_threads(work, _tiles(dx))
    return dx


def max_pool2d_input_gradient(
    dy: np.ndarray, x: np.ndarray, y: np.ndarray, pool_size: Size, strides: Size, padding: Padding
) -> np.ndarray:
    """As `max_pool2d_backward`, from x and y instead of argmax, which mostly is not needed.

    Args:
        dy: dL/dy, (N, Ho, Wo, C).
        x: What `max_pool2d` was given, of a float dtype.
        y: What it returned.
        pool_size: As in `max_pool2d`.
        strides: As in `max_pool2d`.
        padding: As in `max_pool2d`.

    Returns:
        (N, H, W, C).
    """
    windows = pool_windows(x.shape, pool_size, strides, padding)
    dx = np.empty(x.shape, dy.dtype)
    dy, x, y = map(np.ascontiguousarray, (dy, x, y))

    def work(images: slice) -> None:
        send_to_maximum(dy[images], x[images], y[images], windows, dx[images])

    in_threads(work, _tiles(x, _COLUMNS_BYTES if goes_by_columns(windows) else _TILE_BYTES))
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
    windows = pool_windows(x.shape, pool_size, strides, padding)
    y = _folded(np.add, 0, x, windows)
    y /= _counts(windows, x.dtype)
    return y


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
    windows = pool_windows(shape, pool_size, strides, padding)
    share = np.divide(dy, _counts(windows, dy.dtype), order="C")
    dx = np.empty(shape, dy.dtype)

    def work(images: slice) -> None:
        send_to_all(share[images], windows, dx[images])

    in_threads(work, _tiles(dx))
    return dx


def _folded(combine: np.ufunc, start: float, x: np.ndarray, windows: Windows) -> np.ndarray:
    """`fold`, by tiles."""
    y = np.empty((len(x), *windows.output_size, x.shape[3]), x.dtype)
    x = np.ascontiguousarray(x)

    def work(images: slice) -> None:
        fold(combine, start, x[images], windows, y[images])

    in_threads(work, _tiles(x))
    return y


def _tiles(x: np.ndarray, tile_bytes: int = _TILE_BYTES) -> list[slice]:
    """Slices of the batch x: two at least, unless they would be small; at least an image each."""
    half = max(x.nbytes // 2, _SMALL_BYTES)
    return slices(len(x), max(1, min(half, tile_bytes) // max(1, x[:1].nbytes)))


def _counts(windows: Windows, dtype: np.dtype) -> np.ndarray:
    """How many cells of each window lie inside the image, (1, Ho, Wo, 1)."""
    counts = np.zeros((1, *windows.output_size, 1), dtype)
    for _, _, at_output, _ in windows.cells():
        counts[at_output] += 1
    return counts


def pool_windows(
    shape: tuple[int, ...], pool_size: Size, strides: Size, padding: Padding
) -> Windows:
    """Lay the windows of a pooling over images of a shape (N, H, W, C).

    Raises:
        ValueError: No window fits, or a window could lie in the padding alone.
    """
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
