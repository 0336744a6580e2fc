"""Layers that scale by given numbers, or by one learned for each channel, against Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from scratch.layers import CustomScaleLayer, LayerScale, Normalization, Rescaling
from tests.scratch.layers.harness import check_layer, random

IMAGE = (2, 5, 4, 3)
# Halves and quarters: Keras rounds other Python numbers to float32.
RESCALING = {
    "numbers": {"scale": 0.25, "offset": -1.5},
    "scale": {"scale": 2},
    "channels": {"scale": [0.5, 2.0, -4.0], "offset": [1.0, 0.25, 0.0]},
    "columns": {"scale": [[0.5], [2.0], [-4.0], [0.125]]},
}
NORMALIZATION = {
    "adapted": {},
    "inverse": {"invert": True},
    "channels": {"mean": [0.5, -1.0, 2.0], "variance": [4.0, 0.25, 0.0]},
    "inverse of channels": {"mean": [0.5, -1.0, 2.0], "variance": [4.0, 0.25, 0.0], "invert": True},
    "numbers": {"mean": 0.5, "variance": 2.0},
    "numbers for all": {"axis": None, "mean": 0.5, "variance": 2.0},
    "adapted for all": {"axis": None},
    "rows": {"axis": 1},
    "rows and channels": {"axis": (-1, 1)},
    "rows and channels that broadcast": {
        "axis": (1, 3), "mean": [0.5, -1.0, 2.0], "variance": [4.0, 0.25, 1.0],
    },
}  # fmt: skip


@pytest.mark.parametrize("options", RESCALING)
def test_rescaling(options):
    check_layer("Rescaling", IMAGE, **RESCALING[options])


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("options", NORMALIZATION)
def test_normalization(options, training):
    check_layer("Normalization", IMAGE, training=training, **NORMALIZATION[options])


def test_normalization_of_rows():
    check_layer("Normalization", (5, 4))


@pytest.mark.parametrize("shape", [IMAGE, (7, 3)], ids=str)
def test_layer_scale(shape):
    check_layer("LayerScale", shape, init_values=1e-3, projection_dim=3)


@pytest.mark.parametrize("shape", [IMAGE, (1, 6)], ids=str)
def test_custom_scale(shape):
    check_layer("CustomScaleLayer", shape, shape, scale=0.17)


def test_an_adapted_layer_standardizes_its_data():
    """Keras' adapt on the data, its weights copied: mean 0 and variance 1 come out."""
    x = np.random.default_rng(0).normal(5, 3, (40, 3)).astype("float32")
    theirs = keras.layers.Normalization()
    theirs.adapt(x)
    ours = Normalization()
    ours.build((None, 3))
    for weight, variable in zip(ours.weights.values(), theirs.weights, strict=True):
        weight[...] = np.asarray(variable)
    y = ours.forward(x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(y, theirs(tf.constant(x)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Rescaling([1, 2], name="mine"), (2, 3), r"scale of shape \(2,\) does not broadcast"),
        (Rescaling(1, [[[1.0]]], name="mine"), (2, 3), "offset of shape"),
        (Rescaling(np.ones((2, 1)), name="mine"), (None, 1), "scale of shape"),
        (Normalization(name="mine"), (2, None), "must be known"),
        (Normalization(axis=2, name="mine"), (2, 3), r"have no axis 2"),
        (
            Normalization(mean=[1, 2], variance=[1, 2], name="mine"),
            (2, 3),
            "do not fit inputs of shape",
        ),
        (LayerScale(1.0, 4, name="mine"), (2, 3), "scales 4 channels"),
        (CustomScaleLayer(0.1, name="mine"), [(2, 3), (2, 4)], "two inputs of one shape"),
        (CustomScaleLayer(0.1, name="mine"), [(2, 3)] * 3, "two inputs of one shape"),
    ],
)
def test_what_does_not_fit_is_named(layer, shape, message):
    with pytest.raises(ValueError, match=f"'mine'.*{message}"):
        layer.compute_output_shape(shape)


def test_statistics_are_given_together():
    with pytest.raises(ValueError, match="both be given"):
        Normalization(mean=1.0)
    with pytest.raises(ValueError, match="both be given"):
        Normalization(mean=1.0, variance=[1.0])


def test_scales_are_numbers():
    with pytest.raises(ValueError, match="scale must be a number"):
        Rescaling("large")


def test_no_dtype_is_changed():
    x = random(IMAGE, "float32", 0)
    for layer in (Rescaling(1 / 3, 0.1), Normalization(mean=0.1, variance=0.3)):
        assert layer.forward(x).dtype == layer.backward(x).dtype == np.float32
