"""Losses per sample, and the gradient of their mean."""

from __future__ import annotations

import numpy as np

from scratch.functional.softmax import softmax


def cross_entropy_from_logits(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """-sum_k t_k log softmax(logits)_k, by the log-sum-exp shifted by the maximum.

    Goodfellow et al. (2016), section 6.2.2.3: log and exp undo each other, nothing saturates.

    Args:
        logits: (N, K).
        labels: Class numbers (N,) or (N, 1), or one-hot or probabilities (N, K).

    Returns:
        (N,), in the logits' dtype.

    Raises:
        ValueError: Labels of another shape or not in 0..K-1.
    """
    targets = _targets(logits, labels)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return (targets * (log_sum - shifted)).sum(axis=1)


def cross_entropy_from_logits_backward(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """d(mean cross-entropy)/dlogits, (N, K): (softmax - targets) / N for targets that sum to 1."""
    targets = _targets(logits, labels)
    total = targets.sum(axis=1, keepdims=True)
    return (softmax(logits, axis=1) * total - targets) / len(logits)


def mean_squared_error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Mean of (y_pred - y_true)^2 over the last axis, in y_pred's dtype: (..., K) -> (...).

    Raises:
        ValueError: The shapes differ; a broadcast would compare every pair.
    """
    return np.square(_error(y_true, y_pred)).mean(axis=-1)


def mean_squared_error_backward(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """d(mean squared error over everything)/dy_pred, in y_pred's shape."""
    return _error(y_true, y_pred) * (2 / y_pred.size)


def _error(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    y_true = np.asarray(y_true, y_pred.dtype)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"mean_squared_error needs equal shapes: y_true {y_true.shape}, y_pred {y_pred.shape}."
        )
    return y_pred - y_true


def _targets(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Labels in any of the accepted forms -> probabilities (N, K) in the logits' dtype."""
    labels = np.asarray(labels)
    integers = np.issubdtype(labels.dtype, np.integer)
    count, classes = logits.shape
    if integers and labels.shape in {(count,), (count, 1)}:
        return _one_hot(labels.reshape(-1), classes, logits.dtype)
    if labels.shape == logits.shape:
        return labels.astype(logits.dtype)
    raise ValueError(
        f"Labels must be integers ({count},) or ({count}, 1), or probabilities {logits.shape} as "
        f"the logits; got {labels.dtype} {labels.shape}."
    )


def _one_hot(labels: np.ndarray, classes: int, dtype: np.dtype) -> np.ndarray:
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if outside.size:
        raise ValueError(
            f"Label {labels[outside[0]]} of sample {outside[0]} is outside 0..{classes - 1}: "
            f"there are {classes} classes."
        )
    targets = np.zeros((len(labels), classes), dtype)
    targets[np.arange(len(labels)), labels] = 1
    return targets
