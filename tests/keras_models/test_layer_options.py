"""What has no counterpart is refused by name, never dropped."""

import keras
import pytest
from keras import layers
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from keras_models import UnsupportedLayerError, to_keras, to_scratch
from scratch import Sequential
from scratch import layers as scratch_layers


class OwnDense(layers.Dense):
    """A subclass may compute anything."""


class OwnScratchDense(scratch_layers.Dense):
    """Likewise."""


def relu(x):
    """Not Keras' relu, but of its name."""
    return keras.ops.maximum(x, 0.1)


IMAGE_LAYERS = {
    "class": lambda: layers.Embedding(2, 3, name="layer"),
    "subclass": lambda: OwnDense(2, name="layer"),
    "lambda": lambda: layers.Lambda(lambda x: x, name="layer"),
    "channels_first": lambda: layers.MaxPooling2D(2, data_format="channels_first", name="layer"),
    "dtype": lambda: layers.Dense(2, dtype="mixed_float16", name="layer"),
    "bfloat16": lambda: layers.ReLU(dtype="bfloat16", name="layer"),
    "int8": lambda: layers.Dense(2, dtype="int8_from_float32", name="layer"),
    "celu": lambda: layers.Conv2D(2, 3, activation="celu", name="layer"),
    "relu": lambda: layers.Dense(2, activation=relu, name="layer"),
    "lambda_activation": lambda: layers.Activation(lambda x: x, name="layer"),
    "layer_activation": lambda: layers.Activation(layers.ReLU(), name="layer"),
    "kernel_regularizer": lambda: layers.Dense(
        2, kernel_regularizer="orthogonal_regularizer", name="layer"
    ),
    "activity_regularizer": lambda: layers.Dense(2, activity_regularizer="l2", name="layer"),
    "bias_constraint": lambda: layers.Dense(2, bias_constraint="non_neg", name="layer"),
    "orthogonal": lambda: layers.Dense(2, kernel_initializer="orthogonal", name="layer"),
    "renorm": lambda: layers.BatchNormalization(renorm=True, name="layer"),
    "synchronized": lambda: layers.BatchNormalization(synchronized=True, name="layer"),
    "bicubic": lambda: layers.UpSampling2D(interpolation="bicubic", name="layer"),
    "antialias": lambda: layers.Resizing(3, 2, antialias=True, name="layer"),
    "lanczos3": lambda: layers.Resizing(3, 2, interpolation="lanczos3", name="layer"),
    "rate": lambda: layers.Dropout(1.0, name="layer"),
    "flatten": lambda: layers.Flatten(data_format="channels_first", name="layer"),
    "lora_rank": lambda: layers.Dense(2, lora_rank=1, name="layer"),
}
# What the message must name beside the layer and its type.
TELLS = {
    "class": "no from-scratch counterpart", "subclass": "no from-scratch counterpart",
    "lambda": "no from-scratch counterpart", "channels_first": "data_format='channels_first'",
    "dtype": "'mixed_float16'", "bfloat16": "'bfloat16'", "int8": "'int8_from_float32'",
    "celu": "'celu'", "relu": "activation=<function relu", "lambda_activation": "activation=",
    "layer_activation": "activation=<ReLU", "orthogonal": "'Orthogonal'",
    "flatten": "data_format='channels_first'",
    "kernel_regularizer": "Unknown regularizer 'OrthogonalRegularizer'",
}  # fmt: skip


@pytest.mark.parametrize("case", IMAGE_LAYERS)
def test_unsupported_layers_and_options_are_named(case):
    layer = IMAGE_LAYERS[case]()
    model = keras.Sequential([keras.Input((6, 5, 3)), layer])
    expected = rf"^Layer 'layer' \({type(layer).__name__}\): .*{TELLS.get(case, case)}.*\. .*\.$"
    with pytest.raises(UnsupportedLayerError, match=expected) as error:
        to_scratch(model)
    assert (error.value.layer, error.value.layer_type) == ("layer", type(layer).__name__)


def test_quantized_after_the_fact():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, name="layer")])
    model.quantize("int8")
    with pytest.raises(UnsupportedLayerError, match="int8"):
        to_scratch(model)


def test_global_channels_first_changes_nothing():
    model = keras.Sequential([keras.Input((6, 5, 3)), layers.MaxPooling2D(2)])
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        assert to_keras(to_scratch(model)).output_shape == (None, 3, 2, 3)
    finally:
        keras.config.set_image_data_format(before)


def test_axis_that_is_the_last_is_the_default():
    model = keras.Sequential(
        [keras.Input((6, 5, 3)), layers.BatchNormalization(axis=3), layers.Softmax(axis=3)]
    )
    assert [type(layer).__name__ for layer in to_scratch(model).layers] == [
        "BatchNormalization", "Softmax",
    ]  # fmt: skip


def test_scratch_subclass_is_refused():
    model = Sequential([scratch_layers.Input((4,)), OwnScratchDense(2, name="own")])
    with pytest.raises(UnsupportedLayerError, match=r"'own' \(OwnScratchDense\).*no Keras"):
        to_keras(model)


def test_inputs_that_only_keras_takes_are_refused_by_name():
    wide, thin = keras.Input((10, 6, 3)), keras.Input((10, 6, 1))
    scaled = CustomScaleLayer(0.5, name="layer")([wide, thin])
    message = r"^Layer 'layer' \(CustomScaleLayer\): its inputs are not supported .*\."
    with pytest.raises(UnsupportedLayerError, match=message):
        to_scratch(keras.Model([wide, thin], scaled))
