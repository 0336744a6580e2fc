"""A convolution's passes on two rungs between the loops and im2col, in any dtype.

The second of them in float64 is what the errors of all others are measured by.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.speed.convolution import Convolution, Tensors

Found = dict[str, np.ndarray]
"""What passes came to, by pass."""


def window_forward(case: Convolution, tensors: Tensors) -> Found:
    """One product for each window: all its output channels at once."""
    padded, kernel = _padded(case, tensors.x), tensors.kernel
    y = np.empty(tensors.dy.shape, tensors.x.dtype)
    for image, row, column, rows, columns in _windows(case, y.shape):
        window = padded[image, rows, columns].reshape(-1)
        y[image, row, column] = window @ kernel.reshape(len(window), -1)
    return {"forward": _plus_bias(y, tensors)}


def window_backward(case: Convolution, tensors: Tensors) -> Found:
    """Two products for each window: where its input was, and with its input."""
    padded, kernel, dy = _padded(case, tensors.x), tensors.kernel, tensors.dy
    dx, dk = np.zeros_like(padded), np.zeros_like(kernel)
    matrix, sums = kernel.reshape(-1, case.filters), dk.reshape(-1, case.filters)
    for image, row, column, rows, columns in _windows(case, dy.shape):
        upstream = dy[image, row, column]
        dx[image, rows, columns] += (matrix @ upstream).reshape(kernel.shape[:3])
        sums += np.outer(padded[image, rows, columns], upstream)
    return {"input_gradient": _cropped(case, dx), "kernel_gradient": dk}


def cell_forward(case: Convolution, tensors: Tensors) -> Found:
    """One product for each cell of the kernel: the whole batch, shifted, times its weights."""
    padded = _padded(case, tensors.x)
    y = sum(padded[met] @ tensors.kernel[cell] for cell, met in _cells(case))
    return {"forward": _plus_bias(np.asarray(y), tensors)}


def cell_backward(case: Convolution, tensors: Tensors) -> Found:
    """Two products for each cell of the kernel."""
    padded, dy = _padded(case, tensors.x), tensors.dy
    dx, dk = np.zeros_like(padded), np.zeros_like(tensors.kernel)
    for cell, met in _cells(case):
        dx[met] += dy @ tensors.kernel[cell].T
        dk[cell] = np.tensordot(padded[met], dy, axes=((0, 1, 2), (0, 1, 2)))
    return {"input_gradient": _cropped(case, dx), "kernel_gradient": dk}


def _windows(
    case: Convolution, shape: tuple[int, ...]
) -> Iterator[tuple[int, int, int, slice, slice]]:
    """Every output's place, and which part of the padded image it sees."""
    (down, across), (kh, kw) = case.strides, case.kernel_size
    for image, row, column in np.ndindex(shape[:3]):
        top, left = row * down, column * across
        yield image, row, column, slice(top, top + kh), slice(left, left + kw)


def _cells(case: Convolution) -> Iterator[tuple[tuple[int, int], tuple[slice, slice, slice]]]:
    """Every cell of the kernel, and the pixels of padded images that it meets."""
    height, width = case.problem.windows.output_size
    down, across = case.strides
    for i, j in np.ndindex(case.kernel_size):
        rows = slice(i, i + down * (height - 1) + 1, down)
        columns = slice(j, j + across * (width - 1) + 1, across)
        yield (i, j), (slice(None), rows, columns)


def _padded(case: Convolution, x: np.ndarray) -> np.ndarray:
    top, bottom, left, right = case.problem.windows.pads
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))


def _cropped(case: Convolution, padded: np.ndarray) -> np.ndarray:
    top, _, left, _ = case.problem.windows.pads
    height, width = case.size
    return padded[:, top : top + height, left : left + width]


def _plus_bias(y: np.ndarray, tensors: Tensors) -> np.ndarray:
    return y if tensors.bias is None else y + tensors.bias
