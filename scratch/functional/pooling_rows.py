"""The computations of pooling, for a few images, row by row.

Channels are often few, so that the cells of windows, one by one, are many short runs of memory, and
NumPy spends more time between runs than on them. A row of an image with all of its columns is one
long run. So a cell's row is dealt with for all columns at once. What differs from column to column
is done with what rows have left over, or before, by giving every column its window's numbers;
either way only whole pixels are moved, which is a fast copy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

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
    if _rows_inside(windows):
        combine.reduce(_row_views(x, windows), axis=2, out=columns)
    else:
        columns.fill(start)
        for _, outputs, inputs in windows.meetings(0):
            combine(columns[:, outputs], x[:, inputs], out=columns[:, outputs])
    y.fill(start)
    for _, outputs, inputs in windows.meetings(1):
        combine(y[:, :, outputs], _taken(columns, inputs), out=y[:, :, outputs])


def send_to_equal(dy: Array, x: Array, y: Array, windows: Windows, dx: Array) -> bool:
    """Send each window's number to the first cell that equals its maximum, in two passes over x.

    Args:
        dy: (N, Ho, Wo, C), contiguous.
        x: (N, H, W, C), contiguous, of a float dtype.
        y: (N, Ho, Wo, C), contiguous: the windows' maxima.
        windows: Over x.
        dx: (N, H, W, C), filled.

    Returns:
        Whether it could: windows that overlap, rows of them in the padding, NaN and as many ties
        as behind a ReLU are left to `first_equal` and `send_to_one`; dx is then not filled.
    """
    if windows.overlap or not _rows_inside(windows) or np.isnan(y).any():
        return False
    (cells,) = _turns(windows)
    rows = _row_views(x, windows)
    sought = _by_column("numbers", y, cells, windows, np.nan)
    chosen = workspace("chosen", rows.shape, bool)
    np.equal(rows, sought[:, :, None], out=chosen)
    ties = np.count_nonzero(chosen) - y.size  # every window has an equal cell
    if ties > y.size:
        return False
    if ties:
        _keep_first(chosen, y.shape, windows)
    if not _meet_all(windows.meetings(0), len(dx[0])):
        dx.fill(0)
    sent = _by_column("sent", dy, cells, windows, 0)
    np.multiply(sent[:, :, None], chosen, out=_row_views(dx, windows))
    return True


def _keep_first(chosen: Array, outputs: tuple[int, ...], windows: Windows) -> None:
    """Of the cells chosen in each window, (N, Ho, kh, W, C), leave the first in row-major order."""
    _, _, height, width, channels = chosen.shape
    at = np.flatnonzero(chosen)
    pixels, channel = np.divmod(at, channels)
    row, column = np.divmod(pixels, width)
    across = (column + windows.pads[2]) // windows.strides[1]
    window = (row // height * outputs[2] + across) * channels + channel
    first = np.empty(math.prod(outputs), at.dtype)
    first[window[::-1]] = at[::-1]  # of numbers for one place the last one stays
    chosen.reshape(-1)[at[first[window] != at]] = False


def first_equal(x: Array, y: Array, windows: Windows, argmax: Array) -> None:
    """Find the first cell of each window, in row-major order, that equals the window's number.

    In each column the cells above the first that is equal are counted; of a window's columns the
    one wins whose cell has the smallest row-major index.

    Args:
        x: (N, H, W, C), contiguous.
        y: (N, Ho, Wo, C), contiguous: one of the window's cells each; NaN counts as equal to NaN.
        windows: Over x.
        argmax: (N, Ho, Wo, C), filled; of a dtype that holds the window with a row more.
    """
    undefined = bool(np.isnan(y).any())
    argmax.fill(np.iinfo(argmax.dtype).max)
    for cells in _turns(windows):
        sought = _by_column("numbers", y, cells, windows, 0)
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
    if windows.overlap or not _meet_all(windows.meetings(0), len(dx[0])):
        dx.fill(0)
    for cells in _turns(windows):
        sent = _by_column("sent", dy, cells, windows, 0)
        index = _by_column("index", argmax, cells, windows, height * width)
        column = np.zeros(index.shape[2:], index.dtype)
        for j, _, inputs in cells:
            column[inputs] = j
        first = np.arange(height).reshape(height, 1, 1).astype(index.dtype) * width
        if _rows_inside(windows) and not windows.overlap:
            chosen = workspace("chosen", (*index.shape[:2], height, *index.shape[2:]), bool)
            np.equal(index[:, :, None], first + column, out=chosen)
            np.multiply(sent[:, :, None], chosen, out=_row_views(dx, windows))
            continue
        for i, outputs, inputs in windows.meetings(0):
            chosen = workspace("chosen", index[:, outputs].shape, bool)
            np.equal(index[:, outputs], first[i] + column, out=chosen)
            _add_product(sent[:, outputs], chosen, dx[:, inputs], windows.overlap)


def send_to_all(dy: Array, windows: Windows, dx: Array) -> None:
    """Send each window's number to all of its cells; arguments as in `send_to_one`."""
    dx.fill(0)
    for cells in _turns(windows):
        sent = _by_column("sent", dy, cells, windows, 0)
        for _, outputs, inputs in windows.meetings(0):
            dx[:, inputs] += sent[:, outputs]


def _unequal_rows(
    x: Array, numbers: Array, windows: Windows, undefined: bool
) -> Iterator[tuple[Array, slice]]:
    """Row by row of the windows, where x is not its column's number; and of which outputs."""
    if _rows_inside(windows) and not windows.overlap and not undefined:
        rows = _row_views(x, windows)
        unequal = np.not_equal(rows, numbers[:, :, None], out=workspace("missed", rows.shape, bool))
        yield from ((unequal[:, :, i], slice(None)) for i in range(windows.kernel_size[0]))
        return
    for _, outputs, inputs in windows.meetings(0):
        seen, wanted = x[:, inputs], numbers[:, outputs]
        missed = np.not_equal(seen, wanted, out=workspace("missed", seen.shape, bool))
        if undefined:
            missed &= ~(np.isnan(seen) & np.isnan(wanted))
        yield missed, outputs


def _rows_inside(windows: Windows) -> bool:
    """Whether every row of every window is a row of the image."""
    all_outputs = slice(0, windows.output_size[0])
    return all(outputs == all_outputs for _, outputs, _ in windows.meetings(0))


def _row_views(x: Array, windows: Windows) -> Array:
    """(N, H, W, C) -> (N, Ho, kh, W, C): the rows that each window lies in, all in one view."""
    of_image, of_row, *inside = x.strides
    shape = (len(x), windows.output_size[0], windows.kernel_size[0], *x.shape[2:])
    return as_strided(x, shape, (of_image, of_row * windows.strides[0], of_row, *inside))


def _meet_all(cells: Iterable[Meeting], size: int) -> bool:
    """Whether cells that share no input meet all `size` of them."""
    return sum(outputs.stop - outputs.start for _, outputs, _ in cells) == size


def _add_product(a: Array, chosen: Array, total: Array, is_sum: bool) -> None:
    """Compute total += a chosen; or total = a chosen where every cell is in one window only."""
    if is_sum:
        total += np.multiply(a, chosen, out=workspace("product", a.shape, a.dtype))
    else:
        np.multiply(a, chosen, out=total)


def _turns(windows: Windows) -> list[list[Meeting]]:
    """The cells of a row in groups within which no two windows share a column."""
    cells, step = list(windows.meetings(1)), windows.strides[1]
    return [cells[first : first + step] for first in range(0, len(cells), step)]


def _by_column(slot: str, a: Array, cells: list[Meeting], windows: Windows, other: float) -> Array:
    """(N, Ho, Wo, C) -> (N, Ho, W, C): each column's window's pixel, or `other` if it has none."""
    wide = workspace(slot, (*a.shape[:2], windows.input_size[1], a.shape[3]), a.dtype)
    if not _meet_all(cells, windows.input_size[1]):
        wide.fill(other)
    for _, outputs, inputs in cells:
        _pixels(wide)[:, :, inputs] = _pixels(a)[:, :, outputs]
    return wide


def _taken(a: Array, columns: slice) -> Array:
    """Some columns of (N, H, W, C), side by side."""
    pixels = _pixels(a)[:, :, columns]
    taken = workspace("taken", (*pixels.shape, a.shape[3]), a.dtype)
    _pixels(taken)[...] = pixels
    return taken


def _pixels(a: Array) -> Array:
    """(N, H, W, C) as (N, H, W) of pixels, each copied in one piece."""
    return a.view(f"V{a.shape[3] * a.itemsize}")[..., 0]
