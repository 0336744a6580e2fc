"""A user's own layers: found by files under their names."""

import numpy as np
import pytest

import scratch
from scratch.arrays_file import SerializationError
from scratch.initializers import get
from scratch.layers import Dense, Input, Layer, ReLU, register
from scratch.layers.registry import layer_named, registered


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """What a test registers is not known to the next."""
    monkeypatch.setattr("scratch.layers.registry._registered", {})


def gain_class():
    class Gain(Layer):
        """A learned factor for each channel."""

        def __init__(self, start=1.0, *, name=None, dtype=None):
            super().__init__(name=name, dtype=dtype)
            self.start = start

        def build(self, input_shape):
            self.add_weight("gain", (input_shape[-1],), get("ones"))
            super().build(input_shape)

        def forward(self, x, training=False):
            self._prepare(x)
            self.cache = x
            return x * self.weights["gain"]

        def backward(self, dy):
            self.gradients["gain"] = (dy * self.cache).sum(axis=tuple(range(dy.ndim - 1)))
            return dy * self.weights["gain"]

        def compute_output_shape(self, input_shape):
            return tuple(input_shape)

        def get_config(self):
            return {"start": self.start, **super().get_config()}

    return Gain


def test_a_file_with_a_registered_layer_is_read(tmp_path):
    gain = register(gain_class())
    model = scratch.Sequential([Input((3,)), gain(0.5, name="gain"), Dense(2, name="end")])
    model.weights["gain/gain"][...] = [3.0, -1.0, 0.25]
    model.save(tmp_path / "model")
    again = scratch.load_model(tmp_path / "model")
    assert type(again.get_layer("gain")) is gain
    assert again.get_config() == model.get_config()
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(again.forward(x), model.forward(x))


def test_a_file_with_an_unknown_layer_says_to_register_it(tmp_path):
    model = scratch.Sequential([Input((3,)), gain_class()()])
    model.save(tmp_path / "model")
    with pytest.raises(SerializationError, match=r"'Gain'.*scratch\.layers\.register\.$"):
        scratch.load_model(tmp_path / "model")


def test_the_three_ways_to_register():
    gain = gain_class()
    assert register(gain) is gain
    assert register()(gain) is gain
    assert register(name="KerasGain")(gain) is gain
    assert registered("Gain") is registered("KerasGain") is layer_named("Gain") is gain
    assert registered("Dense") is None
    assert layer_named("Dense") is Dense


def test_the_latest_class_of_a_name_counts():
    first, second = gain_class(), gain_class()
    register(first)
    register(second)
    assert layer_named("Gain") is second


def test_what_cannot_be_registered():
    with pytest.raises(TypeError, match=r"takes a subclass of scratch\.layers\.Layer, got 'Gain'"):
        register("Gain")
    with pytest.raises(TypeError, match="got <ReLU"):
        register(ReLU())
    own = type("Dense", (Dense,), {})
    with pytest.raises(ValueError, match=r"has a layer called Dense already; .*register\(MyDense"):
        register(own)
