"""The networks that are compared: one skeleton, and what stands behind its convolutions.

Every network is a chain of three 3x3 convolutions of stride 2 (12, 48 and 96 filters), a global
average pool and a classifier. The variants differ in what follows the second and the third of them
at the same resolution, and in whether a channel may see the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.layers import BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, Input, ReLU

FILTERS = (12, 48, 96)


@dataclass(frozen=True)
class Convolution:
    """A convolution with batch normalisation behind it.

    Attributes:
        kernel_size: Its side.
        divide: It has the stage's filters divided by this.
        relu: Whether a ReLU follows.
        apart: Whether every channel is convolved alone: groups = input channels.
    """

    kernel_size: int
    divide: int = 1
    relu: bool = True
    apart: bool = False


@dataclass(frozen=True)
class Variant:
    """One network.

    Attributes:
        name: What tables and figures call it.
        description: What follows the strided convolutions.
        strided: The convolution of stride 2 that begins each stage.
        after: What follows it, from the second stage on.
    """

    name: str
    description: str
    strided: Convolution
    after: tuple[Convolution, ...]


_MIXING, _APART = Convolution(3), Convolution(3, apart=True)

NONE = Variant("no 1x1", "3x3 convolutions of stride 2, nothing between them", _MIXING, ())
LINEAR = Variant(
    "1x1 linear", "each followed by a 1x1 without ReLU", _MIXING, (Convolution(1, relu=False),)
)
RELU = Variant("1x1 + ReLU", "each followed by a 1x1 with ReLU", _MIXING, (Convolution(1),))
SCALED = Variant(
    "apart, 1x1 scales",
    "channels convolved apart, the 1x1 only scales each",
    _APART,
    (Convolution(1, apart=True),),
)
MIXED = Variant(
    "apart, 1x1 mixes", "channels convolved apart, the 1x1 mixes them", _APART, (Convolution(1),)
)
DIRECT = Variant("3x3", "each followed by a 3x3 of as many filters", _MIXING, (Convolution(3),))
REDUCED = Variant(
    "1x1 before the 3x3",
    "as 3x3, with a 1x1 to a quarter of the channels before it",
    _MIXING,
    (Convolution(1, divide=4), Convolution(3)),
)
VARIANTS = (NONE, LINEAR, RELU, SCALED, MIXED, DIRECT, REDUCED)


@keras.saving.register_keras_serializable("convtwin")
class ChannelConv2D(Conv2D):
    """`Conv2D` with groups = input channels, by TensorFlow's depthwise kernel.

    The same sums of the same weights; Keras' own way to them on a CPU takes tens of times as long.
    """

    def call(self, inputs: Any) -> Any:
        """Convolve each channel of `inputs`, (N, H, W, C), with its own filters / C kernels."""
        height, width, _, filters = self.kernel.shape
        kernel = tf.reshape(self.kernel, (height, width, self.groups, filters // self.groups))
        return tf.nn.depthwise_conv2d(inputs, kernel, (1, *self.strides, 1), self.padding.upper())


def network(variant: Variant, apart: type[Conv2D] = ChannelConv2D) -> keras.Model:
    """The Keras network of a variant: 64x64x3 -> 6 probabilities.

    Args:
        variant: Which.
        apart: The class of the convolutions that keep channels apart: `ChannelConv2D` to train,
            Keras' `Conv2D` where the network is to be Keras' own.
    """
    x = image = Input((64, 64, 3), name="image")
    for stage, filters in enumerate(FILTERS, start=1):
        x = _normalised(x, variant.strided, filters, 2, f"{stage}", apart)
        for number, convolution in enumerate(variant.after if stage > 1 else (), start=1):
            x = _normalised(x, convolution, filters, 1, f"{stage}_{number}", apart)
    x = GlobalAveragePooling2D(name="average")(x)
    x = Dense(6, activation="softmax", name="classifier")(x)
    return keras.Model(image, x)


def keras_own(variant: Variant, weights: list[np.ndarray]) -> keras.Model:
    """A variant's network with Keras' own layers throughout, and these weights."""
    model = network(variant, Conv2D)
    model.set_weights(weights)
    return model


def _normalised(
    x: Any, convolution: Convolution, filters: int, strides: int, name: str, apart: type[Conv2D]
) -> Any:
    """A convolution, its normalisation and, where it has one, its ReLU."""
    kind = apart if convolution.apart else Conv2D
    x = kind(
        filters // convolution.divide,
        convolution.kernel_size,
        strides=strides,
        padding="same",
        groups=x.shape[-1] if convolution.apart else 1,
        use_bias=False,
        name=f"conv{name}",
    )(x)
    # 27 steps an epoch: with Keras' momentum of 0.99 the moving statistics would lag epochs behind.
    x = BatchNormalization(momentum=0.9, name=f"norm{name}")(x)
    return ReLU(name=f"relu{name}")(x) if convolution.relu else x
