"""A user's own layers on both sides, from registering them to the comparison's way back."""

import keras
import numpy as np
import pytest

from keras_models import UnsupportedLayerError, to_keras, to_scratch
from keras_models.weights import read_weights
from scratch import layers as scratch_layers
from tests.keras_models.samples import inputs_for, randomize
from tests.keras_models.test_weights import same_bits
from tests.scratch.layers.test_registry import forgotten, gain_class  # noqa: F401 - a fixture


class Gain(keras.Layer):
    """A learned factor for each channel."""

    def __init__(self, start=1.0, flavour="plain", **options):
        super().__init__(**options)
        self.start, self.flavour = start, flavour

    def build(self, input_shape):
        self.gain = self.add_weight(name="gain", shape=(input_shape[-1],), initializer="ones")

    def call(self, x):
        return x * self.gain

    def get_config(self):
        return {**super().get_config(), "start": self.start, "flavour": self.flavour}


class Undescribed(Gain):
    def get_config(self):
        raise NotImplementedError


class Demanding(Gain):
    def __init__(self, count, **options):
        super().__init__(**options)
        self.count = count

    def get_config(self):
        return {**super().get_config(), "count": self.count}


def with_layer(layer) -> keras.Model:
    image = keras.Input((4, 3))
    inner = keras.Sequential([keras.Input((4, 3)), layer], name="inner")
    return randomize(keras.Model(image, keras.layers.Flatten()(inner(image))))


def test_a_registered_layer_converts_with_its_options_and_weights():
    scratch_layers.register(gain_class())
    model = with_layer(Gain(0.25, name="own"))
    twin = to_scratch(model)
    layer = twin.get_layer("inner/own")
    assert layer.start == 0.25
    assert same_bits(read_weights(twin), read_weights(model))
    x = inputs_for(model)
    np.testing.assert_array_equal(twin.forward(x), model(x).numpy())


def test_a_class_of_another_name_is_found_by_that_of_keras():
    own = gain_class()
    own.__name__ = "ScratchGain"
    scratch_layers.register(own, name="Gain")
    assert type(to_scratch(with_layer(Gain(name="own"))).get_layer("inner/own")) is own


def test_the_way_back_goes_through_keras_own_registry(monkeypatch):
    scratch_layers.register(gain_class())
    model = with_layer(Gain(0.25, name="own"))
    twin = to_scratch(model)
    with pytest.raises(
        UnsupportedLayerError, match=r"'inner/own' \(Gain\): .*register_keras_serializable"
    ):
        to_keras(twin)
    monkeypatch.setitem(keras.saving.get_custom_objects(), "tests>Gain", Gain)
    back = to_keras(twin)
    x = inputs_for(model)
    np.testing.assert_array_equal(back(x).numpy(), model(x).numpy())
    assert same_bits(read_weights(back), read_weights(model))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: Gain(flavour="sour", name="own"), r"option flavour='sour' is not supported"),
        (lambda: Undescribed(name="own"), r"no get_config\. Define"),
        (lambda: Demanding(3, name="own"), r"too few .*'count'.*\. Give that class .* count"),
        (lambda: keras.layers.Lambda(lambda x: x, name="own"), r"Make its function a layer class"),
        (
            lambda: keras.layers.LSTM(3, name="own"),
            r'counterpart\. Register .*name="LSTM"\)\. Supported layers are Activation, Add, ',
        ),
    ],
)
def test_what_cannot_be_converted_says_what_to_do(layer, message):
    for name in ("Gain", "Undescribed", "Demanding"):
        scratch_layers.register(gain_class(), name=name)
    with pytest.raises(UnsupportedLayerError, match=rf"^Layer 'inner/own' \(.*{message}"):
        to_scratch(with_layer(layer()))


def test_weights_of_other_names_are_told():
    own = gain_class()
    own.build = lambda self, _shape: setattr(self, "built", True)
    scratch_layers.register(own)
    with pytest.raises(ValueError, match="left over in the source: inner/own/gain"):
        to_scratch(with_layer(Gain(name="own")))
