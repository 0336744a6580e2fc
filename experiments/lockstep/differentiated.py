"""What a training step differentiates: both models up to the logits, under their loss."""

from __future__ import annotations

import keras
import numpy as np

import scratch
from experiments.compare import Comparison, compare_layers
from keras_models.convert import copy_weights, to_keras, to_scratch
from keras_models.probe import Probe, probe
from scratch import losses
from scratch.objective import objective


class Differentiated:
    """The twins as a step sees them: where they end in softmax under cross-entropy, without it.

    Args:
        scratch_model: The NumPy model.
        keras_model: Its twin.
        loss: A loss name that both sides know.
    """

    def __init__(self, scratch_model: scratch.Model, keras_model: keras.Model, loss: str) -> None:
        wanted = objective(scratch_model, losses.get(loss))
        self.ours = wanted.network
        self.source = self.theirs = keras_model
        if self.ours is not scratch_model:
            twin = to_scratch(keras_model)
            self.theirs = to_keras(objective(twin, losses.get(loss)).network)
        options = {"class_name": type(wanted.loss).__name__, "config": wanted.loss.get_config()}
        self.loss = keras.losses.get(options)

    def compare(self, x: np.ndarray, y: np.ndarray) -> Comparison:
        """Every layer on its own, from the Keras side's weights."""
        self._take_weights()
        return compare_layers(self.ours, self.theirs, x, y, loss=self.loss)

    def probe(self, x: np.ndarray, y: np.ndarray) -> Probe:
        """What the Keras side's layers are given and compute in a step."""
        self._take_weights()
        return probe(self.theirs, x, y, self.loss)

    def _take_weights(self) -> None:
        if self.theirs is not self.source:
            copy_weights(self.source, self.theirs)
