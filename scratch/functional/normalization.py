"""Normalization to mean 0 and variance 1: of a batch, of a layer or of groups of channels.

One computation serves all: which axes are averaged over says which it is (Ioffe & Szegedy 2015;
Ba, Kiros & Hinton 2016; Wu & He 2018). Statistics and parameters keep the axes that they do not
have with size 1, so that they broadcast against x. Large arrays are worked through in blocks that
stay in the processor's cache: every pass over memory is one that has to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import prod

import numpy as np

from scratch.functional.sums import sum_over

Array = np.ndarray
Gradients = tuple[Array, Array, Array]

_BLOCK = 2**16
"""Numbers in a block: four arrays of so many fit into a level 2 cache."""


def moments(x: Array, axes: Sequence[int]) -> tuple[Array, Array]:
    """Mean and biased variance over some axes. Ioffe & Szegedy, algorithm 1, lines 1 and 2.

    Two passes: E[x^2] - E[x]^2 would cancel when the mean is large beside the deviation.

    Args:
        x: Any shape.
        axes: What is averaged over, counted from 0.

    Returns:
        mean, variance: x's shape with size 1 along `axes`, in x's dtype.
    """
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    count = x.size // prod(kept)
    mean = sum_over(x, axes) / count
    view, (level,), reduced = _merged(x, [mean], axes)
    squares = np.zeros_like(level)
    for rows in _blocks(view):
        part = _rows(squares, rows)
        part += sum_over(np.square(view[rows] - _rows(level, rows)), reduced)
    return mean, squares.reshape(kept) / count


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
    parameters = [mean, inverse, gamma, *([] if beta is None else [beta])]
    view, (mean, inverse, gamma, *betas), _ = _merged(x, parameters)
    y = np.empty_like(view)
    for rows in _blocks(view):
        part = np.subtract(view[rows], _rows(mean, rows), out=y[rows])
        part *= _rows(inverse, rows) * _rows(gamma, rows)
        for shift in betas:
            part += _rows(shift, rows)
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
    subtracted = mean if centred else np.zeros_like(mean)
    of_gamma = [axis for axis, size in enumerate(gamma.shape) if size == 1]
    common = [axis for axis in of_gamma if mean.shape[axis] == 1]
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
    level, along = np.zeros_like(mean), np.zeros_like(mean)
    for rows in _blocks(view):
        g, offset = upstream[rows], view[rows] - _rows(subtracted, rows)
        offset *= g
        by_beta = sum_over(g, common)
        by_gamma = sum_over(offset, common) * _rows(inverse, rows)
        for total, terms in ((dbeta, by_beta), (dgamma, by_gamma)):
            part = _rows(total, rows)
            part += sum_over(terms, of_gamma)
        if reduced:
            for total, terms in ((level, by_beta), (along, by_gamma)):
                part = _rows(total, rows)
                part += sum_over(_rows(gamma, rows) * terms, reduced)
    count = view.size // mean.size
    curve = inverse * inverse * along / count
    shift = inverse * level / count if centred else None
    dx = np.empty_like(view)
    for rows in _blocks(view):
        part = np.multiply(upstream[rows], _rows(inverse, rows) * _rows(gamma, rows), out=dx[rows])
        if reduced:
            offset = view[rows] - _rows(mean, rows)
            offset *= _rows(curve, rows)
            part -= offset
            if shift is not None:
                part -= _rows(shift, rows)
    return dx.reshape(x.shape), dgamma.reshape(shape), dbeta.reshape(shape)


def _merged(
    x: Array, others: Sequence[Array], axes: Sequence[int] = ()
) -> tuple[Array, list[Array], list[int]]:
    """The same arrays with fewer axes: adjacent ones that are treated alike become one.

    Returns:
        x, the others, and `axes` in the merged numbering.
    """

    def treatment(axis: int) -> tuple[bool, ...]:
        return (axis in axes, *(a.shape[axis] == 1 for a in others))

    runs = [list(run) for _, run in groupby(range(x.ndim), key=treatment)]

    def merge(a: Array) -> Array:
        return a.reshape([prod(a.shape[axis] for axis in run) for run in runs])

    reduced = [number for number, run in enumerate(runs) if run[0] in axes]
    return merge(x), [merge(a) for a in others], reduced


def _blocks(x: Array) -> Iterator[slice]:
    """Slices of axis 0, of about `_BLOCK` numbers each."""
    length = max(1, _BLOCK * len(x) // x.size)
    return (slice(start, start + length) for start in range(0, len(x), length))


def _rows(a: Array, rows: slice) -> Array:
    """A block of what broadcasts: all of it where axis 0 has size 1."""
    return a if len(a) == 1 else a[rows]
