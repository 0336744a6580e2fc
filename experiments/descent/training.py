"""Both twins descend by one method, from the same weights over the same batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

import keras_models.zoo
import scratch.zoo
from experiments.descent.method import LOSS, Method
from experiments.lockstep import (
    Batch,
    Record,
    Step,
    epoch_batches,
    lockstep,
    predict_both,
    scratch_optimizer,
)
from experiments.signs import SignsData
from keras_models.convert import copy_weights
from scratch import config
from scratch.losses import SparseCategoricalCrossentropy

TWINS = ("scratch", "Keras")
COST = SparseCategoricalCrossentropy()


class Descent(NamedTuple):
    """One method, from one seed.

    Attributes:
        method: How the steps were taken.
        seed: Of the initial weights and of the batches.
        course: One row for each twin and each step after which the cost over the whole training
            set was computed: twin, step, epoch, seconds, cost, accuracy.
        seconds: Twin -> the seconds of every step.
    """

    method: Method
    seed: int
    course: pd.DataFrame
    seconds: dict[str, np.ndarray]


def descend(
    data: SignsData,
    method: Method,
    *,
    epochs: int,
    seed: int,
    looks: set[int],
    advance: Callable[[float], None],
) -> Descent:
    """Train signs_convnet and its twin with plain SGD.

    Args:
        data: Scaled photographs; their dtype is the networks'.
        method: How the steps are taken.
        epochs: Passes over the training set.
        seed: Of the initial weights and of the batches.
        looks: Steps after which the cost over the whole training set is computed, besides step 0,
            the ends of epochs 1, 2, 3, 4, 6, 8, 12, ... and the last step. It takes no time of a
            twin's.
        advance: Called after each step.
    """
    photographs = len(data.y_train)
    an_epoch = method.steps_an_epoch(photographs)
    ends = {an_epoch * part * 2**k for k in range(epochs.bit_length()) for part in (1, 3)}
    models = twins(seed, data.x_train.dtype.name)
    watch = _Watch(*models, data, looks | ends | {epochs * an_epoch}, an_epoch)
    watch.look()

    def observe(step: Step) -> None:
        watch(step)
        advance(1)

    steps = train(*models, batches_of(data, method, epochs, seed), method, observe).steps
    seconds = {twin: steps[f"seconds_{twin.lower()}"].to_numpy() for twin in TWINS}
    return Descent(method, seed, pd.DataFrame(watch.rows), seconds)


def float64_difference(data: SignsData, method: Method, *, steps: int, seed: int) -> float:
    """How far apart any weight of the twins is at most, in the first `steps` steps.

    Args:
        data: Photographs scaled in float64.
        method: How the steps are taken.
        steps: How many.
        seed: Of the initial weights and of the batches.
    """
    epochs = -(-steps // method.steps_an_epoch(len(data.y_train)))
    batches = itertools.islice(batches_of(data, method, epochs, seed), steps)
    record = train(*twins(seed, "float64"), batches, method)
    return float(record.steps.weight_difference.max())


def twins(seed: int, dtype: str) -> tuple[scratch.Model, keras.Model]:
    """signs_convnet in NumPy and in Keras, with the same initial weights."""
    config.set_random_seed(seed)
    ours = scratch.zoo.signs_convnet(dtype)
    theirs = keras_models.zoo.signs_convnet(dtype)
    copy_weights(ours, theirs)
    return ours, theirs


def train(
    ours: scratch.Model,
    theirs: keras.Model,
    batches: Iterable[Batch],
    method: Method,
    observe: Callable[[Step], None] | None = None,
) -> Record:
    """Plain SGD on both sides, at the method's learning rate."""
    optimizer = keras.optimizers.SGD(method.learning_rate)
    return lockstep(
        ours, theirs, batches, scratch_optimizer(optimizer), optimizer, loss=LOSS, observe=observe
    )


def batches_of(data: SignsData, method: Method, epochs: int, seed: int) -> Iterator[Batch]:
    """The method's batches, the same for both twins; see `epoch_batches`."""
    size = method.batch_size(len(data.y_train))
    return epoch_batches(data.x_train, data.y_train, epochs=epochs, seed=seed, batch_size=size)


class _Watch:
    """Looks at the whole training set after chosen steps.

    Attributes:
        rows: See `Descent.course`.
    """

    def __init__(
        self,
        ours: scratch.Model,
        theirs: keras.Model,
        data: SignsData,
        looks: set[int],
        steps_an_epoch: int,
    ) -> None:
        self.models, self.data, self.looks = (ours, theirs), data, looks
        self.steps_an_epoch = steps_an_epoch
        self.seconds = dict.fromkeys(TWINS, 0.0)
        self.rows: list[dict[str, Any]] = []

    def __call__(self, step: Step) -> None:
        """Count a step's seconds, and look if it is one of those chosen."""
        self.seconds["scratch"] += step.seconds_scratch
        self.seconds["Keras"] += step.seconds_keras
        if step.step in self.looks:
            self.look(step.step)

    def look(self, step: int = 0) -> None:
        """Add a row for each twin."""
        both = predict_both(*self.models, self.data.x_train)
        for twin, probabilities in zip(TWINS, (both.scratch, both.keras), strict=True):
            y = self.data.y_train
            self.rows.append(
                {
                    "twin": twin,
                    "step": step,
                    "epoch": step / self.steps_an_epoch,
                    "seconds": self.seconds[twin],
                    "cost": COST(y, probabilities),
                    "accuracy": float((probabilities.argmax(axis=1) == y).mean()),
                }
            )
