"""The constructors: Keras' arguments, defaults, places and names; configs that come back."""

import inspect
import json

import keras
import pytest
from keras.src.utils.naming import to_snake_case

from scratch import config, layers
from scratch.layers import LAYERS, Add, Concatenate, Conv2D, Dropout, ReLU

COMMON = {"name", "dtype", "trainable"}  # every Keras layer takes them by **kwargs
EMPTY = inspect.Parameter.empty

ARGUMENTS = {
    "Activation": {"activation": "softmax"},
    "Add": {},
    "AveragePooling2D": {"pool_size": (3, 2), "strides": 1, "padding": "same"},
    "BatchNormalization": {"momentum": 0.9, "epsilon": 0.1, "center": False, "scale": False},
    "Concatenate": {"axis": 1},
    "Conv1D": {
        "filters": 4, "kernel_size": 3, "dilation_rate": 2, "padding": "causal", "groups": 2,
    },
    "Conv2D": {
        "filters": 4, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same", "groups": 2,
        "activation": "relu", "use_bias": False, "kernel_initializer": "he_normal",
        "bias_initializer": "ones",
    },
    "Conv2DTranspose": {
        "filters": 4, "kernel_size": (3, 2), "strides": (2, 3), "padding": "same",
        "output_padding": (1, 2), "activation": "relu", "kernel_initializer": "he_normal",
    },
    "Dense": {
        "units": 3, "activation": "softmax", "use_bias": False, "bias_initializer": "ones",
        "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.3}},
    },
    "DepthwiseConv1D": {"kernel_size": 3, "depth_multiplier": 2, "strides": 2},
    "DepthwiseConv2D": {
        "kernel_size": (3, 2), "depth_multiplier": 2, "dilation_rate": (2, 1), "use_bias": False,
        "depthwise_initializer": "he_normal", "bias_initializer": "ones",
    },
    "Dropout": {"rate": 0.3, "seed": 4},
    "Flatten": {},
    "GlobalAveragePooling2D": {"keepdims": True},
    "MaxPooling2D": {"pool_size": 3, "strides": (1, 2), "padding": "same"},
    "ReLU": {},
    "SeparableConv2D": {
        "filters": 4, "kernel_size": (3, 2), "strides": 2, "padding": "same", "activation": "relu",
        "depth_multiplier": 2, "depthwise_initializer": "he_normal",
        "pointwise_initializer": "he_uniform",
    },
    "Softmax": {},
    "ZeroPadding2D": {"padding": ((1, 2), (0, 3))},
}  # fmt: skip


def parameters(layer_class):
    found = dict(inspect.signature(layer_class.__init__).parameters)
    return {name: p for name, p in found.items() if name not in ("self", "kwargs")}


@pytest.mark.parametrize("name", LAYERS)
def test_arguments_and_defaults_are_keras_own(name):
    ours, theirs = parameters(LAYERS[name]), parameters(getattr(keras.layers, name))
    assert set(ours) - COMMON <= set(theirs)
    defaults = {a: p.default for a, p in ours.items() if a not in COMMON}
    assert defaults == {a: theirs[a].default for a in defaults}
    assert ours["name"].default is ours["dtype"].default is None


@pytest.mark.parametrize("name", LAYERS)
def test_arguments_without_a_name_mean_what_they_mean_in_keras(name):
    """Where Keras has an argument in between that is missing here, a name is required."""
    ours, theirs = parameters(LAYERS[name]), parameters(getattr(keras.layers, name))
    placed = [a for a, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert placed == list(theirs)[: len(placed)]


@pytest.mark.parametrize("name", LAYERS)
def test_config_comes_back_through_json(name):
    layer = LAYERS[name](**ARGUMENTS[name], name="mine", dtype="float64")
    described = json.loads(json.dumps(layer.get_config()))
    again = LAYERS[name](**described)
    assert (again.name, again.dtype) == ("mine", "float64")
    assert again.get_config() == layer.get_config()
    plain = dict.fromkeys(name for name in ARGUMENTS[name])
    assert set(described) >= {*plain, *COMMON}


@pytest.mark.parametrize("name", LAYERS)
def test_config_is_what_was_asked_for(name):
    """Numbers may be written as pairs, activations and initializers as Keras writes them."""
    described = LAYERS[name](**ARGUMENTS[name]).get_config()
    theirs = getattr(keras.layers, name)(**ARGUMENTS[name]).get_config()
    for argument in ARGUMENTS[name]:
        if argument.endswith("_initializer"):
            assert described[argument]["class_name"] == theirs[argument]["class_name"]
        else:
            assert json.dumps(described[argument]) == json.dumps(theirs[argument]), argument


@pytest.mark.parametrize("name", LAYERS)
def test_options_that_do_not_exist_are_answered_with_those_that_do(name):
    has = ", ".join(parameters(LAYERS[name]))
    message = rf"^{name} has no option data_layout, kernel_shape; it has {has}\.$"
    with pytest.raises(TypeError, match=message):
        LAYERS[name](**ARGUMENTS[name], kernel_shape=3, data_layout="rows")


def test_keras_options_without_counterpart_are_named():
    with pytest.raises(TypeError, match=r"^Conv2D has no option data_format, kernel_constraint;"):
        Conv2D(3, 3, kernel_constraint="max_norm", data_format="channels_last")
    with pytest.raises(TypeError, match=r"^Add has no option axis; it has name, dtype, trainable"):
        Add(axis=6)
    with pytest.raises(TypeError, match="noise_shape; it has rate, seed, name, dtype"):
        Dropout(0.5, noise_shape=(1, 1))


def test_own_layers_may_hand_options_on():
    class Own(ReLU):
        def __init__(self, factor, **options):
            super().__init__(**options)
            self.factor = factor

    assert Own(2, name="mine").name == "mine"
    with pytest.raises(
        TypeError, match=r"^Own has no option maximum; it has .*name, dtype, trainable"
    ):
        Own(2, maximum=6)


def test_constructors_show_their_arguments():
    shown = str(inspect.signature(Concatenate))
    assert shown.startswith("(axis: 'int' = -1, *, name:")


@pytest.mark.parametrize("name", LAYERS)
def test_automatic_names_are_keras_own(name):
    stem = to_snake_case(name)
    first, second = (LAYERS[name](**ARGUMENTS[name]).name for _ in range(2))
    assert first == stem or int(first.removeprefix(f"{stem}_")) > 0
    assert int(second.removeprefix(f"{stem}_")) == int(first[len(stem) + 1 :] or 0) + 1


@pytest.mark.parametrize("name", LAYERS)
def test_dtype_is_floatx_unless_given(name):
    with config.using_floatx("float64"):
        assert LAYERS[name](**ARGUMENTS[name]).dtype == "float64"
        assert LAYERS[name](**ARGUMENTS[name], dtype="float32").dtype == "float32"
    assert LAYERS[name](**ARGUMENTS[name]).dtype == "float32"


def test_every_layer_class_is_listed():
    assert set(layers.__all__) == {*LAYERS, "LAYERS", "Input", "Layer", "register"}
    assert set(ARGUMENTS) == set(LAYERS)
