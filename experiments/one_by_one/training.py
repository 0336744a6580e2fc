"""All variants learn side by side: the same batches, in turn, so that their times compare too."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

import keras
import numpy as np

import scratch
from experiments.lockstep import Batch, epoch_batches, predict_both, scratch_optimizer
from experiments.lockstep.sides import KerasSide, ScratchSide
from experiments.one_by_one.variants import Variant, keras_own, network
from experiments.signs import SignsData
from keras_models import to_scratch
from scratch.optimizers import through_float32

BATCH = 40
_LEARNING_RATE = 0.01
_LOSS = "sparse_categorical_crossentropy"


@dataclass(frozen=True)
class Trained:
    """One network after its training.

    Attributes:
        variant: Which.
        seed: Of its first weights and its batches.
        weights: The Keras network's, in its order.
        predicted: Twin ("Keras" or "scratch") -> the class that it reads in each test photograph.
        seconds: Twin -> the median time of a training step, in seconds.
    """

    variant: Variant
    seed: int
    weights: list[np.ndarray]
    predicted: dict[str, np.ndarray]
    seconds: dict[str, float]


def train(
    variants: Sequence[Variant],
    data: SignsData,
    *,
    seeds: Sequence[int],
    with_twin: Container[int],
    epochs: int,
    advance: Callable[[int], None],
) -> list[Trained]:
    """Train every variant from every seed; from one seed, step by step in turn.

    Adam on batches of 40, with a learning rate that falls from 0.01 to 0 along a cosine.

    Args:
        variants: Which networks.
        data: The photographs, scaled to 0..1 in float32.
        seeds: Of the first weights and of the batches.
        with_twin: The seeds in which the NumPy twins train as well, from the same weights.
        epochs: How often every training photograph is seen.
        advance: Called with 1 after every batch.

    Returns:
        Seed by seed, the variants in their order.
    """
    learners = [_Learner(variant) for variant in variants]
    steps = epochs * math.ceil(len(data.y_train) / BATCH)
    trained = []
    for seed in seeds:
        for learner in learners:
            learner.start(seed, seed in with_twin)
        batches = epoch_batches(
            data.x_train, data.y_train, epochs=epochs, seed=seed, batch_size=BATCH
        )
        # Each step has its rate: the last ones move little, so that moving statistics catch up.
        for number, batch in enumerate(batches):
            for learner in learners:
                learner.step(batch, (1 + math.cos(math.pi * number / steps)) / 2)
            advance(1)
        trained += [learner.finish(seed, data.x_test) for learner in learners]
    return trained


class _Learner:
    """A variant in training. Its graph is compiled once, and serves all seeds."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.model = network(variant)
        self.optimizer = keras.optimizers.Adam(_LEARNING_RATE)
        self.theirs = KerasSide(self.model, self.optimizer, _LOSS)

    def start(self, seed: int, with_twin: bool) -> None:
        """Begin again: the first weights of a seed, and an optimizer that remembers nothing."""
        keras.utils.set_random_seed(seed)
        self.model.set_weights(network(self.variant).get_weights())
        for variable in self.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        self.seconds: dict[str, list[float]] = {"Keras": []}
        self.twin: scratch.Model | None = None
        if with_twin:
            self.seconds["scratch"] = []
            self.twin = to_scratch(keras_own(self.variant, self.model.get_weights()))
            self.twin_optimizer = scratch_optimizer(keras.optimizers.Adam(_LEARNING_RATE))
            self.ours = ScratchSide(self.twin, self.twin_optimizer, _LOSS)

    def step(self, batch: Batch, share: float) -> None:
        """One step of each side, with this share of the learning rate."""
        rate = share * _LEARNING_RATE
        self.optimizer.learning_rate = rate
        self.seconds["Keras"].append(self.theirs.step(batch.x, batch.y).seconds)
        if self.twin is not None:
            self.twin_optimizer.learning_rate = through_float32(rate)
            self.seconds["scratch"].append(self.ours.step(batch.x, batch.y).seconds)

    def finish(self, seed: int, x: np.ndarray) -> Trained:
        """What has been learned, and what it reads in the photographs x, (N, 64, 64, 3)."""
        medians = {side: statistics.median(times) for side, times in self.seconds.items()}
        return Trained(self.variant, seed, self.model.get_weights(), self._read(x), medians)

    def _read(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """The class that each twin reads in the photographs x."""
        if self.twin is not None:
            ours, theirs = predict_both(self.twin, self.model, x, BATCH).classes
            return {"Keras": theirs, "scratch": ours}
        parts = [self.model(x[i : i + BATCH], training=False) for i in range(0, len(x), BATCH)]
        return {"Keras": np.concatenate(parts).argmax(axis=1)}
