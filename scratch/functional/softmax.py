"""Softmax and its logarithm."""

from __future__ import annotations

import numpy as np

Axis = int | tuple[int, ...]


def softmax(x: np.ndarray, axis: Axis = -1) -> np.ndarray:
    """exp(x) / sum exp(x) along one or several axes.

    Shifted by the maximum, so that exp cannot overflow:
        Goodfellow et al. (2016), eq. 4.1 and section 6.2.2.3.
    """
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def softmax_backward(dy: np.ndarray, y: np.ndarray, axis: Axis = -1) -> np.ndarray:
    """dL/dx of `softmax` from its output y: y (dy - sum(dy y))."""
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))


def log_softmax(x: np.ndarray, axis: Axis = -1) -> np.ndarray:
    """Logarithm of `softmax`, by the log-sum-exp shifted by the maximum: nothing saturates."""
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def log_softmax_backward(dy: np.ndarray, y: np.ndarray, axis: Axis = -1) -> np.ndarray:
    """dL/dx of `log_softmax` from its output y: dy - exp(y) sum(dy)."""
    return dy - np.exp(y) * dy.sum(axis=axis, keepdims=True)
