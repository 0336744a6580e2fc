"""Keras' gradients of one layer call, by its own tape."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from experiments.compare.recording import named_tensors
from experiments.derivatives import Array
from experiments.gradients.subject import Tensors
from keras_models.layer_state import weight_name
from scratch.functional import Pads


def keras_tensors(
    layer: keras.Layer,
    inputs: Sequence[Array],
    dy: Array,
    training: bool,
    pads: Pads | None = None,
) -> Tensors:
    """Output and gradients of sum(dy * output), named as in the comparison's table.

    Args:
        layer: A built Keras layer.
        inputs: One array, or several for a layer that merges.
        dy: dL/doutput.
        training: The mode.
        pads: Zeros to put around the image first: (top, bottom, left, right).
    """
    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        arguments = [_padded(x, pads) for x in tensors] if pads else tensors
        output = layer(arguments if len(arguments) > 1 else arguments[0], training=training)
    weights = {weight_name(layer, v): v.value for v in layer.trainable_weights}
    grad_inputs, grad_weights = tape.gradient(
        output, (tensors, weights), output_gradients=tf.constant(dy)
    )
    return named_tensors(
        output.numpy(),
        [gradient.numpy() for gradient in grad_inputs],
        {name: gradient.numpy() for name, gradient in grad_weights.items()},
    )


def _padded(x: tf.Tensor, pads: Pads) -> tf.Tensor:
    top, bottom, left, right = pads
    return tf.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
