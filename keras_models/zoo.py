"""The study's networks in Keras, line for line parallel to `scratch/zoo.py`.

Every function takes `dtype` (None: the default one) and returns a fresh, uncompiled model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from keras import Input, Model, Sequential
from keras.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ReLU,
)

from keras_models.config import floatx, using_floatx

Builder = Callable[..., Model]

NETWORKS: dict[str, Builder] = {}


def network(build: Callable[[], Model]) -> Builder:
    """Enter `build` in NETWORKS and give it the argument `dtype`."""

    @functools.wraps(build)
    def build_in(dtype: str | None = None) -> Model:
        with using_floatx(dtype or floatx()):
            return build()

    NETWORKS[build.__name__] = build_in
    return build_in


@network
def signs_convnet() -> Model:
    """Source B's ConvNet for SIGNS: 1,310 parameters. 64x64x3 -> 6 probabilities."""
    return Sequential(
        [
            Input((64, 64, 3), name="image"),
            Conv2D(8, 4, padding="same", name="conv1"),
            ReLU(name="relu1"),
            MaxPooling2D(8, strides=8, padding="same", name="pool1"),
            Conv2D(16, 2, padding="same", name="conv2"),
            ReLU(name="relu2"),
            MaxPooling2D(4, strides=4, padding="same", name="pool2"),
            Flatten(name="flatten"),
            Dense(6, activation="softmax", name="classifier"),
        ],
        name="signs_convnet",
    )


@network
def signs_deep() -> Model:
    """Four normalised 3x3 blocks and a global average pool. 64x64x3 -> 6 probabilities.

    An epoch of SIGNS is 17 batches of 64: with Keras' momentum of 0.99 the moving statistics would
    lag six epochs behind the weights.
    """
    x = image = Input((64, 64, 3), name="image")
    for block, filters in enumerate((16, 32, 64, 128), start=1):
        x = Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{block}")(x)
        x = BatchNormalization(momentum=0.9, name=f"norm{block}")(x)
        x = ReLU(name=f"relu{block}")(x)
        x = MaxPooling2D(2, name=f"pool{block}")(x)
    x = GlobalAveragePooling2D(name="average")(x)
    x = Dense(6, activation="softmax", name="classifier")(x)
    return Model(image, x, name="signs_deep")


@network
def ng_example() -> Model:
    """Source C's network, 39x39x3 -> 37x37x10 -> 17x17x20 -> 7x7x40 -> 1960 -> 6 probabilities."""
    return Sequential(
        [
            Input((39, 39, 3), name="image"),
            Conv2D(10, 3, name="conv1"),
            ReLU(name="relu1"),
            Conv2D(20, 5, strides=2, name="conv2"),
            ReLU(name="relu2"),
            Conv2D(40, 5, strides=2, name="conv3"),
            ReLU(name="relu3"),
            Flatten(name="flatten"),
            Dense(6, activation="softmax", name="classifier"),
        ],
        name="ng_example",
    )


@network
def vgg_mini() -> Model:
    """Source D's stacks of convolution, activation and pooling. 64x64x3 -> 6 probabilities."""
    x = image = Input((64, 64, 3), name="image")
    for block, filters in enumerate((8, 16, 32), start=1):
        x = Conv2D(filters, 3, padding="same", name=f"conv{block}_1")(x)
        x = ReLU(name=f"relu{block}_1")(x)
        x = Conv2D(filters, 3, padding="same", name=f"conv{block}_2")(x)
        x = ReLU(name=f"relu{block}_2")(x)
        x = MaxPooling2D(2, name=f"pool{block}")(x)
    x = Flatten(name="flatten")(x)
    x = Dense(32, activation="relu", name="hidden")(x)
    x = Dense(6, activation="softmax", name="classifier")(x)
    return Model(image, x, name="vgg_mini")


def _conv_relu(x: Any, filters: int, kernel_size: int, name: str) -> Any:
    """A same-padded convolution and its activation."""
    x = Conv2D(filters, kernel_size, padding="same", name=f"conv_{name}")(x)
    return ReLU(name=f"relu_{name}")(x)


@network
def inception_3a_naive() -> Model:
    """GoogLeNet's block 3a without its 1x1 reductions (source E, 5-3). 28x28x192 -> 28x28x416."""
    x = Input((28, 28, 192), name="features")
    narrow = _conv_relu(x, 64, 1, name="1x1")
    middle = _conv_relu(x, 128, 3, name="3x3")
    wide = _conv_relu(x, 32, 5, name="5x5")
    pooled = MaxPooling2D(3, strides=1, padding="same", name="pool")(x)
    y = Concatenate(name="concatenate")([narrow, middle, wide, pooled])
    return Model(x, y, name="inception_3a_naive")


@network
def inception_3a() -> Model:
    """GoogLeNet's block 3a: 163,328 weights (source E, 5-3). 28x28x192 -> 28x28x256."""
    x = Input((28, 28, 192), name="features")
    narrow = _conv_relu(x, 64, 1, name="1x1")
    middle = _conv_relu(x, 96, 1, name="3x3_reduce")
    middle = _conv_relu(middle, 128, 3, name="3x3")
    wide = _conv_relu(x, 16, 1, name="5x5_reduce")
    wide = _conv_relu(wide, 32, 5, name="5x5")
    pooled = MaxPooling2D(3, strides=1, padding="same", name="pool")(x)
    pooled = _conv_relu(pooled, 32, 1, name="pool_project")
    y = Concatenate(name="concatenate")([narrow, middle, wide, pooled])
    return Model(x, y, name="inception_3a")


@network
def resnet_bottleneck() -> Model:
    """ResNet's bottleneck 256-64-64-256: 69,632 weights. 14x14x256 -> 14x14x256."""
    x = shortcut = Input((14, 14, 256), name="features")
    x = Conv2D(64, 1, use_bias=False, name="conv1")(x)
    x = BatchNormalization(name="norm1")(x)
    x = ReLU(name="relu1")(x)
    x = Conv2D(64, 3, padding="same", use_bias=False, name="conv2")(x)
    x = BatchNormalization(name="norm2")(x)
    x = ReLU(name="relu2")(x)
    x = Conv2D(256, 1, use_bias=False, name="conv3")(x)
    x = BatchNormalization(name="norm3")(x)
    x = Add(name="add")([x, shortcut])
    x = ReLU(name="relu3")(x)
    return Model(shortcut, x, name="resnet_bottleneck")
