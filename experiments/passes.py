"""One model's passes on either side, ready to be timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import scratch

FORWARD, BOTH = PASSES = ("forward", "forward + backward")
NUMPY, TENSORFLOW = IMPLEMENTATIONS = ("NumPy", "TensorFlow")

Runs = dict[str, Callable[[], Any]]


def scratch_runs(model: scratch.Model, x: np.ndarray, dy: np.ndarray) -> Runs:
    """Both passes of the NumPy model, each returning its arrays.

    Args:
        model: Any scratch model.
        x: Its input.
        dy: An upstream gradient, of its output's shape.
    """

    def both() -> Any:
        model.forward(x, training=True)
        return model.backward(dy), model.gradients

    return {FORWARD: lambda: model.predict_on_batch(x), BOTH: both}


def keras_runs(model: keras.Model, x: np.ndarray, dy: np.ndarray) -> Runs:
    """As `scratch_runs`, in TensorFlow's best form: compiled graphs, tensors on the device.

    A graph is compiled when it first runs. What is returned is read, without a copy, so that no run
    returns before it has ended.
    """
    image, upstream = tf.constant(x), tf.constant(dy)
    trained = [variable.value for variable in model.trainable_variables]
    names = [variable.path for variable in model.trainable_variables]

    def forward(images: tf.Tensor) -> tf.Tensor:
        return model(images, training=False)

    def both(images: tf.Tensor, gradient: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            y = model(images, training=True)
        return tape.gradient(y, [images, *trained], output_gradients=gradient)

    infer, train = tf.function(forward), tf.function(both)

    def read_both() -> Any:
        dx, *gradients = (np.asarray(tensor) for tensor in train(image, upstream))
        return dx, dict(zip(names, gradients, strict=True))

    return {FORWARD: lambda: np.asarray(infer(image)), BOTH: read_both}
