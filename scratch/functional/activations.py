"""Activation functions, each with its backward, and the names layers know them by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0), element by element."""
    return np.maximum(x, 0)


def relu_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `relu` from its input x; the derivative at 0 is 0, as in TensorFlow."""
    return dy * (x > 0)  # As TensorFlow computes it, and many times faster than np.where.


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """exp(x) / sum exp(x) along `axis`, shifted by the maximum so that exp cannot overflow.

    Goodfellow et al. (2016), eq. 4.1 and section 6.2.2.3.
    """
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def softmax_backward(dy: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """dL/dx of `softmax` from its output y: y (dy - sum(dy y))."""
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))


@dataclass(frozen=True)
class Activation:
    """An activation as layers use it.

    Attributes:
        name: Keras' name.
        forward: z -> y.
        backward: (dy, z, y) -> dz; an activation takes of z and y what it needs.
    """

    name: str
    forward: Callable[[np.ndarray], np.ndarray]
    backward: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


_ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("linear", lambda z: z, lambda dy, _z, _y: dy),
        Activation("relu", relu, lambda dy, z, _y: relu_backward(dy, z)),
        Activation("softmax", softmax, lambda dy, _z, y: softmax_backward(dy, y)),
    )
}


def get(name: str | None) -> Activation:
    """Find an activation by Keras' name; None is "linear".

    Raises:
        ValueError: The name is unknown.
    """
    if name is None:
        return _ACTIVATIONS["linear"]
    if name not in _ACTIVATIONS:
        known = ", ".join(sorted(_ACTIVATIONS))
        raise ValueError(f"Unknown activation {name!r}; known are {known}.")
    return _ACTIVATIONS[name]
