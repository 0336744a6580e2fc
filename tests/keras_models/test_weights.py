"""copy_weights: every tensor once, or nothing at all."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_models.zoo
import scratch.zoo
from keras_models import copy_weights, to_keras, to_scratch
from keras_models.weights import read_weights
from scratch import layers as scratch_layers
from tests.keras_models.samples import build, bytes_of, every_layer, randomize, shared

UNUSUAL = np.array([-0.0, np.nan, np.inf, 1e-45, 3.4e38, -1e-38], "float32")


def same_bits(a, b) -> bool:
    return list(a) == list(b) and all(
        a[name].dtype == b[name].dtype and a[name].tobytes() == b[name].tobytes() for name in a
    )


@pytest.mark.parametrize("direction", ["to_scratch", "to_keras", "keras", "scratch"])
def test_any_direction_is_bitwise(direction):
    keras_model = randomize(keras_models.zoo.signs_deep())
    keras_model.get_layer("classifier").bias.assign(UNUSUAL)
    scratch_model = scratch.zoo.signs_deep()
    want = read_weights(keras_model)
    copy_weights(keras_model, scratch_model)
    target = {
        "to_scratch": scratch_model,
        "to_keras": keras_models.zoo.signs_deep(),
        "keras": keras_models.zoo.signs_deep(),
        "scratch": scratch.zoo.signs_deep(),
    }[direction]
    if target is not scratch_model:
        copy_weights(keras_model if direction == "keras" else scratch_model, target)
    assert same_bits(read_weights(target), want)
    assert len(want) == 4 + 4 * 4 + 2


def test_shared_weights_are_one_tensor():
    model = build(shared)
    names = list(read_weights(model))
    assert names == [
        f"{layer}/{weight}"
        for layer in ("conv", "mix", "widen", "dense", "end")
        for weight in ("kernel", "bias")
    ]


def test_scratch_arrays_keep_their_identity():
    target = scratch.zoo.signs_convnet()
    before = dict(target.weights)
    copy_weights(randomize(keras_models.zoo.signs_convnet()), target)
    assert all(target.weights[name] is array for name, array in before.items())


def test_the_twins_share_no_memory():
    keras_model = build(every_layer, "float32")
    scratch_model = to_scratch(keras_model)
    back = to_keras(scratch_model)
    want = read_weights(keras_model)
    for array in scratch_model.weights.values():
        array += 1
    assert same_bits(read_weights(keras_model), want)
    assert same_bits(read_weights(back), want)
    changed = read_weights(scratch_model)
    for variable in back.trainable_variables:
        variable.assign_add(keras.ops.ones_like(variable))
    assert same_bits(read_weights(scratch_model), changed)


def test_everything_that_does_not_fit_is_listed_and_nothing_written():
    source = scratch.Sequential(
        [
            scratch_layers.Input((5, 4, 3)),
            scratch_layers.Conv2D(2, 3, name="same"),
            scratch_layers.Conv2D(2, 1, name="wider"),
            scratch_layers.Dense(2, use_bias=False, name="only_here"),
        ]
    )
    target = randomize(
        keras.Sequential(
            [
                keras.Input((5, 4, 3)),
                layers.Conv2D(2, 3, name="same"),
                layers.Conv2D(4, 1, name="wider"),
                layers.BatchNormalization(name="only_there"),
            ]
        )
    )
    before = bytes_of(target)
    with pytest.raises(ValueError, match="nothing was written") as error:
        copy_weights(source, target)
    message = str(error.value)
    assert "left over in the source: only_here/kernel;" in message
    assert "left over in the target: only_there/gamma, only_there/beta, " in message
    assert (
        "wider/kernel has shape (1, 1, 2, 2) in the source, (1, 1, 2, 4) in the target" in message
    )
    assert "wider/bias has shape (2,)" in message
    assert "same/" not in message
    assert bytes_of(target) == before


def test_float32_goes_into_float64_but_not_back():
    narrow, wide = scratch.zoo.signs_convnet("float32"), keras_models.zoo.signs_convnet("float64")
    copy_weights(narrow, wide)
    got = read_weights(wide)
    assert {w.dtype.name for w in got.values()} == {"float64"}
    assert all(np.array_equal(got[name], narrow.weights[name]) for name in got)
    before = read_weights(narrow)
    with pytest.raises(ValueError, match="conv1/kernel is float64 in the source, float32 in"):
        copy_weights(wide, narrow)
    assert same_bits(read_weights(narrow), before)


def test_unbuilt_models_are_refused():
    built = scratch.zoo.signs_convnet()
    with pytest.raises(ValueError, match="not built"):
        copy_weights(scratch.Sequential([scratch_layers.Dense(2)]), built)
    with pytest.raises(ValueError, match="not built"):
        copy_weights(built, keras.Sequential([layers.Dense(2)]))
