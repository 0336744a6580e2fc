"""Normalization to mean 0 and variance 1: of a batch, of a layer or of groups of channels.

One computation serves all: which axes are averaged over says which it is (Ioffe & Szegedy 2015;
Ba, Kiros & Hinton 2016; Wu & He 2018). Statistics and parameters keep the axes that they do not
have with size 1, so that they broadcast against x.

Large arrays are worked through in blocks, on all cores. Sums are products with ones, and a sum over
blocks does not depend on who computed which. Parameters that broadcast over short rows, as those of
channels do, are first repeated to long ones, for NumPy starts anew with every row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from itertools import groupby
from math import prod
from typing import Any

import numpy as np

from scratch.functional.long_rows import TOO_LONG, rows_beside
from scratch.functional.sums import sum_over
from scratch.functional.threads import in_threads, slices
from scratch.functional.workspace import workspace

Array = np.ndarray
Gradients = tuple[Array, Array, Array]

_BLOCK = 2**19
"""Numbers in a block: a call of NumPy's on it takes far longer than what is around the call."""


def moments(x: Array, axes: Sequence[int]) -> tuple[Array, Array]:
    """Mean and biased variance over some axes. Ioffe & Szegedy, algorithm 1, lines 1 and 2.

    Two passes, over each block while it is in the cache; E[x^2] - E[x]^2 would cancel when the mean
    is large beside the deviation. Where blocks share a mean, the squares about it are those about
    the blocks' own means and those of these means (Chan, Golub & LeVeque 1983, "Algorithms for
    computing the sample variance", eq. 2.1b).

    Args:
        x: Any shape.
        axes: What is averaged over, counted from 0.

    Returns:
        mean, variance: x's shape with size 1 along `axes`, in x's dtype.
    """
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    view, (statistic,), reduced = _merged(x, [np.empty(kept)], axes)
    blocks = _blocks(view)

    def of_block(rows: slice) -> tuple[Array, Array, int]:
        part = view[rows]
        total = sum_over(part, reduced)
        count = part.size // total.size
        offset = _offset(part, _in_long_rows(total / count, view))
        return total, sum_over(np.square(offset, out=offset), reduced), count

    totals, squares, counts = zip(*_of_all(of_block, blocks), strict=True)
    count = x.size // prod(kept)
    mean = _joined(totals, statistic) / count
    between = [
        np.square(total / count - _rows(mean, rows)) * count
        for rows, total, count in zip(blocks, totals, counts, strict=True)
    ]
    variance = (_joined(squares, statistic) + _joined(between, statistic)) / count
    return mean.reshape(kept), variance.reshape(kept)


def normalize(
    x: Array, mean: Array, variance: Array, gamma: Array, beta: Array | None, epsilon: float
) -> Array:
    """Compute gamma (x - mean) / sqrt(variance + epsilon) + beta, algorithm 1, lines 3 and 4.

    Args:
        x: Any shape.
        mean: Broadcasts against x; `moments` of x, or fixed.
        variance: Likewise.
        gamma: The scale, likewise; ones where there is none.
        beta: The shift, of gamma's shape; None for none.
        epsilon: Keeps the root away from 0.

    Returns:
        As x.
    """
    inverse = 1 / np.sqrt(variance + epsilon)
    given = [mean, inverse, gamma, *([] if beta is None else [beta])]
    view, given, _ = _merged(x, given)
    mean, inverse, gamma, *betas = (_in_long_rows(parameter, view) for parameter in given)
    y = np.empty_like(view)

    def of_block(rows: slice) -> None:
        part = np.subtract(view[rows], _rows(mean, rows), out=y[rows])
        part *= _rows(inverse, rows) * _rows(gamma, rows)
        for shift in betas:
            part += _rows(shift, rows)

    in_threads(of_block, _blocks(view))
    return y.reshape(x.shape)


def scale_and_shift(
    mean: Array, variance: Array, gamma: Array, beta: Array | None, epsilon: float
) -> tuple[Array, Array]:
    """What makes `normalize` one product and one sum, as TensorFlow computes it too.

    For statistics that are not x's own: beside a large mean the shift cancels.

    Args:
        mean: As in `normalize`.
        variance: As in `normalize`.
        gamma: As in `normalize`.
        beta: As in `normalize`.
        epsilon: As in `normalize`.

    Returns:
        scale, shift: y = x scale + shift.
    """
    scale = 1 / np.sqrt(variance + epsilon) * gamma
    return scale, -mean * scale if beta is None else beta - mean * scale


def scale_by_channel(x: Array, scale: Array, shift: Array, over: bool = False) -> Array:
    """Compute x scale + shift, in a pass less than `normalize` takes.

    Args:
        x: Any shape.
        scale: Broadcasts against x.
        shift: Likewise.
        over: Whether to write the result over x, if x is contiguous.

    Returns:
        As x.
    """
    view, given, _ = _merged(x, [scale, shift])
    scale, shift = (_in_long_rows(parameter, view) for parameter in given)
    y = view if over else np.empty_like(view)

    def of_block(rows: slice) -> None:
        part = np.multiply(view[rows], _rows(scale, rows), out=y[rows])
        part += _rows(shift, rows)

    in_threads(of_block, _blocks(view))
    return y.reshape(x.shape)


def normalize_backward(
    dy: Array,
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array,
    epsilon: float,
    axes: Sequence[int] = (),
    centred: bool = True,
) -> Gradients:
    """Gradients of `normalize`.

    The chain of Ioffe & Szegedy, section 3, in closed form: with g = gamma dy and z the normalized
    x, dx = (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon).

    Args:
        dy: dL/dy, as x.
        x: As in `normalize`.
        mean: As in `normalize`.
        variance: As in `normalize`.
        gamma: As in `normalize`.
        epsilon: As in `normalize`.
        axes: What mean and variance are `moments` over; none if they are fixed.
        centred: Whether `normalize` was given this mean, and not 0, beside the variance about it.

    Returns:
        dx as x, dgamma and dbeta as gamma.
    """
    inverse = 1 / np.sqrt(variance + epsilon)
    shape = gamma.shape
    view, (upstream, mean, inverse, gamma), reduced = _merged(x, [dy, mean, inverse, gamma], axes)
    subtracted = _in_long_rows(mean if centred else np.zeros_like(mean), view)
    of_gamma = [axis for axis, size in enumerate(gamma.shape) if size == 1]
    common = [axis for axis in of_gamma if mean.shape[axis] == 1]

    def sums_of_block(rows: slice) -> list[Array]:
        """Of the terms of dbeta and dgamma; with gamma, of the terms of their averages."""
        offset = _offset(view[rows], _rows(subtracted, rows))
        offset *= upstream[rows]
        by_beta = sum_over(upstream[rows], common)
        by_gamma = sum_over(offset, common) * _rows(inverse, rows)
        terms = [sum_over(by_beta, of_gamma), sum_over(by_gamma, of_gamma)]
        if reduced:
            terms += [sum_over(_rows(gamma, rows) * by, reduced) for by in (by_beta, by_gamma)]
        return terms

    sums = list(zip(*_of_all(sums_of_block, _blocks(view)), strict=True))
    dbeta, dgamma = (_joined(parts, gamma).reshape(shape) for parts in sums[:2])
    slope = shift = None
    if reduced:
        level, along = (_joined(parts, mean) / (view.size // mean.size) for parts in sums[2:])
        slope = inverse * inverse * along
        shift = inverse * level if centred else None
    dx = _input_gradient(upstream, view, inverse, gamma, mean, slope, shift)
    return dx.reshape(x.shape), dgamma, dbeta


def _input_gradient(
    dy: Array,
    x: Array,
    inverse: Array,
    gamma: Array,
    mean: Array,
    slope: Array | None,
    shift: Array | None,
) -> Array:
    """Compute dy inverse gamma - (x - mean) slope - shift; None is zero."""
    inverse, gamma, mean = (_in_long_rows(a, x) for a in (inverse, gamma, mean))
    slope, shift = (a if a is None else _in_long_rows(a, x) for a in (slope, shift))
    dx = np.empty_like(x)

    def of_block(rows: slice) -> None:
        part = np.multiply(dy[rows], _rows(inverse, rows) * _rows(gamma, rows), out=dx[rows])
        if slope is not None:
            offset = _offset(x[rows], _rows(mean, rows))
            offset *= _rows(slope, rows)
            part -= offset
        if shift is not None:
            part -= _rows(shift, rows)

    in_threads(of_block, _blocks(x))
    return dx


def _merged(
    x: Array, others: Sequence[Array], axes: Sequence[int] = ()
) -> tuple[Array, list[Array], Sequence[int]]:
    """The same arrays with fewer axes: adjacent ones that are treated alike become one.

    Rows that are shorter than a long one, all treated alike, are put side by side on an axis of
    their own.

    Returns:
        x, the others, and `axes` in the merged numbering.
    """
    arrays = (x, *others)
    shapes, reduced = _merged_shapes(tuple(a.shape for a in arrays), tuple(axes))
    merged = [a.reshape(shape) for a, shape in zip(arrays, shapes, strict=True)]
    return merged[0], merged[1:], reduced


@lru_cache
def _merged_shapes(
    given: tuple[tuple[int, ...], ...], axes: tuple[int, ...]
) -> tuple[Sequence[Sequence[int]], Sequence[int]]:
    """What `_merged` does to the shapes of x and the others, and to `axes`."""

    def treatment(axis: int) -> tuple[bool, ...]:
        return (axis in axes, *(shape[axis] == 1 for shape in given[1:]))

    runs = [list(run) for _, run in groupby(range(len(given[0])), key=treatment)]
    reduced = {number for number, run in enumerate(runs) if run[0] in axes}
    shapes = [[prod(shape[axis] for axis in run) for run in runs] for shape in given]
    (count, *row), *_ = shapes
    alike = all(shape[0] == 1 or shape == [count, *row] for shape in shapes)
    if len(row) == 1 and reduced <= {0} and alike:
        # Several rows make a long one: (count, C) -> (count / beside, beside, C).
        beside = rows_beside(count, row[0])
        shapes = [[-(-n // beside), min(n, beside), length] for n, length in shapes]
        reduced |= {number + 1 for number in reduced}
    return shapes, sorted(reduced)


def _in_long_rows(a: Array, x: Array) -> Array:
    """What broadcasts against x, repeated along short rows of x; as it is where x has none."""
    if len(a) > 1 or x[:1].size > TOO_LONG:
        return a
    rows = np.empty((1, *x.shape[1:]), a.dtype)
    rows[...] = a
    return rows


def _offset(x: Array, level: Array) -> Array:
    """Compute x - level, in memory that the next call uses again."""
    return np.subtract(x, level, out=workspace("offset", x.shape, x.dtype))


def _blocks(x: Array) -> list[slice]:
    """Slices of axis 0, of about `_BLOCK` numbers each."""
    return slices(len(x), max(1, _BLOCK * len(x) // x.size))


def _of_all(work: Callable[[slice], Any], blocks: Sequence[slice]) -> list[Any]:
    """The work's result for every block, in their order."""
    results: list[Any] = [None] * len(blocks)

    def of_one(number: int) -> None:
        results[number] = work(blocks[number])

    in_threads(of_one, range(len(blocks)))
    return results


def _joined(parts: Sequence[Array], whole: Array) -> Array:
    """What blocks have of an array like `whole`: their sum, if they share its rows."""
    return reduce(np.add, parts) if len(whole) == 1 else np.concatenate(parts)


def _rows(a: Array, rows: slice) -> Array:
    """A block of what broadcasts: all of it where axis 0 has size 1."""
    return a if len(a) == 1 else a[rows]
