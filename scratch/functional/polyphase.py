"""Convolutions that move by more than one pixel, as sums of convolutions that move by one.

Where windows move by two pixels, some cells of a window always meet even rows and the others odd
rows. Each such class of cells is, by itself, a convolution that moves by one over the rows that it
meets: a polyphase decomposition (Vaidyanathan 1993, "Multirate systems and filter banks", 4.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scratch.functional.padding import Size
from scratch.functional.windows import Windows


@dataclass(frozen=True)
class CellClass:
    """Along one side of a window, the cells that meet the same pixels modulo the stride.

    Of these pixels, counted from 0 in the padded image, cell t of the class meets in window o
    number o + offset + t * step.

    Attributes:
        cells: Which of the window's cells they are.
        offset: See above.
        step: See above.
        end: offset + t * step for the last t.
        pixels: The numbers of the pixels that are not padding.
        image: Those pixels in the image without its padding.
    """

    cells: slice
    offset: int
    step: int
    end: int
    pixels: range
    image: slice


def cell_classes(windows: Windows, side: int) -> list[CellClass]:
    """The classes of cells along one side: one, where the stride is 1."""
    size, stride, dilation = (
        values[side] for values in (windows.kernel_size, windows.strides, windows.dilation)
    )
    pad, length = windows.pads[2 * side], windows.input_size[side]
    common = math.gcd(stride, dilation)
    period, step = stride // common, dilation // common
    classes = []
    for first in range(min(period, size)):
        offset, residue = divmod(first * dilation, stride)
        last = len(range(first, size, period)) - 1
        pixels = range(-((residue - pad) // stride), -((residue - pad - length) // stride))
        start = pixels.start * stride + residue - pad
        classes.append(
            CellClass(
                cells=slice(first, None, period),
                offset=offset,
                step=step,
                end=offset + last * step,
                pixels=pixels,
                image=slice(start, None, stride),
            )
        )
    return classes


def met_pixels(x: np.ndarray, rows: CellClass, columns: CellClass, output_size: Size) -> np.ndarray:
    """The pixels of x (N, H, W, C) that a class of cells meets, zero where they are padding.

    Returns:
        (N, Ho + rows.end, Wo + columns.end, C), contiguous: a window moves over it by one.
    """
    height, width = output_size[0] + rows.end, output_size[1] + columns.end
    met = np.zeros((len(x), height, width, x.shape[3]), x.dtype)
    inside = met[
        :, rows.pixels.start : rows.pixels.stop, columns.pixels.start : columns.pixels.stop
    ]
    inside[...] = x[:, rows.image, columns.image][:, : inside.shape[1], : inside.shape[2]]
    return met
