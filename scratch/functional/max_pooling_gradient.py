"""dL/dx of max pooling from x and y, for a few images: where no argmax is needed to find it.

Windows that lie apart ask each cell whether it is the maximum. Windows that move by one across
overlap: a 3x3 window has nine cells to ask, but only three columns' maxima and, in each column,
three cells. All others go by argmax.
"""

from __future__ import annotations

import math

import numpy as np

from scratch.functional.pooling_apart import Maxima, pool
from scratch.functional.pooling_rows import (
    by_column,
    column_views,
    first_equal,
    index_dtype,
    meet_all,
    row_views,
    send_to_one,
    turns,
)
from scratch.functional.windows import Windows
from scratch.functional.workspace import workspace

Array = np.ndarray


def goes_by_columns(windows: Windows) -> bool:
    """Whether the columns' maxima are a step on the way."""
    return windows.overlap and windows.strides[1] == 1 and math.prod(windows.kernel_size) < 256


def send_to_maximum(dy: Array, x: Array, y: Array, windows: Windows, dx: Array) -> None:
    """Send each window's number to the first of its cells that equals its maximum.

    Args:
        dy: (N, Ho, Wo, C), contiguous.
        x: (N, H, W, C), contiguous, of a float dtype.
        y: (N, Ho, Wo, C), contiguous: the windows' maxima.
        windows: Over x.
        dx: (N, H, W, C), filled.
    """
    if np.isfinite(y).all():  # NaN equals nothing, and -inf the padding
        if goes_by_columns(windows):
            _send_by_columns(dy, x, y, windows, dx)
            return
        if windows.lie_apart_inside and _send_apart(dy, x, y, windows, dx):
            return
    argmax = np.empty(y.shape, index_dtype(windows))
    find_maxima(x, y, windows, argmax)
    send_to_one(dy, argmax, windows, dx)


def find_maxima(x: Array, y: Array, windows: Windows, argmax: Array) -> None:
    """Fill `argmax`, (N, Ho, Wo, C), with which cell each maximum y is; arguments as above."""
    if windows.lie_apart_inside and not np.isnan(y).any():
        pool(x, windows, Maxima(workspace("y", y.shape, y.dtype), argmax))
    else:
        first_equal(x, y, windows, argmax)


def _send_apart(dy: Array, x: Array, y: Array, windows: Windows, dx: Array) -> bool:
    """`send_to_maximum` for windows that share no cell; False, dx not filled, if there are ties."""
    (cells,) = turns(windows)
    rows = row_views(x, windows)
    sought = by_column("numbers", y, cells, windows, np.nan)
    chosen = workspace("chosen", rows.shape, bool)
    np.equal(rows, sought[:, :, None], out=chosen)
    if np.count_nonzero(chosen) > y.size:  # every window has an equal cell
        return False
    if not meet_all(windows.meetings(0), len(dx[0])):
        dx.fill(0)
    sent = by_column("sent", dy, cells, windows, 0)
    np.multiply(sent[:, :, None], chosen, out=row_views(dx, windows))
    return True


def _send_by_columns(dy: Array, x: Array, y: Array, windows: Windows, dx: Array) -> None:
    """`send_to_maximum` for windows that move by one across.

    Of the columns whose maximum is the window's, that one is sent to whose first maximum is the
    highest up; of these the leftmost. So each column is sent a sum, which goes on to its cell.
    """
    (kh, kw), (top, _, left, _) = windows.kernel_size, windows.pads
    height, width = windows.input_size
    inside = (slice(None), slice(top, top + height), slice(left, left + width))
    seen = workspace("padded", _padded_shape(dy, windows), x.dtype)
    seen.fill(-np.inf)
    seen[inside] = x
    rows = row_views(seen, windows)
    maxima = workspace("columns", (*rows.shape[:2], *rows.shape[3:]), x.dtype)
    np.maximum.reduce(rows, axis=2, out=maxima)
    but_last = rows[:, :, : max(1, kh - 1)]  # what is in none of the others is in the last
    missed = workspace("missed", but_last.shape, bool)
    first_row = _count_until_found(np.not_equal(but_last, maxima[:, :, None], out=missed))

    across = column_views(maxima, windows)
    missed = np.not_equal(across, y[:, :, None], out=workspace("missed", across.shape, bool))
    order = np.add(
        column_views(first_row * np.uint8(kw), windows),
        np.arange(kw, dtype=np.uint8).reshape(-1, 1, 1),
        out=workspace("index", across.shape, np.uint8),
    )
    np.maximum(order, np.negative(missed.view(np.uint8)), out=order)  # 255 where missed
    chosen = np.equal(order, order.min(axis=2, keepdims=True), out=missed)

    sums = workspace("sums", maxima.shape, dy.dtype)
    _add_apart(dy, chosen, column_views(sums, windows), sums)
    candidates = np.arange(kh, dtype=np.uint8).reshape(-1, 1, 1)
    chosen = np.equal(first_row[:, :, None], candidates, out=workspace("missed", rows.shape, bool))
    received = workspace("padded", seen.shape, dy.dtype)
    _add_apart(sums, chosen, row_views(received, windows), received)
    dx[...] = received[inside]


def _count_until_found(missed: Array) -> Array:
    """(N, Ho, k, W, C) -> (N, Ho, W, C): how many cells of each column were missed in a row."""
    searching = missed[:, :, 0]
    count = searching.astype(np.uint8)
    for i in range(1, missed.shape[2]):
        searching = np.logical_and(searching, missed[:, :, i], out=missed[:, :, i])
        count += searching.view(np.uint8)
    return count


def _add_apart(a: Array, chosen: Array, places: Array, total: Array) -> None:
    """Fill `total` with the sums of what `a` sends to places that overlap, (N, Ho, k, ...)."""
    total.fill(0)
    np.multiply(a, chosen[:, :, 0], out=places[:, :, 0])
    for k in range(1, chosen.shape[2]):
        places[:, :, k] += np.multiply(a, chosen[:, :, k], out=workspace("sent", a.shape, a.dtype))


def _padded_shape(dy: Array, windows: Windows) -> tuple[int, ...]:
    """Of all that the windows see, and the image's remainder."""
    top, bottom, left, right = windows.pads
    height, width = windows.input_size
    return len(dy), top + height + bottom, left + width + right, dy.shape[3]
