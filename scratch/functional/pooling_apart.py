"""Max pooling of windows that share no cell, none of which leaves the image, in two steps.

A window's columns have a maximum each, and a first cell that equals it. Of the columns whose
maximum is the window's, that one has the window's first whose first cell has the smallest row-major
index. The first step reads the whole image, and can be taken while a tile of it is in the cache;
the second reads what is left, and is taken once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratch.functional.pooling_rows import each_column, row_views
from scratch.functional.windows import Windows
from scratch.functional.workspace import workspace

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Maxima:
    """The largest numbers of columns or windows, and where they are.

    Attributes:
        numbers: (N, Ho, W, C) of columns, (N, Ho, Wo, C) of windows.
        places: The same shape. Of a column: how many of its cells there are from the first maximum
            on. Of a window: the row-major index of the first. Without a meaning beside NaN, which
            equals nothing. None where nobody asks.
    """

    numbers: Array
    places: Array | None

    def of(self, part: Any) -> Maxima:
        """Those of a part of the images."""
        return Maxima(self.numbers[part], None if self.places is None else self.places[part])


def pool_down(x: Array, windows: Windows, columns: Maxima) -> None:
    """The first step, for a few images.

    Args:
        x: (N, H, W, C), contiguous.
        windows: Over x.
        columns: Filled.
    """
    rows = row_views(x, windows)
    np.maximum.reduce(rows, axis=2, out=columns.numbers)
    if columns.places is not None:
        height = windows.kernel_size[0]
        left = np.arange(height, 0, -1).astype(columns.places.dtype).reshape(height, 1, 1)
        found = workspace("found", rows.shape, bool)
        np.equal(rows, columns.numbers[:, :, None], out=found)
        _fill_largest(columns.places, left, found, axis=2)


def pool_across(columns: Maxima, windows: Windows, y: Maxima) -> None:
    """The second step, for a few images.

    Args:
        columns: As `pool_down` filled them.
        windows: Over the images.
        y: Filled; with places only if the columns have them.
    """
    numbers = each_column("numbers", columns.numbers, windows)
    np.maximum.reduce(numbers, axis=0, out=y.numbers)
    if columns.places is not None and y.places is not None:
        height, width = windows.kernel_size
        left = each_column("places", columns.places, windows)
        left *= width
        left -= np.arange(width).astype(left.dtype).reshape(width, 1, 1, 1, 1)
        found = np.equal(numbers, y.numbers, out=workspace("found", numbers.shape, bool))
        _fill_largest(y.places, left, found, axis=0)
        np.subtract(height * width, y.places, out=y.places)


def pool(x: Array, windows: Windows, y: Maxima) -> None:
    """Both steps, for a few images; arguments as there."""
    shape = (*y.numbers.shape[:2], *x.shape[2:])
    places = None if y.places is None else workspace("down", shape, y.places.dtype)
    columns = Maxima(workspace("columns", shape, x.dtype), places)
    pool_down(x, windows, columns)
    pool_across(columns, windows, y)


def _fill_largest(largest: Array, numbers: Array, where: Array, axis: int) -> None:
    """The largest, along an axis, of positive numbers `where` true; which is written over."""
    if largest.itemsize == 1:
        where = where.view(np.uint8)
        np.multiply(where, numbers, out=where)
    else:
        where = np.multiply(where, numbers)
    np.maximum.reduce(where, axis=axis, out=largest)
