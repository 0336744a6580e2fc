"""Weights from files: every one, or none, and the message says which do not fit."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_models import to_scratch
from keras_models.config import using_floatx
from keras_models.weight_files import load_weights
from keras_models.weights import read_weights
from tests.keras_models.samples import bytes_of, randomize
from tests.keras_models.test_weights import same_bits


def net(dense: int = 1, units: int = 4, dtype: str = "float32", nested: bool = False):
    with using_floatx(dtype):
        row = [
            layers.Conv2D(3, 2, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="dropout"),
        ]
        start = [keras.Sequential([keras.Input((5, 4, 2)), *row], name="inner")] if nested else row
        ends = [layers.Dense(units, name=f"dense{number}") for number in range(dense)]
        rows = [keras.Input((5, 4, 2)), *start, layers.Flatten(name="flat"), *ends]
        return keras.Sequential(rows, name="net")


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_every_kind_of_file_arrives_bitwise(tmp_path, suffix, nested, trained):
    source = randomize(net(nested=nested), seed=3)
    if trained:
        source.compile("adam", "mse", run_eagerly=True)
        source.fit(np.ones((2, 5, 4, 2)), np.ones((2, 4)), verbose=0)
    path = tmp_path / f"saved{suffix}"
    (source.save_weights if suffix == ".weights.h5" else source.save)(path)
    target = net(nested=nested)
    load_weights(target, path)
    assert same_bits(read_weights(target), read_weights(source))
    if not nested:
        twin = to_scratch(net())
        load_weights(twin, path)
        assert same_bits(read_weights(twin), read_weights(source))


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ({"dense": 2, "units": 4}, r"left over in the file: layers/dense_1/vars/0, .*/1\.$"),
        ({"dense": 0}, r"left over in the model: layers/dense/vars/0, "),
        ({"units": 3}, r"layers/dense/vars/0 has shape \(36, 3\) in the file, \(36, 4\) in the m"),
        ({"dtype": "float64"}, r"vars/0 is float64 in the file, float32 in the model"),
        ({"nested": True}, r"left over in the file: layers/sequential/layers/batch_norm"),
    ],
)
@pytest.mark.parametrize("scratch_side", [False, True])
def test_what_does_not_fit_is_listed_and_nothing_written(tmp_path, saved, message, scratch_side):
    path = tmp_path / "saved.weights.h5"
    randomize(net(**saved)).save_weights(path)
    target = randomize(net(), seed=5)
    twin = to_scratch(target)
    before = bytes_of(target), {name: w.copy() for name, w in twin.weights.items()}
    with pytest.raises(
        ValueError, match=rf"do not fit model 'net', nothing was written: .*{message}"
    ):
        load_weights(twin if scratch_side else target, path)
    assert bytes_of(target) == before[0]
    assert same_bits(twin.weights, before[1])


def test_float32_goes_into_float64(tmp_path):
    source = randomize(net())
    source.save_weights(tmp_path / "saved.weights.h5")
    target = net(dtype="float64")
    load_weights(target, tmp_path / "saved.weights.h5")
    for name, weight in read_weights(source).items():
        np.testing.assert_array_equal(read_weights(target)[name], weight.astype("float64"))


def test_a_legacy_file_of_another_network_leaves_the_model_alone(tmp_path):
    randomize(net(units=3)).save(tmp_path / "saved.h5")
    target = randomize(net(), seed=5)
    before = bytes_of(target)
    with pytest.raises(ValueError, match=r"nothing was written: .*shape.*3"):
        load_weights(target, tmp_path / "saved.h5")
    assert bytes_of(target) == before


@pytest.mark.parametrize("name", ["gone.weights.h5", "foreign.weights.h5", "foreign.keras"])
def test_what_is_no_file_of_weights(tmp_path, name):
    if name.startswith("foreign"):
        (tmp_path / name).write_text("hello")
    with pytest.raises(ValueError, match=name) as error:
        load_weights(net(), tmp_path / name)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(".")
