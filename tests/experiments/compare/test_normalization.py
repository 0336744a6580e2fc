"""Every option of every layer that normalizes or scales: both dtypes, both modes, and back."""

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from experiments.compare import compare_layers
from keras_models import copy_weights, to_keras, to_scratch
from keras_models.config import using_floatx
from scratch.serialization import load_model, save_model
from tests.experiments.compare.twins import CLEAN

CHANNELS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def normalizers() -> keras.Model:
    image = keras.Input((8, 7, 6))
    x = layers.BatchNormalization(axis=1, moving_variance_initializer="ones")(image)
    x = layers.BatchNormalization(axis=-2, center=False)(x)
    x = layers.BatchNormalization(scale=False, gamma_initializer="zeros")(x)
    x = layers.LayerNormalization()(x)
    x = layers.LayerNormalization(axis=[1, 2])(x)
    x = layers.LayerNormalization(axis=(1, -1), center=False, epsilon=1e-5)(x)
    x = layers.LayerNormalization(scale=False, beta_initializer="ones")(x)
    x = layers.LayerNormalization(rms_scaling=True)(x)
    x = layers.GroupNormalization(3)(x)
    x = layers.GroupNormalization(-1, center=False)(x)
    x = layers.GroupNormalization(2, axis=1, scale=False)(x)
    x = layers.Dense(4, activation="softmax")(layers.Flatten()(x))
    return keras.Model(image, x)


def scales() -> keras.Model:
    image = keras.Input((8, 7, 6))
    x = layers.Rescaling(1 / 255, offset=0.1)(image)
    x = layers.Rescaling(CHANNELS, offset=CHANNELS)(x)
    x = layers.Rescaling(np.array(CHANNELS))(x)
    x = layers.Normalization()(x)
    x = layers.Normalization(axis=[1, 3], invert=True)(x)
    x = layers.Normalization(mean=CHANNELS, variance=CHANNELS)(x)
    x = layers.Normalization(axis=None, mean=0.3, variance=0.7, invert=True)(x)
    y = LayerScale(0.1, 6)(x)
    y = LayerScale(0.2, 6)(y)
    x = CustomScaleLayer(0.17)([x, y])
    x = layers.Dense(4, activation="softmax")(layers.Flatten()(x))
    return keras.Model(image, x)


def built(function, dtype: str) -> keras.Model:
    """With weights that are not their initial ones, and adapted."""
    rng = np.random.default_rng(0)
    keras.backend.clear_session()  # So that names are the same.
    with using_floatx(dtype):
        keras.utils.set_random_seed(0)
        model = function()
    for layer in model.layers:
        if isinstance(layer, layers.Normalization) and layer.input_mean is None:
            layer.adapt(rng.normal(3, 2, (5, *layer.input.shape[1:])).astype(dtype))
        else:
            moved = (w + 0.1 * rng.random(w.shape).astype(dtype) for w in layer.get_weights())
            layer.set_weights(list(moved))
    return model


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [normalizers, scales])
def test_all_options(function, dtype: str, training: bool) -> None:
    model = built(function, dtype)
    x = 100 * np.random.default_rng(1).standard_normal((3, 8, 7, 6)).astype(dtype)
    twin = to_scratch(model)
    for other in (model, to_keras(twin)):
        found = compare_layers(twin, other, x, np.array([0, 1, 3]), training=training)
        assert found.ok, found.summary
        assert set(found.isolated.verdict) <= CLEAN


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.parametrize("function", [normalizers, scales])
def test_weights_go_there_and_back(function, tmp_path) -> None:
    model = built(function, "float32")
    twin = to_scratch(model)
    save_model(twin, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    other = built(function, "float32")
    copy_weights(again, other)
    x = np.random.default_rng(1).standard_normal((3, 8, 7, 6)).astype("float32")
    np.testing.assert_array_equal(other(x), model(x))


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_frozen_normalization(dtype: str) -> None:
    model = built(normalizers, dtype)
    for layer in model.layers[:6]:
        layer.trainable = False
    x = np.random.default_rng(1).standard_normal((3, 8, 7, 6)).astype(dtype)
    found = compare_layers(to_scratch(model), model, x, np.array([0, 1, 3]))
    assert found.ok, found.summary
