"""Convolutions that move by more than one pixel, as sums of convolutions that move by one.

Where windows move by two pixels, some cells of a window always meet even rows and the others odd
rows. Each such class of cells is, by itself, a convolution that moves by one over the rows that it
meets: a polyphase decomposition (Vaidyanathan 1993, "Multirate systems and filter banks", 4.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scratch.functional.padding import pad2d
from scratch.functional.windows import Windows


@dataclass(frozen=True)
class CellClass:
    """Along one side of a window, the cells that meet the same pixels modulo the stride.

    Cell number t of the class meets, in window o, the padded image's pixel
    (o + offset + t * step) * stride + residue.

    Attributes:
        cells: Which of the window's cells they are.
        residue: Of the pixels that they meet.
        offset: See above.
        step: See above.
        end: offset + t * step for the last t.
        pixels: The quotients (pixel - residue) / stride of the pixels that are not padding.
        image: Those pixels in the image without its padding.
    """

    cells: slice
    residue: int
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
                residue=residue,
                offset=offset,
                step=step,
                end=offset + last * step,
                pixels=pixels,
                image=slice(start, None, stride),
            )
        )
    return classes


def split_by_residues(x: np.ndarray, windows: Windows) -> np.ndarray:
    """Images (N, H, W, C), padded, by rows and columns modulo the strides: (sh, sw, N, h, w, C).

    The result is contiguous; it is a view of x where nothing is padded and the strides are 1.
    """
    (sh, sw), (top, bottom, left, right) = windows.strides, windows.pads
    below, beside = -(x.shape[1] + top + bottom) % sh, -(x.shape[2] + left + right) % sw
    padded = pad2d(x, (top, bottom + below, left, right + beside))
    n, height, width, channels = padded.shape
    split = padded.reshape(n, height // sh, sh, width // sw, sw, channels)
    return np.ascontiguousarray(split.transpose(2, 4, 0, 1, 3, 5))
