"""Where branches of a network meet again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np


def add(xs: Sequence[np.ndarray]) -> np.ndarray:
    """Sum arrays of one shape, from left to right.

    Raises:
        ValueError: The shapes differ; their broadcast would have another gradient.
    """
    shapes = [x.shape for x in xs]
    if len(set(shapes)) != 1:
        raise ValueError(f"add takes one or more arrays of one shape, got shapes {shapes}.")
    return reduce(np.add, xs)


def add_backward(dy: np.ndarray, count: int) -> list[np.ndarray]:
    """dL/dx of `add` for each of `count` summands: dy itself, one array not to be written to."""
    return [dy] * count


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
