"""Where branches of a network meet again.

Arrays of unlike shapes are broadcast as Keras' merging layers do it: axes of length 1 are put
behind the batch until all have one rank, and an axis of length 1 is repeated. The gradient of what
is repeated is the sum over its copies.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import accumulate

import numpy as np

from scratch.functional.threads import in_threads, slices

_PIECE = 2**20
"""Numbers in a piece of a large array: few enough for a cache, worth a thread's while."""

Shape = tuple[int, ...]


def broadcastable(xs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Views of all arrays in one rank: NumPy broadcasts them from there."""
    rank = max(x.ndim for x in xs)
    return [x.reshape(_widened(x.shape, rank)) for x in xs]


def sum_to_shape(values: np.ndarray, shape: Shape) -> np.ndarray:
    """Undo a broadcast from `shape`: the gradient of every copy, added up."""
    widened = _widened(shape, values.ndim)
    sizes = enumerate(zip(widened, values.shape, strict=True))
    axes = tuple(axis for axis, (before, after) in sizes if before < after)
    return (values.sum(axis=axes) if axes else values).reshape(shape)


def add(xs: Sequence[np.ndarray]) -> np.ndarray:
    """Sum arrays, from left to right."""
    alike = len({(x.shape, x.dtype) for x in xs}) == 1 < len(xs)
    if alike and all(x.size and x.flags.c_contiguous for x in xs):
        return _sum_by_pieces([x.reshape(-1) for x in xs]).reshape(xs[0].shape)
    return reduce(np.add, broadcastable(xs))


def _sum_by_pieces(xs: Sequence[np.ndarray]) -> np.ndarray:
    """Sum flat arrays, on all cores, each piece of the sum written while it is in the cache."""
    first, second, *others = xs
    total = np.empty_like(first)

    def of_piece(piece: slice) -> None:
        np.add(first[piece], second[piece], out=total[piece])
        for other in others:
            total[piece] += other[piece]

    in_threads(of_piece, slices(total.size, _PIECE))
    return total


def add_over(xs: Sequence[np.ndarray]) -> np.ndarray:
    """As `add`, written over the first array if that has the sum's shape."""
    first, *others = broadcastable(xs)
    for other in others:
        whole = np.broadcast_shapes(first.shape, other.shape) == first.shape
        first = np.add(first, other, out=first if whole else None)
    return first


def add_backward(dy: np.ndarray, shapes: Sequence[Shape]) -> list[np.ndarray]:
    """dL/dx of `add` for summands of `shapes`: dy itself, not to be written to, or its sums."""
    return [sum_to_shape(dy, shape) for shape in shapes]


def subtract(xs: Sequence[np.ndarray]) -> np.ndarray:
    """The first array minus the second."""
    first, second = broadcastable(xs)
    return first - second


def subtract_backward(dy: np.ndarray, shapes: Sequence[Shape]) -> list[np.ndarray]:
    """dL/dx of `subtract`."""
    first, second = add_backward(dy, shapes)
    return [first, -second]


def average(xs: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of arrays."""
    return add(xs) / len(xs)


def average_backward(dy: np.ndarray, shapes: Sequence[Shape]) -> list[np.ndarray]:
    """dL/dx of `average`: an even share of dy."""
    return add_backward(dy / len(shapes), shapes)


def multiply(xs: Sequence[np.ndarray]) -> np.ndarray:
    """The product of arrays, from left to right."""
    return reduce(np.multiply, broadcastable(xs))


def multiply_backward(dy: np.ndarray, xs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """dL/dx of `multiply`: dy times the product of the other factors, without a division.

    Factor by factor from the right: what is before the factor times the gradient of both; zeros
    among the factors do no harm.
    """
    factors = broadcastable(xs)
    products = list(accumulate(factors[:-1], operator.mul))
    gradients = []
    for before, factor in zip(reversed(products), reversed(factors), strict=False):
        gradients.append(sum_to_shape(dy * before, factor.shape))
        dy = sum_to_shape(dy * factor, before.shape)
    gradients.append(dy)
    return [dx.reshape(x.shape) for dx, x in zip(reversed(gradients), xs, strict=True)]


def maximum(xs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The largest of arrays, element by element.

    Returns:
        y: Of the broadcast shape.
        winner: y's shape: which array y came from, the first of equal ones.
    """
    return _extreme(xs, np.maximum, np.greater_equal)


def minimum(xs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The smallest of arrays, element by element; as `maximum`."""
    return _extreme(xs, np.minimum, np.less_equal)


def extreme_backward(
    dy: np.ndarray, winner: np.ndarray, shapes: Sequence[Shape]
) -> list[np.ndarray]:
    """dL/dx of `maximum` and `minimum`: all of dy goes to the winner."""
    return [sum_to_shape(dy * (winner == i), shape) for i, shape in enumerate(shapes)]


def concatenate(xs: Sequence[np.ndarray], axis: int = -1) -> np.ndarray:
    """Join arrays along `axis`, by default the channels."""
    return np.concatenate(xs, axis=axis)


def concatenate_backward(dy: np.ndarray, sizes: Sequence[int], axis: int = -1) -> list[np.ndarray]:
    """dL/dx of `concatenate`: dy cut into views of the given `sizes` along `axis`.

    Raises:
        ValueError: The sizes do not add up to dy's.
    """
    if sum(sizes) != dy.shape[axis]:
        raise ValueError(f"Sizes {list(sizes)} do not add up to axis {axis} of dy {dy.shape}.")
    return np.split(dy, np.cumsum(sizes)[:-1], axis=axis)


def _extreme(
    xs: Sequence[np.ndarray],
    better: Callable[[np.ndarray, np.ndarray], np.ndarray],
    holds: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """The best so far against every next array, as Keras does; a NaN never holds."""
    first, *others = broadcastable(xs)
    shape = np.broadcast_shapes(*(x.shape for x in (first, *others)))
    y, winner = first, np.zeros(shape, np.int16)
    for i, x in enumerate(others, start=1):
        # The latest that beats what came before it has the largest number.
        np.maximum(winner, ~holds(y, x) * np.int16(i), out=winner)
        y = better(y, x)
    return y, winner


def _widened(shape: Shape, rank: int) -> Shape:
    return (*shape[:1], *[1] * (rank - len(shape)), *shape[1:])
