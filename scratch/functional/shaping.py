"""Between images and vectors."""

from __future__ import annotations

import math

import numpy as np


def flatten(x: np.ndarray) -> np.ndarray:
    """(N, ...) -> (N, product of the rest), row-major, as Keras' Flatten."""
    return x.reshape(len(x), math.prod(x.shape[1:]))


def flatten_backward(dy: np.ndarray, input_shape: tuple[int, ...]) -> np.ndarray:
    """dL/dx of `flatten`: the same numbers in x's shape."""
    return dy.reshape(input_shape)
