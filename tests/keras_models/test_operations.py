"""Keras operators and keras.ops: each as a layer, or refused by name."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_models import UnsupportedLayerError, to_keras, to_scratch
from keras_models.config import using_floatx
from keras_models.graph import trace
from scratch import Sequential
from scratch.layers import Activation, Conv2D, Input
from tests.keras_models.samples import inputs_for, randomize

CHANNELS = np.array([0.5, -2.0, 3.0], "float32")

SUPPORTED = {
    "a + b": (lambda a, b: a + b, "Add"),
    "a - b": (lambda a, b: a - b, "Subtract"),
    "a * b": (lambda a, b: a * b, "Multiply"),
    "a * a": (lambda a, _: a * a, "Multiply"),
    "maximum": (lambda a, b: ops.maximum(a, b), "Maximum"),
    "minimum": (lambda a, b: ops.minimum(a, b), "Minimum"),
    "concatenate": (lambda a, b: ops.concatenate([a, b, a], axis=-1), "Concatenate"),
    "a + 1": (lambda a, _: a + 1, "Rescaling"),
    "1 - a": (lambda a, _: 1 - a, "Rescaling"),
    "a - 0.3": (lambda a, _: a - 0.3, "Rescaling"),
    "a * 2": (lambda a, _: 2.0 * a, "Rescaling"),
    "a / 0.7": (lambda a, _: a / 0.7, "Rescaling"),
    "-a": (lambda a, _: -a, "Rescaling"),
    "a * channels": (lambda a, _: a * CHANNELS, "Rescaling"),
    "channels - a": (lambda a, _: ops.subtract(CHANNELS, a), "Rescaling"),
    "bytes": (lambda a, _: a - np.array([1, 2, 3], "uint8"), "Rescaling"),
    "relu": (lambda a, _: ops.relu(a), "ReLU"),
    "relu(max_value)": (lambda a, _: keras.activations.relu(a, max_value=0.8), "ReLU"),
    "relu6": (lambda a, _: ops.relu6(a), "Activation"),
    "sigmoid": (lambda a, _: ops.sigmoid(a), "Activation"),
    "silu": (lambda a, _: ops.silu(a), "Activation"),
    "tanh": (lambda a, _: ops.tanh(a), "Activation"),
    "gelu": (lambda a, _: ops.gelu(a, approximate=False), "Activation"),
    "gelu(approximate)": (lambda a, _: ops.gelu(a), "Activation"),
    "softmax": (lambda a, _: ops.softmax(a), "Softmax"),
    "leaky_relu": (lambda a, _: ops.leaky_relu(a, 0.1), "LeakyReLU"),
    "elu": (lambda a, _: ops.elu(a, alpha=0.5), "ELU"),
    "selu": (lambda a, _: ops.selu(a), "Activation"),
    "softplus": (lambda a, _: ops.softplus(a), "Activation"),
    "softsign": (lambda a, _: ops.softsign(a), "Activation"),
    "hard_sigmoid": (lambda a, _: ops.hard_sigmoid(a), "Activation"),
    "hard_silu": (lambda a, _: ops.hard_silu(a), "Activation"),
    "log_softmax": (lambda a, _: ops.log_softmax(a), "Activation"),
    "mean": (lambda a, _: ops.mean(a, axis=(1, 2)), "GlobalAveragePooling2D"),
    "mean(keepdims)": (lambda a, _: ops.mean(a, [2, -3], keepdims=True), "GlobalAveragePooling2D"),
    "max": (lambda a, _: ops.max(a, axis=(1, 2)), "GlobalMaxPooling2D"),
    "reshape": (lambda a, _: ops.reshape(a, (-1, 20, 3)), "Reshape"),
    "expand_dims": (lambda a, _: ops.expand_dims(a, 1), "Reshape"),
    "transpose": (lambda a, _: ops.transpose(a, (0, 3, 1, 2)), "Permute"),
    "pad": (lambda a, _: ops.pad(a, ((0, 0), (1, 0), (0, 2), (0, 0))), "ZeroPadding2D"),
    "resize": (lambda a, _: ops.image.resize(a, (8, 10), interpolation="nearest"), "Resizing"),
}


def with_operation(operation, dtype: str = "float32") -> keras.Model:
    with using_floatx(dtype):
        a, b = keras.Input((4, 5, 3), name="a"), keras.Input((4, 5, 3), name="b")
        return randomize(
            keras.Model([a, b], operation(layers.Dense(3, name="d")(a), layers.Dense(3)(b)))
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", SUPPORTED)
def test_an_operation_becomes_a_layer(case, dtype):
    operation, layer = SUPPORTED[case]
    model = with_operation(operation, dtype)
    twin = to_scratch(model)
    assert type(twin.calls[-1].layer).__name__ == layer
    x = inputs_for(model)
    # TensorFlow's gelu has float32 constants in float64 too.
    coarse = dtype == "float32" or case.startswith("gelu")
    close = {"rtol": 1e-5, "atol": 1e-6} if coarse else {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(twin.forward(x), model(x).numpy(), **close)
    if case != "a / 0.7":  # rounded once more
        back = to_keras(twin)
        np.testing.assert_array_equal(back(x).numpy(), model(x).numpy())


REFUSED = {
    "c / a": (lambda a, _: 1 / a, r"\(TrueDivide\): it divides by a tensor\. Divide by constants"),
    "a / b": (lambda a, b: a / b, r"\(TrueDivide\): it is given two tensors\. "),
    "maximum": (lambda a, _: ops.maximum(a, 0.0), r"\(Maximum\): .*constant\. Use keras.*ReLU"),
    "power": (lambda a, _: a**2, r"\(Power\): this operation has no .*\. Use a layer .* Add, "),
    "split": (lambda a, _: ops.split(a, 3, axis=-1)[1], r"\(Split\): it has 3 outputs"),
    "mean": (
        lambda a, _: ops.mean(a, axis=-1),
        r"\(Mean\): it reduces .* axis \[-1\]\. Reduce",
    ),
    "max": (lambda a, _: ops.max(a, axis=(1, 2), initial=0.0), r"\(Max\): it reduces"),
    "reshape": (lambda a, _: ops.reshape(a, (-1, 3)), r"\(Reshape\): .*mixes samples.*Reshape"),
    "transpose": (lambda a, _: ops.transpose(a), r"\(Transpose\): it moves the batch"),
    "pad": (lambda a, _: ops.pad(a, 1), r"\(Pad\): it pads by .* mode 'constant'\. Pad height"),
    "fill": (
        lambda a, _: ops.pad(a, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=2.0),
        r"\(Pad\): it pads by",
    ),
    "resize": (lambda a, _: ops.image.resize(a, (8, 8), antialias=True), r"options antialias are"),
    "wide": (lambda a, _: a * np.ones((3, 1, 1, 1), "float32"), r"its constant makes \(3, 4, 5, 3"),
    "dtype": (lambda a, _: a * np.ones(3), r"different dtypes \(float32, float64\)\. Give its"),
    "variable": (lambda a, _: a * keras.Variable(CHANNELS), r"the variable 'variable.*register"),
    "joined": (
        lambda a, _: ops.concatenate([a, ops.ones((1, 4, 5, 3))], axis=0),
        r"\(Concatenate\): it joins a constant",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_operation_beyond_layers_is_refused_by_name(case):
    operation, message = REFUSED[case]
    model = with_operation(operation)
    with pytest.raises(UnsupportedLayerError, match=rf"^Layer '\w+' .*{message}") as error:
        to_scratch(model)
    assert str(error.value).endswith(".")


def test_one_operation_in_a_model_used_twice_is_one_layer():
    x = keras.Input((3,))
    inner = keras.Model(x, layers.Dense(3, name="dense")(x) + x, name="inner")
    image = keras.Input((3,))
    model = keras.Model(image, inner(inner(image)))
    twin = to_scratch(model)
    assert len(twin.layers) == 2
    x = inputs_for(model)
    np.testing.assert_allclose(twin.forward(x), model(x).numpy(), rtol=1e-5, atol=1e-6)


def test_gelu_by_tanh_in_a_row_is_an_operation_in_keras() -> None:
    row = [Input((4, 5, 3)), Conv2D(4, 3), Activation("gelu_tanh")]
    back = to_keras(Sequential(row))
    assert [type(call.layer).__name__ for call in trace(back).calls] == ["Conv2D", "Gelu"]
