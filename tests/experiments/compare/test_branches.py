"""A network of branches that are pooled, resized, gated, reshaped, dropped and merged."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

from experiments.compare import compare_layers
from experiments.complexity import count
from keras_models import to_keras, to_scratch
from keras_models.config import using_floatx


@functools.cache
def network(dtype: str) -> keras.Model:
    keras.utils.set_random_seed(1)
    with using_floatx(dtype):
        x = image = keras.Input((13, 11, 3), name="image")
        x = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
        x = layers.Cropping2D(((1, 0), (0, 2)))(x)
        x = layers.SpatialDropout2D(0.3)(x)
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.Dense(6, activation="relu")(gate)
        x = layers.Multiply()([x, gate])
        x = layers.Add()([x, layers.GlobalMaxPooling2D()(x)])
        a = layers.UpSampling2D(2, interpolation="bilinear")(layers.MaxPooling2D(2)(x))
        a = layers.Resizing(12, 9)(a)
        b = layers.UpSampling2D((1, 3))(layers.AveragePooling2D((1, 3))(x))
        b = layers.Resizing(12, 9, interpolation="nearest", crop_to_aspect_ratio=True)(b)
        x = layers.Concatenate(axis=1)(
            [
                layers.Maximum()([a, b]),
                layers.Minimum()([a, b, x]),
                layers.Average()([a, b, gate]),
                layers.Subtract()([a, b]),
            ]
        )
        x = layers.Permute((2, 1, 3))(x)
        x = layers.Dropout(0.4, noise_shape=(None, 1, None, 6))(x)
        x = layers.Reshape((-1, 6))(x)
        x = layers.Dense(5)(x)
        x = layers.Concatenate()(
            [
                layers.GlobalMaxPooling1D()(layers.MaxPooling1D(3)(x)),
                layers.GlobalAveragePooling1D()(layers.AveragePooling1D(4, padding="same")(x)),
            ]
        )
        output = layers.Dense(4, activation="softmax")(x)
        return keras.Model(image, output, name="branches")


def batch(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).standard_normal((3, 13, 11, 3)).astype(dtype)
    return x, np.array([0, 1, 3])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_layer_departs(dtype: str, training: bool) -> None:
    model = network(dtype)
    found = compare_layers(to_scratch(model), model, *batch(dtype), training=training)
    assert found.ok, found.summary
    assert set(found.isolated.verdict) <= {"identical", "rounding"}


def test_both_twins_cost_the_same() -> None:
    model = network("float32")
    assert count(to_scratch(model)).totals == count(model).totals


def test_it_comes_back_from_keras_unchanged() -> None:
    model, (x, _) = network("float64"), batch("float64")
    back = to_scratch(to_keras(to_scratch(model)))
    np.testing.assert_array_equal(back.forward(x), to_scratch(model).forward(x))
