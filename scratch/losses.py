"""What training minimises: Keras' losses, each with the gradient of its mean over the batch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scratch.functional.losses import (
    cross_entropy_from_logits,
    cross_entropy_from_logits_backward,
    mean_squared_error,
    mean_squared_error_backward,
)

# keras.config.epsilon(): probabilities are kept this far from 0 and 1 before their logarithm.
_EPSILON = 1e-7


@dataclass(frozen=True)
class Loss:
    """Base of all losses; the reduction is the mean over the batch (Keras' default)."""

    def __call__(self, y_true: np.ndarray, y_pred: np.ndarray) -> float:
        """The loss of a batch, computed in y_pred's dtype.

        Raises:
            ValueError: The targets do not fit y_pred, or are not what the loss takes.
        """
        return float(self.per_sample(y_true, y_pred).mean())

    def per_sample(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """The loss of each sample, in y_pred's dtype; the batch's loss is their mean."""
        raise NotImplementedError

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """dL/dy_pred of the batch's loss, with y_pred's shape and dtype."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy with class numbers as targets, (N,) or (N, 1).

    From probabilities p, Keras takes log(clip(p)) for logits: the softmax that follows divides by
    the sum of the clipped p. So the loss of p not summing to 1 is that of p / sum(p), and the
    gradient is (1 / sum(p) - t / p) / N, not -t / p / N. Outside the clip it is zero.

    Args:
        from_logits: Whether y_pred (N, K) holds logits instead of probabilities.
    """

    from_logits: bool = False

    def per_sample(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """-log of the true class' probability, (N,)."""
        labels = _class_numbers(y_true, y_pred)
        logits = y_pred if self.from_logits else np.log(_clip(y_pred))
        return cross_entropy_from_logits(logits, labels)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """dL/dy_pred, (N, K)."""
        labels = _class_numbers(y_true, y_pred)
        if self.from_logits:
            return cross_entropy_from_logits_backward(y_pred, labels)
        clipped = _clip(y_pred)
        d_log = cross_entropy_from_logits_backward(np.log(clipped), labels)
        return np.where(clipped == y_pred, d_log / clipped, 0)


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """Cross-entropy with one-hot targets (or class probabilities), (N, K).

    From probabilities p, Keras first divides by sum(p), then clips; where the quotient is outside
    the clip no gradient passes through it.

    Args:
        from_logits: Whether y_pred (N, K) holds logits instead of probabilities.
    """

    from_logits: bool = False

    def per_sample(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """-sum_k t_k log p_k, (N,)."""
        targets = _class_probabilities(y_true, y_pred)
        if self.from_logits:
            return cross_entropy_from_logits(y_pred, targets)
        normalised = y_pred / y_pred.sum(axis=1, keepdims=True)
        return -(targets * np.log(_clip(normalised))).sum(axis=1)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """dL/dy_pred, (N, K)."""
        targets = _class_probabilities(y_true, y_pred)
        if self.from_logits:
            return cross_entropy_from_logits_backward(y_pred, targets)
        total = y_pred.sum(axis=1, keepdims=True)
        normalised = y_pred / total
        clipped = _clip(normalised)
        d_normalised = np.where(clipped == normalised, -targets / clipped / len(y_pred), 0)
        return (d_normalised - (d_normalised * normalised).sum(axis=1, keepdims=True)) / total


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean of (y_pred - y_true)^2 over everything, for targets shaped as y_pred."""

    def per_sample(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Mean over the last axis."""
        return mean_squared_error(_finite(y_true), y_pred)

    def gradient(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """2 (y_pred - y_true) / size, shaped as y_pred."""
        return mean_squared_error_backward(_finite(y_true), y_pred)


_BY_NAME: dict[str, type[Loss]] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
}


def get(identifier: str | dict[str, Any] | Loss) -> Loss:
    """The loss that `identifier` stands for.

    Args:
        identifier: Keras' name for it ("mse", "categorical_crossentropy", "MeanSquaredError"), an
            instance, or a config `{"class_name": ..., "config": {...}}`.

    Raises:
        ValueError: Nothing of that name.
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        identifier = {"class_name": identifier}
    known = _BY_NAME | {cls.__name__: cls for cls in _BY_NAME.values()}
    name = identifier.get("class_name") if isinstance(identifier, dict) else identifier
    if not isinstance(identifier, dict) or name not in known:
        raise ValueError(f"Unknown loss {name!r}; known ones are {', '.join(_BY_NAME)}.")
    return known[name](**identifier.get("config", {}))


def _clip(probabilities: np.ndarray) -> np.ndarray:
    return np.clip(probabilities, _EPSILON, 1.0 - _EPSILON)


def _finite(y_true: np.ndarray) -> np.ndarray:
    y_true = np.asarray(y_true)
    if not np.isfinite(y_true).all():
        raise ValueError(
            f"Targets hold NaN or infinity at {tuple(np.argwhere(~np.isfinite(y_true))[0])}."
        )
    return y_true


def _class_numbers(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Whole numbers of any dtype as integers (N,); their range is the functional's to check."""
    y_true = _finite(y_true)
    if y_pred.ndim != 2 or y_true.shape not in {(len(y_pred),), (len(y_pred), 1)}:
        raise ValueError(
            "Sparse cross-entropy needs class numbers (N,) or (N, 1) and y_pred (N, K): "
            f"y_true {y_true.shape}, y_pred {y_pred.shape}."
        )
    labels = y_true.astype(np.int64)
    if (labels != y_true).any():
        raise ValueError(
            f"Class numbers must be whole, got {y_true[labels != y_true][0]}; one-hot or soft "
            "labels are for categorical_crossentropy."
        )
    return labels.reshape(-1)


def _class_probabilities(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Targets (N, K) in y_pred's dtype, each row a distribution over the classes."""
    y_true = _finite(y_true)
    if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
        raise ValueError(
            "Categorical cross-entropy needs one-hot targets (N, K) and y_pred (N, K): "
            f"y_true {y_true.shape}, y_pred {y_pred.shape}."
        )
    wrong = (y_true < 0).any(axis=1) | (np.abs(y_true.sum(axis=1) - 1) > 1e-5)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"Each row of one-hot targets must be >= 0 and sum to 1; row {row} is {y_true[row]}."
        )
    return y_true.astype(y_pred.dtype)
