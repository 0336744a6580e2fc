"""Pooling over all of an image, (N, H, W, C), or of a sequence, (N, L, C): a number per channel."""

from __future__ import annotations

import math

import numpy as np


def global_average_pool(x: np.ndarray, keepdims: bool = False) -> np.ndarray:
    """Average each channel over the image: (N, H, W, C) -> (N, C), or (N, 1, 1, C)."""
    return x.mean(axis=_between(x), keepdims=keepdims)


def global_average_pool_backward(dy: np.ndarray, input_size: tuple[int, ...]) -> np.ndarray:
    """dL/dx of `global_average_pool`: dy, spread evenly over the (H, W) of `input_size`."""
    share = _beside(dy, len(input_size)) / math.prod(input_size)
    return np.broadcast_to(share, (len(dy), *input_size, dy.shape[-1])).copy()


def global_max_pool(x: np.ndarray, keepdims: bool = False) -> np.ndarray:
    """Take the largest number of each channel: (N, H, W, C) -> (N, C), or (N, 1, 1, C)."""
    return x.max(axis=_between(x), keepdims=keepdims)


def global_max_pool_backward(dy: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dL/dx of `global_max_pool`: tied maxima share dy evenly, as in TensorFlow's `reduce_max`.

    Args:
        dy: dL/dy, (N, C) or (N, 1, 1, C).
        x: (N, H, W, C).
        y: As `global_max_pool` returned it.

    Returns:
        (N, H, W, C); NaN where y is.
    """
    chosen = x == _beside(y, x.ndim - 2)
    count = np.count_nonzero(chosen, axis=_between(x), keepdims=True).astype(dy.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN equals nothing: none is chosen.
        return chosen * (1 / count * _beside(dy, x.ndim - 2))


def _between(x: np.ndarray) -> tuple[int, ...]:
    """The axes between batch and channels."""
    return tuple(range(1, x.ndim - 1))


def _beside(pooled: np.ndarray, axes: int) -> np.ndarray:
    """(N, C) with as many axes of length 1 in between as an image has."""
    return pooled.reshape(len(pooled), *[1] * axes, pooled.shape[-1])
