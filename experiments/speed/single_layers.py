"""Single layers at work in both twins: 1x1 convolutions, max-pooling's backward, normalisation."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from experiments.signs import SignsData
from experiments.speed.convolution import Convolution, scratch_passes, tensorflow_passes
from experiments.speed.work import Build, Sides
from keras_models.zoo import NETWORKS
from scratch import functional as F  # noqa: N812 - the usual short name


def pointwise_layers(network: str, batch: int) -> dict[str, Convolution]:
    """The 1x1 convolutions of a network of the zoo, by name.

    Args:
        network: Its name.
        batch: How many images go through them.
    """
    return {
        layer.name: Convolution.of_layer(layer, batch)
        for layer in NETWORKS[network]().layers
        if isinstance(layer, layers.Conv2D) and layer.kernel_size == (1, 1)
    }


def convolutions(cases: Sequence[Convolution]) -> Build:
    """Both passes of some convolutions, each on tensors of its own, with all their gradients."""

    def build(_signs: SignsData, rng: np.random.Generator) -> Sides:
        drawn = [(case, case.draw(rng)) for case in cases]
        return Sides(
            lambda: [scratch_passes(case, tensors) for case, tensors in drawn],
            tensorflow_passes(drawn),
        )

    return build


def max_pool_backward(
    shape: tuple[int, int, int, int], pool_size: int, strides: int, padding: str
) -> Build:
    """The backward pass of max-pooling alone; the forward passes have run before.

    Args:
        shape: Of the images, (N, H, W, C).
        pool_size: Height and width of the window.
        strides: Steps between windows.
        padding: "valid" or "same".
    """

    def build(_signs: SignsData, rng: np.random.Generator) -> Sides:
        x = rng.standard_normal(shape).astype(np.float32)
        size, steps = (pool_size, pool_size), (strides, strides)
        y, argmax = F.max_pool2d(x, size, steps, padding)
        dy = rng.standard_normal(y.shape).astype(np.float32)
        given = tf.constant(x), tf.constant(y), tf.constant(dy)

        @tf.function
        def backward(images: tf.Tensor, outputs: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
            return tf.raw_ops.MaxPoolGrad(
                orig_input=images,
                orig_output=outputs,
                grad=gradient,
                ksize=(1, *size, 1),
                strides=(1, *steps, 1),
                padding=padding.upper(),
            )

        return Sides(
            lambda: F.max_pool2d_backward(dy, argmax, x.shape[1:3], size, steps, padding),
            lambda: np.asarray(backward(*given)),
        )

    return build


def batch_normalization(shape: tuple[int, int, int]) -> keras.Model:
    """A model of one batch normalisation.

    Args:
        shape: Of its images, (H, W, C).
    """
    return keras.Sequential([layers.Input(shape), layers.BatchNormalization()])
