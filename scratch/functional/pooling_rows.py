"""The computations of pooling, for a few images, row by row.

Channels are often few, so that the cells of windows, one by one, are many short runs of memory, and
NumPy spends more time between runs than on them. A row of an image with all of its columns is one
long run. So a cell's row is dealt with for all columns at once. What differs from column to column
is done with what rows have left over, or before, by giving every column its window's numbers;
either way only whole pixels are moved, which is a fast copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from scratch.functional.items import pixels
from scratch.functional.windows import Meeting, Windows
from scratch.functional.workspace import workspace

Array = np.ndarray


def fold(combine: np.ufunc, start: float, x: Array, windows: Windows, y: Array) -> None:
    """Combine `start` and the cells of each window: first down the columns, then across.

    Args:
        combine: np.maximum or np.add.
        start: What a window has before its cells.
        x: (N, H, W, C), contiguous.
        windows: Over x.
        y: (N, Ho, Wo, C), filled.
    """
    columns = workspace("columns", (*y.shape[:2], *x.shape[2:]), y.dtype)
    if windows.all_inside(0):
        combine.reduce(row_views(x, windows), axis=2, out=columns)
    else:
        columns.fill(start)
        for _, outputs, inputs in windows.meetings(0):
            combine(columns[:, outputs], x[:, inputs], out=columns[:, outputs])
    if windows.all_inside(1):
        combine.reduce(each_column("taken", columns, windows), axis=0, out=y)
        return
    y.fill(start)
    for _, outputs, inputs in windows.meetings(1):
        combine(y[:, :, outputs], _taken(columns, inputs), out=y[:, :, outputs])


def first_equal(x: Array, y: Array, windows: Windows, argmax: Array) -> None:
    """Find the first cell of each window, in row-major order, that equals the window's number.

    In each column the cells above the first that is equal are counted; of a window's columns the
    one wins whose cell has the smallest row-major index.

    Args:
        x: (N, H, W, C), contiguous.
        y: (N, Ho, Wo, C), contiguous: one of the window's cells each; NaN counts as equal to NaN.
        windows: Over x.
        argmax: (N, Ho, Wo, C), filled; of `index_dtype`.
    """
    undefined = bool(np.isnan(y).any())
    argmax.fill(np.iinfo(argmax.dtype).max)
    for cells in turns(windows):
        sought = by_column("numbers", y, cells, windows, 0)
        index = workspace("index", sought.shape, argmax.dtype)
        index.fill(0)
        searching = workspace("searching", sought.shape, bool)
        searching.fill(True)
        for missed, outputs in _unequal_rows(x, sought, windows, undefined):
            searching[:, outputs] &= missed
            index += searching.view(np.uint8)
        index *= windows.kernel_size[1]
        for j, outputs, inputs in cells:
            found = _taken(index, inputs) + argmax.dtype.type(j)
            np.minimum(argmax[:, :, outputs], found, out=argmax[:, :, outputs])


def send_to_one(dy: Array, argmax: Array, windows: Windows, dx: Array) -> None:
    """Send each window's number to the cell whose row-major index it has.

    Args:
        dy: (N, Ho, Wo, C), contiguous.
        argmax: As dy, contiguous.
        windows: Over dx.
        dx: (N, H, W, C), filled.
    """
    height, width = windows.kernel_size
    if windows.overlap or not meet_all(windows.meetings(0), len(dx[0])):
        dx.fill(0)
    for cells in turns(windows):
        sent = by_column("sent", dy, cells, windows, 0)
        index = by_column("index", argmax, cells, windows, height * width)
        column = np.zeros(index.shape[2:], index.dtype)
        for j, _, inputs in cells:
            column[inputs] = j
        first = np.arange(height).reshape(height, 1, 1).astype(index.dtype) * width
        if windows.all_inside(0) and not windows.overlap:
            chosen = workspace("chosen", (*index.shape[:2], height, *index.shape[2:]), bool)
            np.equal(index[:, :, None], first + column, out=chosen)
            np.multiply(sent[:, :, None], chosen, out=row_views(dx, windows))
            continue
        for i, outputs, inputs in windows.meetings(0):
            chosen = workspace("chosen", index[:, outputs].shape, bool)
            np.equal(index[:, outputs], first[i] + column, out=chosen)
            _add_product(sent[:, outputs], chosen, dx[:, inputs], windows.overlap)


def send_to_all(dy: Array, windows: Windows, dx: Array) -> None:
    """Send each window's number to all of its cells; arguments as in `send_to_one`."""
    dx.fill(0)
    for cells in turns(windows):
        sent = by_column("sent", dy, cells, windows, 0)
        for _, outputs, inputs in windows.meetings(0):
            dx[:, inputs] += sent[:, outputs]


def _unequal_rows(
    x: Array, numbers: Array, windows: Windows, undefined: bool
) -> Iterator[tuple[Array, slice]]:
    """Row by row of the windows, where x is not its column's number; and of which outputs."""
    if windows.all_inside(0) and not windows.overlap and not undefined:
        rows = row_views(x, windows)
        unequal = np.not_equal(rows, numbers[:, :, None], out=workspace("missed", rows.shape, bool))
        yield from ((unequal[:, :, i], slice(None)) for i in range(windows.kernel_size[0]))
        return
    for _, outputs, inputs in windows.meetings(0):
        seen, wanted = x[:, inputs], numbers[:, outputs]
        missed = np.not_equal(seen, wanted, out=workspace("missed", seen.shape, bool))
        if undefined:
            missed &= ~(np.isnan(seen) & np.isnan(wanted))
        yield missed, outputs


def index_dtype(windows: Windows) -> np.dtype:
    """What holds the index of a cell, and of a row more than there are."""
    height, width = windows.kernel_size
    return np.min_scalar_type((height + 1) * width)


def row_views(a: Array, windows: Windows) -> Array:
    """(N, H, W, C), contiguous -> (N, Ho, kh, W, C): the rows of each row of windows."""
    image, row, *inside = a.strides
    shape = (len(a), windows.output_size[0], windows.kernel_size[0], *a.shape[2:])
    return np.ndarray(shape, a.dtype, a, 0, (image, row * windows.strides[0], row, *inside))


def column_views(a: Array, windows: Windows) -> Array:
    """(N, Ho, W, C), contiguous -> (N, Ho, kw, Wo, C): the columns of each column of windows."""
    image, row, pixel, number = a.strides
    shape = (*a.shape[:2], windows.kernel_size[1], windows.output_size[1], a.shape[3])
    steps = (image, row, pixel, pixel * windows.strides[1], number)
    return np.ndarray(shape, a.dtype, a, 0, steps)


def meet_all(cells: Iterable[Meeting], size: int) -> bool:
    """Whether cells that share no input meet all `size` of them."""
    return sum(outputs.stop - outputs.start for _, outputs, _ in cells) == size


def _add_product(a: Array, chosen: Array, total: Array, is_sum: bool) -> None:
    """Compute total += a chosen; or total = a chosen where every cell is in one window only."""
    if is_sum:
        total += np.multiply(a, chosen, out=workspace("product", a.shape, a.dtype))
    else:
        np.multiply(a, chosen, out=total)


def turns(windows: Windows) -> list[tuple[Meeting, ...]]:
    """The cells of a row in groups within which no two windows share a column."""
    cells, step = windows.meetings(1), windows.strides[1]
    return [cells[first : first + step] for first in range(0, len(cells), step)]


def by_column(
    slot: str, a: Array, cells: Sequence[Meeting], windows: Windows, other: float
) -> Array:
    """(N, Ho, Wo, C) -> (N, Ho, W, C): each column's window's pixel, or `other` if it has none."""
    wide = workspace(slot, (*a.shape[:2], windows.input_size[1], a.shape[3]), a.dtype)
    if not meet_all(cells, windows.input_size[1]):
        wide.fill(other)
    if len(cells) == windows.kernel_size[1] and windows.all_inside(1):
        pixels(column_views(wide, windows))[...] = pixels(a)[:, :, None]
        return wide
    for _, outputs, inputs in cells:
        pixels(wide)[:, :, inputs] = pixels(a)[:, :, outputs]
    return wide


def _taken(a: Array, columns: slice) -> Array:
    """Some columns of (N, H, W, C), side by side; copied if they are not so in `a`."""
    if columns.step == 1:
        return a[:, :, columns]
    chosen = pixels(a)[:, :, columns]
    taken = workspace("taken", (*chosen.shape, a.shape[3]), a.dtype)
    pixels(taken)[...] = chosen
    return taken


def each_column(slot: str, a: Array, windows: Windows) -> Array:
    """(N, Ho, W, C), contiguous -> (kw, N, Ho, Wo, C), copied to the workspace of that name."""
    views = pixels(column_views(a, windows)).transpose(2, 0, 1, 3)
    taken = workspace(slot, (*views.shape, a.shape[3]), a.dtype)
    pixels(taken)[...] = views
    return taken
