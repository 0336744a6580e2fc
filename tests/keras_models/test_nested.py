"""Models nested in models: one flat scratch twin, the same weights by the same names."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_models import copy_weights, to_keras, to_scratch
from keras_models.config import using_floatx
from keras_models.weights import read_weights
from tests.keras_models.samples import build, inputs_for, randomize
from tests.keras_models.test_weights import same_bits


def block(name: str = "block") -> keras.Model:
    """Two inputs of any size, two outputs; no layer has a name of its own model alone."""
    x, gate = keras.Input((None, None, 3), name="x"), keras.Input((3,), name="gate")
    y = layers.Conv2D(3, (2, 3), padding="same", name="conv")(x)
    y = layers.BatchNormalization(name="norm")(layers.Add(name="add")([x, y]))
    return keras.Model([x, gate], [y, layers.Dense(3, name="dense")(gate)], name=name)


def deep() -> keras.Model:
    """A shared block in a Sequential and in its parent, one layer in both, names that repeat."""
    image, gate = keras.Input((6, 5, 3), name="image"), keras.Input((3,), name="gate")
    conv = layers.Conv2D(3, 1, name="conv")
    shared = block()
    tail = keras.Sequential([keras.Input((6, 5, 3)), conv, layers.ReLU(name="relu")], name="tail")
    x, g = shared([tail(conv(image)), gate])
    x, g = shared([x, g], training=False)
    pooled = layers.GlobalAveragePooling2D(name="pool")(x)
    end = layers.Dense(4, activation="softmax", name="dense")(
        layers.Concatenate(name="join")([pooled, g])
    )
    return keras.Model([image, gate], end, name="deep")


def row_of_rows() -> keras.Model:
    inner = keras.Sequential([layers.Conv2D(2, 3, name="conv"), layers.ReLU(name="relu")], name="a")
    return keras.Sequential(
        [keras.Input((6, 5, 3)), inner, layers.Flatten(), layers.Dense(4, name="conv")], name="rows"
    )


def transfer() -> keras.Model:
    """A frozen base called as in inference, as every tutorial of transfer learning has it."""
    base = keras.Sequential(
        [
            keras.Input((6, 5, 3)),
            layers.Conv2D(3, 2, name="conv"),
            layers.BatchNormalization(name="norm"),
        ],
        name="base",
    )
    base.trainable = False
    image = keras.Input((6, 5, 3))
    x = layers.GlobalAveragePooling2D(name="pool")(base(image, training=False))
    return keras.Model(image, layers.Dense(4, activation="softmax", name="top")(x))


SAMPLES = [deep, row_of_rows, transfer]


def test_names_are_paths():
    scratch_model = to_scratch(build(deep))
    assert [call.layer.name for call in scratch_model.calls] == [
        "conv", "conv", "tail/relu", "block/conv", "block/add", "block/norm", "block/conv",
        "block/add", "block/norm", "pool", "block/dense", "block/dense", "join", "dense",
    ]  # fmt: skip
    assert set(read_weights(build(deep))) == {
        f"{layer}/{weight}"
        for layer, weights in {
            "conv": "kernel bias", "block/conv": "kernel bias", "block/dense": "kernel bias",
            "block/norm": "gamma beta moving_mean moving_variance", "dense": "kernel bias",
        }.items()
        for weight in weights.split()
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_there_and_back_is_bitwise(sample, dtype):
    model = build(sample, dtype)
    twin = to_scratch(model)
    back = to_keras(twin)
    x = inputs_for(model)
    for training in (False, True):
        pair = [model(x, training=training).numpy().tobytes() for model in (back, model)]
        assert pair[0] == pair[1]
    assert same_bits(read_weights(back), read_weights(model))
    assert to_scratch(back).get_config() == twin.get_config()


@pytest.mark.parametrize("sample", SAMPLES)
def test_weights_go_every_way(sample):
    model = build(sample)
    twin = to_scratch(model)
    back = to_keras(twin)
    sides = [model, twin, back]
    for source in sides:
        for target in sides:
            for side in sides:
                changed = {n: w + 1 + sides.index(side) for n, w in read_weights(side).items()}
                copy_weights(_holding(twin, changed), side)
            copy_weights(source, target)
            assert same_bits(read_weights(target), read_weights(source))


def _holding(model, weights):
    """A scratch model of the same structure with other weights."""
    other = type(model).from_config(model.get_config())
    for name, array in other.weights.items():
        array[...] = weights[name]
    return other


def test_a_frozen_base_called_for_inference_trains_as_in_keras():
    model = build(transfer)
    twin = to_scratch(model)
    before = {name: w.copy() for name, w in twin.weights.items()}
    x = inputs_for(model)
    want = model(x, training=True).numpy()
    np.testing.assert_allclose(twin.forward(x, training=True), want, rtol=1e-11, atol=1e-13)
    assert same_bits(twin.weights, before)
    assert same_bits(read_weights(model), before)


def test_the_way_back_gives_a_model_that_trains_and_saves(tmp_path):
    """TensorFlow and HDF5 restrict names too, in a compiled graph and in a file."""
    model = build(deep, "float32")
    back = to_keras(to_scratch(model))
    back.compile("sgd", "sparse_categorical_crossentropy")
    back.fit(inputs_for(model), np.array([2, 0, 3]), verbose=0)
    back.save(tmp_path / "model.keras")
    copy_weights(keras.saving.load_model(tmp_path / "model.keras"), model)
    assert same_bits(read_weights(model), read_weights(back))


@pytest.mark.parametrize("flag", [False, True])
def test_a_flag_in_the_graph_does_not_count_as_in_keras(flag):
    with using_floatx("float64"):
        image = keras.Input((4,))
        norm = keras.Sequential([keras.Input((4,)), layers.BatchNormalization()], name="inner")
        model = randomize(keras.Model(image, norm(image, training=flag)))
    x = inputs_for(model, batch=7)
    for training in (False, True):
        got = to_scratch(model).forward(x, training=training)
        np.testing.assert_allclose(got, model(x, training=training).numpy(), rtol=1e-12)


def test_errors_name_the_path():
    inner = keras.Sequential([keras.Input((3,)), layers.Lambda(lambda x: x, name="own")], name="in")
    model = keras.Sequential([keras.Input((3,)), inner])
    with pytest.raises(ValueError, match=r"^Layer 'in/own' \(Lambda\): "):
        to_scratch(model)
