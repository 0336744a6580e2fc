"""One training step on either side: loss, gradients, and the time it took."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

import scratch
from keras_models.weights import keras_variables
from scratch.optimizers import Optimizer

Tensors = dict[str, np.ndarray]


class Taken(NamedTuple):
    """What a step came to: the loss before it, its gradients by "layer/weight", its time."""

    loss: float
    gradients: Tensors
    seconds: float


class ScratchSide:
    """The NumPy model with its optimizer.

    Args:
        model: Compiled by this.
        optimizer: Without any update behind it.
        loss: A loss name that both sides know.
    """

    def __init__(self, model: scratch.Model, optimizer: Optimizer, loss: str) -> None:
        model.compile(optimizer, loss)
        self.model = model

    def step(self, x: np.ndarray, y: np.ndarray) -> Taken:
        """Forward, backward, update."""
        began = time.perf_counter()
        loss = self.model.train_step(x, y)["loss"]
        seconds = time.perf_counter() - began
        return Taken(loss, self.model.gradients, seconds)

    @property
    def weights(self) -> Tensors:
        """Every weight by "layer/weight"; the arrays themselves."""
        return self.model.weights


class KerasSide:
    """The Keras model with its optimizer: one graph for the whole step, one for each batch shape.

    The loss goes through Keras' own loss function, which takes the logits where the model ends in
    softmax, as `keras.Model.fit` does.

    Args:
        model: A built Sequential or Functional model.
        optimizer: Without any update behind it.
        loss: A loss name that both sides know.

    Attributes:
        compiled: The step itself: tensors (x, y) -> loss, gradients by "layer/weight".
    """

    def __init__(self, model: keras.Model, optimizer: keras.Optimizer, loss: str) -> None:
        self.variables = keras_variables(model)
        self.trained = {key: v for key, v in self.variables.items() if v.trainable}
        optimizer.build(list(self.trained.values()))
        self.optimizer = optimizer
        self.compiled = _compiled_step(model, self.trained, optimizer, keras.losses.get(loss))
        self._by_shape: dict[tuple[int, ...], Any] = {}

    def step(self, x: np.ndarray, y: np.ndarray) -> Taken:
        """Forward, backward, update."""
        inputs, targets = tf.constant(x), tf.constant(y)
        if x.shape not in self._by_shape:
            self._by_shape[x.shape] = self.compiled.get_concrete_function(inputs, targets)
        began = time.perf_counter()
        loss, gradients = self._by_shape[x.shape](inputs, targets)
        value = float(loss)  # waits for the step to end
        seconds = time.perf_counter() - began
        return Taken(value, {key: g.numpy() for key, g in gradients.items()}, seconds)

    @property
    def weights(self) -> Tensors:
        """Every weight by "layer/weight"; copies."""
        return {key: np.asarray(v).copy() for key, v in self.variables.items()}


def _compiled_step(
    model: keras.Model, trained: dict[str, Any], optimizer: keras.Optimizer, loss: Any
) -> Any:
    """A graph function (x, y) -> loss and gradients by name, which also updates the weights."""

    @tf.function
    def step(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        with tf.GradientTape() as tape:
            # Not keras.Loss.__call__: its instances compute in float32 unless told otherwise.
            value = tf.reduce_mean(loss(y, model(x, training=True)))
            value += sum(model.losses)  # the penalties of regularizers
        gradients = tape.gradient(value, {key: v.value for key, v in trained.items()})
        optimizer.apply([gradients[key] for key in trained], list(trained.values()))
        return value, gradients

    return step
