"""Where the windows of a convolution or a pooling lie."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from scratch.functional.padding import Padding, Pads, Size, output_size, pad2d, resolve_padding

Region = tuple[slice, slice, slice]
Meeting = tuple[int, slice, slice]


@dataclass(frozen=True)
class Windows:
    """The grid of windows over an image, with its padding resolved; built by `windows_over`.

    Output (o, p) sees the cells (o * strides[0] + i * dilation[0] - top, ...) of the input.
    """

    input_size: Size
    kernel_size: Size
    strides: Size
    dilation: Size
    pads: Pads
    output_size: Size

    def view(self, x: np.ndarray) -> np.ndarray:
        """Every window of x (N, H, W, C) as (N, Ho, Wo, kh, kw, C), without copying a window."""
        (sh, sw), (dh, dw) = self.strides, self.dilation
        span = tuple(d * (k - 1) + 1 for k, d in zip(self.kernel_size, self.dilation, strict=True))
        # (N, H', W', C, span_h, span_w) -> (N, Ho, Wo, C, kh, kw) -> (N, Ho, Wo, kh, kw, C)
        windows = sliding_window_view(pad2d(x, self.pads), span, axis=(1, 2))
        return windows[:, ::sh, ::sw, :, ::dh, ::dw].transpose(0, 1, 2, 4, 5, 3)

    def cells(self) -> Iterator[tuple[int, int, Region, Region]]:
        """Walk over the window's cells in row-major order, all windows at once.

        Yields:
            (i, j, outputs, inputs): the cell, the part of an (N, Ho, Wo, ...) array whose windows
            have that cell inside the image, and the part of an (N, H, W, ...) array it meets there.
            A cell that falls on padding everywhere has empty parts.
        """
        for i, *rows in self.meetings(0):
            for j, *columns in self.meetings(1):
                outputs = (slice(None), rows[0], columns[0])
                yield i, j, outputs, (slice(None), rows[1], columns[1])

    def meetings(self, side: int) -> tuple[Meeting, ...]:
        """The window's cells along one side.

        Returns:
            (cell, outputs, inputs) of each: which outputs have that cell inside the image, and
            which inputs they meet there.
        """
        return self._meetings[side]

    @functools.cached_property
    def _meetings(self) -> tuple[tuple[Meeting, ...], ...]:
        return tuple(
            tuple((cell, *self._meeting(side, cell)) for cell in range(self.kernel_size[side]))
            for side in (0, 1)
        )

    @functools.cached_property
    def overlap(self) -> bool:
        """Whether two windows can share a cell."""
        spans = zip(self.kernel_size, self.dilation, self.strides, strict=True)
        return any(dilation * (size - 1) >= stride for size, dilation, stride in spans)

    @functools.cached_property
    def lie_apart_inside(self) -> bool:
        """Whether no two windows share a cell, and none has one outside the image."""
        return not self.overlap and self.all_inside(0) and self.all_inside(1)

    def all_inside(self, side: int) -> bool:
        """Whether every row (side 0), or column (1), of every window is one of the image."""
        all_outputs = slice(0, self.output_size[side])
        return all(outputs == all_outputs for _, outputs, _ in self.meetings(side))

    def check_gradient(self, dy: np.ndarray, channels: int) -> None:
        """Refuse a dL/dy that is not the shape of a convolution over these windows.

        Raises:
            ValueError: dy is not (N, Ho, Wo, channels).
        """
        if dy.ndim != 4 or dy.shape[1:] != (*self.output_size, channels):
            raise ValueError(
                f"dy {dy.shape} must be (N, {self.output_size[0]}, {self.output_size[1]}, "
                f"{channels}), what the convolution gives for input {self.input_size}, kernel "
                f"{self.kernel_size}, strides {self.strides}, pads {self.pads}, "
                f"dilation {self.dilation}."
            )

    def _meeting(self, side: int, cell: int) -> tuple[slice, slice]:
        """Which outputs have `cell` inside the image along one side, and which inputs they meet."""
        stride = self.strides[side]
        offset = cell * self.dilation[side] - self.pads[2 * side]
        first = max(0, -(offset // stride))
        stop = min(self.output_size[side], (self.input_size[side] - 1 - offset) // stride + 1)
        count = max(0, stop - first)
        start = first * stride + offset
        # The stop of the last input is written without overshooting: count 0 must stay empty.
        inputs = slice(start, start + (count - 1) * stride + 1, stride) if count else slice(0, 0)
        return slice(first, first + count), inputs


def windows_over(
    input_size: Size, kernel_size: Size, strides: Size, padding: Padding, dilation: Size = (1, 1)
) -> Windows:
    """Lay windows over an image of `input_size`.

    Raises:
        ValueError: The padding is unknown or no window fits.
    """
    sizes = (tuple(input_size), tuple(kernel_size), tuple(strides), tuple(dilation))
    return _windows_over(*sizes, tuple(padding) if isinstance(padding, list) else padding)


@functools.lru_cache(maxsize=1024)
def _windows_over(
    input_size: Size, kernel_size: Size, strides: Size, dilation: Size, padding: Padding
) -> Windows:
    """`windows_over`, once for each layer: small networks spend their time on such things."""
    pads = resolve_padding(padding, input_size, kernel_size, strides, dilation)
    outputs = output_size(input_size, kernel_size, strides, pads, dilation)
    return Windows(input_size, kernel_size, strides, dilation, pads, outputs)
