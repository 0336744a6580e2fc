"""What training reports besides the loss, and how batches add up to an epoch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """Share of predictions whose largest entry is the right class; of ties, the first, as Keras.

    Args:
        y_true: Class indices (...), or one-hot rows (..., classes).
        y_pred: Scores, probabilities or logits (..., classes).
    """
    labels = y_true if y_true.ndim == y_pred.ndim - 1 else y_true.argmax(axis=-1)
    return float(np.mean(y_pred.argmax(axis=-1) == labels))


METRICS = {"accuracy": accuracy}


def check_metrics(names: Iterable[str]) -> tuple[str, ...]:
    """The names, once each is a known metric.

    Raises:
        ValueError: A metric is unknown.
    """
    names = tuple(names)
    for name in names:
        if name not in METRICS:
            raise ValueError(f"Unknown metric {name!r}; known ones are {', '.join(METRICS)}.")
    return names


class WeightedMeans:
    """Running means of named values, each weighted by its batch's samples, as Keras' metrics."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._samples = 0

    def update(self, values: dict[str, float], samples: int) -> None:
        """Count the values of a batch of `samples`."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * samples
        self._samples += samples

    def result(self) -> dict[str, float]:
        """The means so far."""
        return {name: total / self._samples for name, total in self._sums.items()}
