"""Depthwise convolution: every channel has kernels of its own, and channels are not mixed.

There is no matrix product in it, only sums over the kernel's cells of a shifted image times a
number for each channel. A row of pixels with their channels is one long run of memory, in the image
and in every shift of it, so that such a sum is one contraction over views. Strides are taken out
before (`polyphase`), for they would cut the runs short.

The batch is worked through in blocks of images that fit in the cache, on all cores.
"""

from __future__ import annotations

from functools import reduce
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import as_strided

from scratch.functional.padding import Padding, Size, pad2d
from scratch.functional.polyphase import CellClass, cell_classes, met_pixels
from scratch.functional.threads import in_threads, slices, sum_in_threads
from scratch.functional.windows import Windows, windows_over

_BLOCK_BYTES = 2**20


def depthwise_conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
) -> np.ndarray:
    """Convolve each channel with its own kernels. Chollet (2017), "Xception", section 1.

    Args:
        x: (N, H, W, C).
        kernel: (kh, kw, C, M), M kernels for each channel.
        bias: (C * M,) or None.
        strides: Steps between windows, down and across.
        padding: "valid", "same" or (top, bottom, left, right).
        dilation: Steps between the cells of a window, down and across.

    Returns:
        (N, Ho, Wo, C * M), the M outputs of a channel side by side.

    Raises:
        ValueError: Ranks, channels or sizes do not fit together.
    """
    if x.ndim != 4 or kernel.ndim != 4 or x.shape[3] != kernel.shape[2]:
        raise ValueError(
            "depthwise_conv2d takes x (N, H, W, C) and kernel (kh, kw, C, M): "
            f"x {x.shape}, kernel {kernel.shape}."
        )
    windows = windows_over(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    wide, multiplier = _wide(kernel), kernel.shape[3]
    y = np.empty((len(x), *windows.output_size, wide.shape[2]), np.result_type(x, kernel))

    def of_block(images: slice) -> None:
        seen = _repeated(x[images], multiplier)
        sums = (
            _correlate(
                met_pixels(seen, rows, columns, windows.output_size),
                wide[rows.cells, columns.cells],
                (rows.offset, columns.offset),
                (rows.step, columns.step),
                windows.output_size,
            )
            for rows, columns in _parts(windows)
        )
        y[images] = reduce(np.add, sums)
        if bias is not None:
            y[images] += bias

    in_threads(of_block, _blocks(x, multiplier))
    return y


def depthwise_conv2d_input_gradient(
    dy: np.ndarray,
    kernel: np.ndarray,
    input_size: Size,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
) -> np.ndarray:
    """dL/dx of `depthwise_conv2d`. Source A eq. (1), a channel at a time.

    The pixels that a class of cells meets get dy convolved with these cells, turned by 180 degrees.

    Args:
        dy: dL/dy, (N, Ho, Wo, C * M).
        kernel: (kh, kw, C, M).
        input_size: (H, W) of x, which strides do not let one infer.
        strides: As in `depthwise_conv2d`.
        padding: As in `depthwise_conv2d`.
        dilation: As in `depthwise_conv2d`.

    Returns:
        (N, H, W, C), zero where no window reached.

    Raises:
        ValueError: dy is not the shape that `depthwise_conv2d` gives.
    """
    windows = windows_over(input_size, kernel.shape[:2], strides, padding, dilation)
    wide, (channels, multiplier) = _wide(kernel), kernel.shape[2:]
    windows.check_gradient(dy, wide.shape[2])
    parts = _parts(windows)
    above, left = (max(part[side].end for part in parts) for side in (0, 1))
    below, right = (
        max(0, *(part[side].pixels.stop - windows.output_size[side] for part in parts))
        for side in (0, 1)
    )
    dx = np.zeros((len(dy), *input_size, channels), np.result_type(dy, kernel))

    def of_block(images: slice) -> None:
        padded = np.ascontiguousarray(pad2d(dy[images], (above, below, left, right)))
        for rows, columns in parts:
            sent = _correlate(
                padded,
                wide[rows.cells, columns.cells][::-1, ::-1],
                (rows.pixels.start + above - rows.end, columns.pixels.start + left - columns.end),
                (rows.step, columns.step),
                (len(rows.pixels), len(columns.pixels)),
            )
            dx[images, rows.image, columns.image] = _added(sent, multiplier)

    in_threads(of_block, _blocks(dy))
    return dx


def depthwise_conv2d_kernel_gradient(
    dy: np.ndarray,
    x: np.ndarray,
    kernel_size: Size,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
) -> np.ndarray:
    """dL/dkernel of `depthwise_conv2d`: shifted images times dy. Source A eq. (2), by channels.

    Args:
        dy: dL/dy, (N, Ho, Wo, C * M).
        x: (N, H, W, C).
        kernel_size: (kh, kw).
        strides: As in `depthwise_conv2d`.
        padding: As in `depthwise_conv2d`.
        dilation: As in `depthwise_conv2d`.

    Returns:
        (kh, kw, C, M).

    Raises:
        ValueError: dy is not the shape that `depthwise_conv2d` gives.
    """
    windows = windows_over(x.shape[1:3], kernel_size, strides, padding, dilation)
    channels, outputs = x.shape[3], dy.shape[-1]
    multiplier = outputs // channels
    windows.check_gradient(dy, channels * max(multiplier, 1))
    height, width = windows.output_size

    def of_block(images: slice) -> np.ndarray:
        gradient = np.zeros((*kernel_size, outputs), np.result_type(dy, x))
        seen = _repeated(x[images], multiplier)
        runs = dy[images].reshape(-1, height, width * outputs)
        for rows, columns in _parts(windows):
            part = gradient[rows.cells, columns.cells]
            shifted = _shifted(
                met_pixels(seen, rows, columns, windows.output_size),
                part.shape[:2],
                (rows.offset, columns.offset),
                (rows.step, columns.step),
                (height, width),
            )
            products = np.einsum("nijhr,nhr->ijr", shifted, runs)
            part += products.reshape(*part.shape[:2], width, outputs).sum(axis=2)
        return gradient

    gradient = sum_in_threads(of_block, _blocks(x, multiplier))
    return gradient.reshape(*kernel_size, channels, multiplier)


def _parts(windows: Windows) -> list[tuple[CellClass, CellClass]]:
    """Every class of rows with every class of columns."""
    return list(product(cell_classes(windows, 0), cell_classes(windows, 1)))


def _correlate(
    image: np.ndarray, kernel: np.ndarray, first: Size, steps: Size, size: Size
) -> np.ndarray:
    """Convolve (N, H, W, C) with (kh, kw, C), stride 1, windows from `first`: (N, *size, C)."""
    shifted = _shifted(image, kernel.shape[:2], first, steps, size)
    runs = np.einsum("nijhr,ijr->nhr", shifted, np.tile(kernel, size[1]))
    return runs.reshape(len(image), *size, kernel.shape[2])


def _shifted(
    image: np.ndarray, cells: tuple[int, ...], first: Size, steps: Size, size: Size
) -> np.ndarray:
    """Shifts of contiguous images (N, H, W, C) as runs of pixels: (N, *cells, h, w * C), a view."""
    start = image[:, first[0] :, first[1] :]
    of_image, of_row, of_pixel, of_channel = start.strides
    return as_strided(
        start,
        (len(image), *cells, size[0], size[1] * image.shape[3]),
        (of_image, steps[0] * of_row, steps[1] * of_pixel, of_row, of_channel),
        writeable=False,
    )


def _wide(kernel: np.ndarray) -> np.ndarray:
    """(kh, kw, C, M) -> (kh, kw, C * M)."""
    return kernel.reshape(*kernel.shape[:2], -1)


def _repeated(x: np.ndarray, multiplier: int) -> np.ndarray:
    """(N, H, W, C) -> (N, H, W, C * M): what each of a channel's M kernels sees."""
    return x if multiplier == 1 else np.repeat(x, multiplier, axis=3)


def _added(wide: np.ndarray, multiplier: int) -> np.ndarray:
    """(N, H, W, C * M) -> (N, H, W, C), the backward of `_repeated`."""
    if multiplier == 1:
        return wide
    channels = wide.shape[3] // multiplier
    return wide.reshape(*wide.shape[:3], channels, multiplier).sum(axis=4)


def _blocks(x: np.ndarray, multiplier: int = 1) -> list[slice]:
    """Slices of the batch x of about `_BLOCK_BYTES`, at least one image each; one if x is empty."""
    step = max(1, _BLOCK_BYTES // max(1, x[:1].nbytes * multiplier))
    return slices(len(x), step) or [slice(0)]
