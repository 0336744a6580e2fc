"""The zoo: published counts and sizes, and twins that are the same network."""

from pathlib import Path

import keras
import numpy as np
import pytest

import keras_models.zoo
import scratch.zoo
from keras_models import to_scratch
from keras_models.config import using_floatx
from scratch import config as scratch_config
from tests.keras_models.samples import inputs_for, randomize

NAMES = sorted(keras_models.zoo.NETWORKS)

PARAMETERS = {
    "signs_convnet": 1_310,
    # 97,200 kernel numbers, 4 x 240 of the normalisations, 774 of the classifier.
    "signs_deep": 98_934,
    # 280 + 5,020 + 20,040 of the convolutions, 1960 x 6 + 6 of the classifier.
    "ng_example": 37_106,
    # 224 + 584 + 1,168 + 2,320 + 4,640 + 9,248, then 2048 x 32 + 32 and 32 x 6 + 6.
    "vgg_mini": 83_950,
    "inception_3a_naive": 387_072 + 224,
    "inception_3a": 163_696,
    # 69,632 kernel numbers, 4 x (64 + 64 + 256) of the normalisations.
    "resnet_bottleneck": 71_168,
}


def kernel_numbers(model) -> int:
    return sum(w.size for name, w in model.weights.items() if name.endswith("/kernel"))


def test_both_zoos_have_the_same_networks():
    assert list(keras_models.zoo.NETWORKS) == list(scratch.zoo.NETWORKS)
    assert set(NAMES) == set(PARAMETERS)


def test_the_files_differ_in_imports_only():
    keras_text, scratch_text = (
        Path(module.__file__).read_text(encoding="utf-8").split("\nBuilder = ")
        for module in (keras_models.zoo, scratch.zoo)
    )
    assert keras_text[1] == scratch_text[1]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_on_both_sides(name):
    assert keras_models.zoo.NETWORKS[name]().count_params() == PARAMETERS[name]
    assert scratch.zoo.NETWORKS[name]().count_params() == PARAMETERS[name]


def test_signs_convnet_layer_by_layer():
    counts = [layer.count_params() for layer in keras_models.zoo.signs_convnet().layers]
    assert [count for count in counts if count] == [392, 528, 390]


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("inception_3a_naive", 387_072),
        ("inception_3a", 163_328),
        ("resnet_bottleneck", 69_632),
    ],
)
def test_published_weight_counts(name, weights):
    assert kernel_numbers(scratch.zoo.NETWORKS[name]()) == weights


def test_source_c_sizes():
    shapes = {layer.name: layer.output.shape for layer in keras_models.zoo.ng_example().layers}
    assert shapes["conv1"] == (None, 37, 37, 10)
    assert shapes["conv2"] == (None, 17, 17, 20)
    assert shapes["conv3"] == (None, 7, 7, 40)
    assert shapes["flatten"] == (None, 1960)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_handwritten_twin_is_the_converted_one(name, dtype):
    converted = to_scratch(keras_models.zoo.NETWORKS[name](dtype))
    assert converted.get_config() == scratch.zoo.NETWORKS[name](dtype).get_config()


@pytest.mark.parametrize("name", NAMES)
def test_twins_compute_the_same_in_float64(name):
    keras_model = randomize(keras_models.zoo.NETWORKS[name]("float64"))
    x = inputs_for(keras_model, batch=2)
    y_keras = keras_model(x, training=False).numpy()
    y_scratch = to_scratch(keras_model).forward(x)
    assert y_scratch.dtype == y_keras.dtype == np.float64
    np.testing.assert_allclose(y_scratch, y_keras, rtol=1e-10, atol=1e-12)


def test_dtype_is_for_the_model_alone():
    before = keras.config.floatx(), keras.config.dtype_policy().name, scratch_config.floatx()
    in_keras = keras_models.zoo.signs_convnet("float64")
    in_scratch = scratch.zoo.signs_convnet("float64")
    assert {w.dtype for w in in_keras.weights} | {in_keras.inputs[0].dtype} == {"float64"}
    assert {w.dtype.name for w in in_scratch.weights.values()} == {"float64"}
    after = keras.config.floatx(), keras.config.dtype_policy().name, scratch_config.floatx()
    assert after == before


def test_default_dtype_is_restored_after_an_error():
    before = keras.config.floatx(), keras.config.dtype_policy().name
    with pytest.raises(RuntimeError), using_floatx("float64"):
        raise RuntimeError
    with pytest.raises(ValueError, match="float23"), using_floatx("float23"):
        pass
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == before
