"""The same numbers in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def flatten(x: np.ndarray) -> np.ndarray:
    """(N, ...) -> (N, product of the rest), row-major, as Keras' Flatten."""
    return x.reshape(len(x), math.prod(x.shape[1:]))


def flatten_backward(dy: np.ndarray, input_shape: tuple[int, ...]) -> np.ndarray:
    """dL/dx of `flatten`: the same numbers in x's shape."""
    return dy.reshape(input_shape)


def permute(x: np.ndarray, dims: Sequence[int]) -> np.ndarray:
    """A view of x with its axes in another order; `dims` counts from 1, after the batch."""
    return x.transpose(0, *dims)


def permute_backward(dy: np.ndarray, dims: Sequence[int]) -> np.ndarray:
    """dL/dx of `permute`: the axes in the order they came from."""
    return dy.transpose(np.argsort((0, *dims)))
