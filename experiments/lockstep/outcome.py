"""What the trained twins say about the same photographs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

import scratch
from experiments.intervals import wilson


@dataclass(frozen=True)
class Predictions:
    """The probabilities of both twins for the same photographs.

    Attributes:
        scratch: (N, classes).
        keras: (N, classes).
    """

    scratch: np.ndarray
    keras: np.ndarray

    @property
    def classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The class that (scratch, Keras) reads in each photograph, (N,) each."""
        return self.scratch.argmax(axis=1), self.keras.argmax(axis=1)

    @property
    def disagreements(self) -> np.ndarray:
        """The numbers of the photographs in which the twins read different classes."""
        ours, theirs = self.classes
        return np.flatnonzero(ours != theirs)

    @property
    def largest_difference(self) -> float:
        """The largest difference between the twins' probabilities."""
        return float(np.abs(self.scratch - self.keras).max())


def predict_both(
    scratch_model: scratch.Model, keras_model: keras.Model, x: np.ndarray, batch_size: int = 64
) -> Predictions:
    """Let both models read the photographs x, (N, H, W, C)."""
    starts = range(0, len(x), batch_size)
    theirs = [keras_model(x[i : i + batch_size], training=False).numpy() for i in starts]
    return Predictions(scratch_model.predict(x, batch_size), np.concatenate(theirs))


def accuracy(predicted: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """How many of the predicted classes are right: `correct`, `accuracy`, `low`, `high`.

    The last two are the ends of the Wilson 95 % interval.
    """
    correct = int((predicted == y).sum())
    low, high = wilson(correct, len(y))
    return {"correct": correct, "accuracy": correct / len(y), "low": low, "high": high}


def confusion(predicted: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    """How many photographs of each class (row) were read as each class (column)."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (y, predicted), 1)
    return counts


def worth_seeing(predictions: Predictions, y: np.ndarray, a_row: int) -> np.ndarray:
    """At most two rows of photographs that a twin misread, then a row of right ones.

    Returns:
        Their numbers: first where the twins disagree, then where both are wrong, then right ones,
        every class in turn, until the last row is full.
    """
    ours, theirs = predictions.classes
    misread = np.flatnonzero((ours == theirs) & (ours != y))
    first = np.concatenate([predictions.disagreements, misread])[: 2 * a_row]
    right = np.flatnonzero((ours == y) & (theirs == y))
    earlier = np.array([(y[right][:i] == y[index]).sum() for i, index in enumerate(right)])
    in_turn = right[np.lexsort((y[right], earlier))]
    return np.concatenate([first, in_turn[: a_row + -len(first) % a_row]])
