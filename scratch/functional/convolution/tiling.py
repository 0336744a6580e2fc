"""A batch of images in tiles: as many rows of as many images as fit in a core's cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scratch.functional.convolution.problem import Problem
from scratch.functional.items import items
from scratch.functional.threads import slices
from scratch.functional.windows import Windows
from scratch.functional.workspace import bordered_workspace

_TILE_BYTES = 2**21
"""The fastest of 256 KiB to 4 MiB where a core has 1 MiB of level 2 cache: smaller tiles fit it
better, but more calls of NumPy are more waiting for the other thread to leave the interpreter."""

_SHARES = 8
_LEAST_BYTES = 2**20
"""A tile that is worth a thread's while."""


@dataclass(frozen=True)
class Tile:
    """Whole rows of outputs: some rows of one image, or all rows of some images.

    Attributes:
        images: Which images.
        rows: Which rows of outputs.
    """

    images: slice
    rows: slice

    @property
    def size(self) -> tuple[int, int]:
        """How many images, how many rows."""
        return self.images.stop - self.images.start, self.rows.stop - self.rows.start

    @property
    def part(self) -> tuple[slice, slice]:
        """The index of the tile's part of an (N, Ho, ...) array."""
        return self.images, self.rows

    def of(self, y: np.ndarray) -> np.ndarray:
        """The tile's part of an (N, Ho, ...) array: a view, contiguous if the array is."""
        return y[self.part]


def tiles_of(
    problem: Problem, bytes_per_row: int, tile_bytes: int = _TILE_BYTES, step: int = 1
) -> list[Tile]:
    """Tiles that cover the batch, of at most `tile_bytes` where so few rows are not more.

    Args:
        problem: The convolution.
        bytes_per_row: What is kept for one row of outputs of one image.
        tile_bytes: What is kept for one tile.
        step: Of how many rows of outputs a tile is a multiple, but for an image's last.
    """
    height = problem.windows.output_size[0]
    whole = problem.batch * height * bytes_per_row
    # Where there are few tiles they are smaller, so that threads get equal shares.
    tile_bytes = min(tile_bytes, max(_LEAST_BYTES, whole // _SHARES))
    image = height * bytes_per_row
    if image <= tile_bytes:
        parts = slices(problem.batch, tile_bytes // image)
        return [Tile(images, slice(0, height)) for images in parts]
    steps = slices(-(-height // step), max(1, height * tile_bytes // image // step))
    rows = [slice(s.start * step, min(s.stop * step, height)) for s in steps]
    ones = slices(problem.batch, 1)
    return [Tile(one, part) for one in ones for part in rows]


def seen_by(x: np.ndarray, windows: Windows, tile: Tile, extra: int = 0) -> np.ndarray:
    """The pixels that a tile's windows see, padding included.

    Args:
        x: (N, H, W, C).
        windows: All windows.
        tile: Some of them.
        extra: Columns of zeros to add at the right.

    Returns:
        (images, rows seen, left + W + right + extra, C), contiguous: a view of x where nothing is
        added, else this thread's workspace "seen".
    """
    top, _, left, right = windows.pads
    right += extra
    span = windows.dilation[0] * (windows.kernel_size[0] - 1) + 1
    first = tile.rows.start * windows.strides[0] - top
    stop = (tile.rows.stop - 1) * windows.strides[0] - top + span
    height, width = windows.input_size
    inside = slice(max(0, first), min(height, stop))
    if not (left or right) and first >= 0 and stop <= height:
        return np.ascontiguousarray(x[tile.images, inside])
    shape = (tile.size[0], stop - first, left + width + right, x.shape[3])
    rows, above = x[tile.images, inside], inside.start - first
    middle = (slice(None), slice(above, above + rows.shape[1]), slice(left, left + width))
    seen = bordered_workspace("seen", shape, x.dtype, middle)
    seen[middle] = rows
    return seen


def windows_as_items(
    seen: np.ndarray, windows: Windows, tile: Tile, run: int = 1, groups: int = 1
) -> np.ndarray:
    """Every window as a view of the pixels that the tile sees.

    Args:
        seen: What `seen_by` returned.
        windows: All windows.
        tile: Some of them.
        run: How many neighbouring cells are one item; they must be neighbours in memory.
        groups: Into how many items the channels fall.

    Returns:
        (groups, images, rows, Wo, kh, kw / run): see `items`.
    """
    image, row, pixel, _ = seen.strides
    (down, across), (dilated_down, dilated_across) = windows.strides, windows.dilation
    kh, kw = windows.kernel_size
    length = run * seen.shape[3] // groups
    shape = (groups, *tile.size, windows.output_size[1], kh, kw // run)
    steps = (row * down, pixel * across, row * dilated_down, run * pixel * dilated_across)
    return items(seen, length, shape, (pixel // groups, image, *steps))
