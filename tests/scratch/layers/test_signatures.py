"""The constructors: Keras' arguments, defaults, places and names; configs that come back."""

import inspect
import json

import pytest
from keras.src.utils.naming import to_snake_case

from scratch import config, layers
from scratch.layers import LAYERS, Add, Concatenate, Conv2D, Dropout, ReLU
from tests.scratch.layers.harness import keras_class

COMMON = {"name", "dtype", "trainable"}  # every Keras layer takes them by **kwargs
UNNAMED = {"rms_scaling": False}  # what LayerNormalization takes in the same way, and its default
EMPTY = inspect.Parameter.empty

ARGUMENTS = {
    "Activation": {"activation": "softmax"},
    "Add": {},
    "Average": {},
    "AveragePooling1D": {"pool_size": 3, "strides": 2, "padding": "same"},
    "AveragePooling2D": {"pool_size": (3, 2), "strides": 1, "padding": "same"},
    "BatchNormalization": {
        "axis": 1, "momentum": 0.9, "epsilon": 0.1, "center": False, "scale": False,
        "moving_mean_initializer": "ones",
    },
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
    "Cropping2D": {"cropping": ((1, 2), (0, 3))},
    "CustomScaleLayer": {"scale": 0.17},
    "Dense": {
        "units": 3, "activation": "softmax", "use_bias": False, "bias_initializer": "ones",
        "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.3}},
    },
    "DepthwiseConv1D": {"kernel_size": 3, "depth_multiplier": 2, "strides": 2},
    "DepthwiseConv2D": {
        "kernel_size": (3, 2), "depth_multiplier": 2, "dilation_rate": (2, 1), "use_bias": False,
        "depthwise_initializer": "he_normal", "bias_initializer": "ones",
    },
    "Dropout": {"rate": 0.3, "noise_shape": (None, 1, 4), "seed": 4},
    "ELU": {"alpha": 0.5},
    "Flatten": {},
    "GlobalAveragePooling1D": {"keepdims": True},
    "GlobalAveragePooling2D": {"keepdims": True},
    "GlobalMaxPooling1D": {"keepdims": True},
    "GlobalMaxPooling2D": {"keepdims": True},
    "GroupNormalization": {"groups": 2, "axis": 1, "gamma_initializer": "zeros"},
    "LayerNormalization": {"axis": [1, 3], "epsilon": 0.1, "beta_initializer": "ones"},
    "LayerScale": {"init_values": 1e-6, "projection_dim": 3},
    "MaxPooling1D": {"pool_size": 3, "strides": 2, "padding": "same"},
    "LeakyReLU": {"negative_slope": 0.1},
    "MaxPooling2D": {"pool_size": 3, "strides": (1, 2), "padding": "same"},
    "Maximum": {},
    "Minimum": {},
    "Multiply": {},
    "Normalization": {"axis": 2, "mean": [1.0, 2.0], "variance": [3.0, 0.5], "invert": True},
    "Permute": {"dims": (3, 1, 2)},
    "Rescaling": {"scale": [0.5, 2.0], "offset": -1.0},
    "PReLU": {"alpha_initializer": "ones", "shared_axes": [1, 2]},
    "ReLU": {"max_value": 6.0, "negative_slope": 0.1, "threshold": 0.5},
    "Reshape": {"target_shape": (-1, 4)},
    "Resizing": {
        "height": 5, "width": 4, "interpolation": "nearest", "pad_to_aspect_ratio": True,
        "fill_value": 0.5,
    },
    "SeparableConv2D": {
        "filters": 4, "kernel_size": (3, 2), "strides": 2, "padding": "same", "activation": "relu",
        "depth_multiplier": 2, "depthwise_initializer": "he_normal",
        "pointwise_initializer": "he_uniform",
    },
    "Softmax": {"axis": [1, 2]},
    "SpatialDropout2D": {"rate": 0.3, "seed": 4},
    "Subtract": {},
    "UpSampling2D": {"size": (3, 2), "interpolation": "bilinear"},
    "ZeroPadding2D": {"padding": ((1, 2), (0, 3))},
}  # fmt: skip


def parameters(layer_class):
    found = dict(inspect.signature(layer_class.__init__).parameters)
    return {name: p for name, p in found.items() if name not in ("self", "kwargs")}


@pytest.mark.parametrize("name", LAYERS)
def test_arguments_and_defaults_are_keras_own(name):
    ours, theirs = parameters(LAYERS[name]), parameters(keras_class(name))
    known = UNNAMED | {a: p.default for a, p in theirs.items()}
    defaults = {a: p.default for a, p in ours.items() if a not in COMMON}
    assert defaults.items() <= known.items()
    assert ours["name"].default is ours["dtype"].default is None


@pytest.mark.parametrize("name", LAYERS)
def test_arguments_without_a_name_mean_what_they_mean_in_keras(name):
    """Where Keras has an argument in between that is missing here, a name is required."""
    ours, theirs = parameters(LAYERS[name]), parameters(keras_class(name))
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
    theirs = keras_class(name)(**ARGUMENTS[name]).get_config()
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
    with pytest.raises(
        TypeError, match=r"^Dropout has no option mask; it has rate, noise_shape, seed"
    ):
        Dropout(0.5, mask=(1, 1))


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
    assert set(layers.__all__) == {*LAYERS, "LAYERS", "BaseDropout", "Input", "Layer", "register"}
    assert set(ARGUMENTS) == set(LAYERS)
