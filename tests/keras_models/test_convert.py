"""Whole models converted: same structure, same bits, same results, source untouched."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_models.zoo
import scratch.layers
import scratch.zoo
from keras_models import to_keras, to_scratch
from keras_models.layer_options import OPTIONS
from keras_models.weights import read_weights
from tests.keras_models.samples import (
    branched,
    build,
    bytes_of,
    every_layer,
    further_layers,
    inputs_for,
    randomize,
    shared,
)
from tests.keras_models.test_weights import same_bits

SAMPLES = [every_layer, further_layers, branched, shared]


def keras_bits(model, x) -> bytes:
    return model(x, training=False).numpy().tobytes()


@pytest.mark.parametrize("sample", SAMPLES)
def test_converted_twin_computes_the_same(sample):
    keras_model = build(sample)
    x = inputs_for(keras_model)
    y_scratch = to_scratch(keras_model).forward(x)
    np.testing.assert_allclose(y_scratch, keras_model(x).numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_round_trip_from_keras_is_bitwise(sample, dtype):
    keras_model = build(sample, dtype)
    back = to_keras(to_scratch(keras_model))
    x = inputs_for(keras_model)
    assert same_bits(read_weights(back), read_weights(keras_model))
    assert keras_bits(back, x) == keras_bits(keras_model, x)
    assert back.name == keras_model.name
    assert [t.name for t in back.inputs] == [t.name for t in keras_model.inputs]


@pytest.mark.parametrize("name", sorted(scratch.zoo.NETWORKS))
def test_round_trip_from_scratch_is_bitwise(name):
    scratch_model = scratch.zoo.NETWORKS[name]()
    keras_model = to_keras(scratch_model)
    back = to_scratch(keras_model)
    assert type(keras_model) is type(keras_models.zoo.NETWORKS[name]())
    assert back.get_config() == scratch_model.get_config()
    assert same_bits(back.weights, scratch_model.weights)


def test_the_samples_have_every_supported_layer():
    found = [layer for sample in SAMPLES for layer in to_scratch(build(sample)).layers]
    assert {type(layer).__name__ for layer in found} == set(OPTIONS)
    assert set(OPTIONS) == set(scratch.layers.LAYERS)


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_source_is_untouched(sample):
    keras_model = build(sample)
    keras_model.compile("adam", "mse")
    before = keras_model.get_config(), bytes_of(keras_model), keras_model.optimizer
    scratch_model = to_scratch(keras_model)
    assert (keras_model.get_config(), bytes_of(keras_model), keras_model.optimizer) == before
    scratch_before = scratch_model.get_config(), read_weights(scratch_model)
    to_keras(scratch_model)
    assert scratch_model.get_config() == scratch_before[0]
    assert same_bits(scratch_model.weights, scratch_before[1])


def test_shared_layers_stay_shared():
    scratch_model = to_scratch(build(shared))
    names = [call.layer.name for call in scratch_model.calls]
    assert names.count("conv") == names.count("dense") == 2
    assert len(scratch_model.layers) == 7
    back = to_keras(scratch_model)
    assert back.count_params() == build(shared).count_params()


def test_a_row_that_uses_one_layer_twice_keeps_both_uses():
    twice = scratch.layers.Dense(5, name="twice")
    model = scratch.Sequential([scratch.layers.Input((5,)), twice, scratch.layers.ReLU(), twice])
    x = np.random.default_rng(0).standard_normal((3, 5)).astype("float32")
    y_scratch, y_keras = model.forward(x), np.asarray(to_keras(model)(x))
    np.testing.assert_allclose(y_scratch, y_keras, rtol=1e-5, atol=1e-6)


def test_several_outputs():
    image = keras.Input((3,))
    model = keras.Model(image, [layers.Dense(2, name="a")(image), layers.Dense(4, name="b")(image)])
    x = inputs_for(model)
    for got, want in zip(to_scratch(model).forward(x), model(x), strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-5, atol=1e-6)
    assert [t.shape for t in to_keras(to_scratch(model)).outputs] == [(None, 2), (None, 4)]


@pytest.mark.parametrize(("there", "here"), [("float32", "float64"), ("float64", "float32")])
def test_dtype_casts_on_purpose(there, here):
    keras_model = randomize(keras_models.zoo.signs_convnet(there))
    scratch_model = to_scratch(keras_model, dtype=here)
    assert scratch_model.get_config() == scratch.zoo.signs_convnet(here).get_config()
    want = {name: w.astype(here) for name, w in read_weights(keras_model).items()}
    assert same_bits(scratch_model.weights, want)


def test_several_dtypes_need_a_decision():
    model = keras.Sequential([keras.Input((3,), dtype="float64"), layers.Dense(2, dtype="float32")])
    with pytest.raises(ValueError, match=r"several dtypes \(float32, float64\).*dtype="):
        to_scratch(model)
    assert to_scratch(model, dtype="float64").dtype == "float64"


def test_fixed_batch_size_and_unnamed_input_survive():
    model = keras.Sequential([keras.Input((3,), batch_size=5), layers.Dense(2)])
    scratch_model = to_scratch(model)
    assert scratch_model.input_shape == (5, 3)
    assert to_keras(scratch_model).input_shape == (5, 3)
    assert scratch_model.inputs[0].name == model.inputs[0].name


def test_batch_normalization_trains_alike():
    with_keras = build(every_layer)
    with_keras.get_layer("dropout").rate = 0.0
    with_scratch = to_scratch(with_keras)
    x = inputs_for(with_keras)
    y_keras = with_keras(x, training=True).numpy()
    y_scratch = with_scratch.forward(x, training=True)
    np.testing.assert_allclose(y_scratch, y_keras, rtol=1e-10, atol=1e-12)
    for name, moved in read_weights(with_keras).items():
        np.testing.assert_allclose(with_scratch.weights[name], moved, rtol=1e-12, err_msg=name)
