"""Twins with every kind of convolution: no fault, in both modes and dtypes, with all options."""

import keras
import pytest
from keras import layers

from tests.experiments.compare.twins import CLEAN, twins


def images() -> keras.Model:
    """Every option of the image convolutions that Keras computes in either dtype."""
    x = image = keras.Input((11, 9, 3), name="image")
    x = layers.DepthwiseConv2D((3, 2), padding="same", depth_multiplier=2, name="wide")(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu", name="strided")(x)
    x = layers.DepthwiseConv2D(2, dilation_rate=2, use_bias=False, name="dilated")(x)
    x = layers.Conv2DTranspose(5, (4, 3), strides=(2, 3), padding="same", name="up")(x)
    x = layers.Conv2DTranspose(4, 2, strides=2, output_padding=(1, 0), name="padded")(x)
    x = layers.SeparableConv2D(
        6, (2, 3), strides=2, padding="same", depth_multiplier=2, activation="relu", name="apart",
    )(x)  # fmt: skip
    x = layers.DepthwiseConv2D(3, strides=2, dilation_rate=2, padding="same", name="both")(x)
    x = layers.Conv2D(12, (3, 2), groups=6, padding="same", name="channels")(x)
    x = layers.Conv2D(8, 2, groups=2, strides=(2, 1), name="groups")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(image, layers.Dense(4, activation="softmax", name="end")(x), name="images")


def sequences() -> keras.Model:
    """Every option of the convolutions of sequences."""
    x = steps = keras.Input((19, 3), name="steps")
    x = layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu", name="past")(x)
    x = layers.Conv1D(6, 4, strides=2, padding="same", groups=2, name="groups")(x)
    x = layers.DepthwiseConv1D(3, depth_multiplier=2, padding="same", name="wide")(x)
    x = layers.DepthwiseConv1D(2, strides=2, dilation_rate=2, use_bias=False, name="both")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(steps, layers.Dense(4, activation="softmax", name="end")(x), name="steps")


def float32_alone() -> keras.Model:
    """What TensorFlow computes on a CPU in float32 only."""
    x = image = keras.Input((11, 9, 3), name="image")
    x = layers.DepthwiseConv2D(3, strides=(2, 1), padding="same", name="unequal")(x)
    x = layers.SeparableConv2D(4, 2, strides=(1, 2), name="unequal_apart")(x)
    x = layers.Conv2DTranspose(5, (2, 3), dilation_rate=(3, 2), name="dilated")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(image, layers.Dense(4, activation="softmax", name="end")(x))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [images, sequences])
def test_every_kind_of_convolution(function, dtype: str, training: bool) -> None:
    found = twins(function, dtype).compare(training=training)
    assert found.ok, found.summary
    assert set(found.table.verdict) <= {*CLEAN, "flip"}


@pytest.mark.parametrize("training", [True, False])
def test_what_tensorflow_has_in_float32_alone(training: bool) -> None:
    found = twins(float32_alone, "float32").compare(training=training)
    assert found.ok, found.summary
    assert set(found.table.verdict) <= {*CLEAN, "flip"}
