"""Activations by name and as layers against Keras', kinks, shared slopes and bad arguments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from scratch import layers
from scratch.functional import activations
from tests.scratch.layers.harness import check_call, check_layer, random

KERAS_NAMES = [name for name in activations.NAMES if name != "gelu_tanh"]
SHAPES = [(3, 5), (1, 4, 6), (2, 5, 4, 3)]
# Every kink of every activation, negative zero, and what saturates.
POINTS = np.array([0.0, -0.0, -3.0, 3.0, 6.0, 1.25, 5.0, 0.5, -0.5, -20.0, 20.0, 4.0])

LAYERS = {
    "relu6": ("ReLU", {"max_value": 6}),
    "relu_capped": ("ReLU", {"max_value": 5.0}),
    "relu_cap_of_zero": ("ReLU", {"max_value": 0.0}),
    "relu_sloped": ("ReLU", {"negative_slope": 0.3}),
    "relu_sloped_capped": ("ReLU", {"max_value": 6.0, "negative_slope": 0.3}),
    "relu_threshold": ("ReLU", {"threshold": 1.25}),
    "relu_threshold_rounded": ("ReLU", {"threshold": 0.1, "max_value": 0.3}),
    "relu_everything": ("ReLU", {"max_value": 6.0, "negative_slope": 0.25, "threshold": 1.25}),
    "threshold_above_cap": ("ReLU", {"max_value": 0.5, "threshold": 1.25}),
    "leaky": ("LeakyReLU", {}),
    "leaky_flat": ("LeakyReLU", {"negative_slope": 0.0}),
    "leaky_steep": ("LeakyReLU", {"negative_slope": 1.5}),
    "elu": ("ELU", {}),
    "elu_alpha": ("ELU", {"alpha": 0.3}),
    "softmax_axis": ("Softmax", {"axis": 1}),
    "softmax_one_axis": ("Softmax", {"axis": [-1]}),
    "softmax_axes": ("Softmax", {"axis": (1, -1)}),
    "prelu": ("PReLU", {"alpha_initializer": "ones"}),
    "prelu_shared": ("PReLU", {"shared_axes": 1}),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", KERAS_NAMES)
def test_activation_by_name(name, shape):
    check_layer("Activation", shape, activation=name)


@pytest.mark.parametrize("shape", [(3, 5, 2), (2, 5, 4, 3)], ids=str)
@pytest.mark.parametrize("case", LAYERS)
def test_activation_layer(case, shape):
    name, options = LAYERS[case]
    check_layer(name, shape, **options)


def test_slopes_shared_over_an_image():
    check_layer("PReLU", (2, 5, 4, 3), shared_axes=[1, 2])
    check_layer("PReLU", (1, 5, 4, 1), shared_axes=[1, 2, 3])


def test_slopes_of_an_image_of_any_size():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, None, None, 3))
    assert layer.weights["alpha"].shape == (1, 1, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", [c for c in (*KERAS_NAMES, *LAYERS) if "softmax" not in c])
def test_derivative_where_none_exists(case, dtype):
    """Which side's slope Keras takes is reproduced, point by point."""
    name, options = LAYERS.get(case, ("Activation", {"activation": case}))
    x = np.broadcast_to(POINTS, (2, 3, 12)).astype(dtype)
    ours = getattr(layers, name)(**options, dtype=dtype)
    theirs = getattr(keras.layers, name)(**options, dtype=dtype)
    ours.build(x.shape)
    theirs.build(x.shape)
    theirs.set_weights(list(ours.weights.values()))
    check_call(ours, theirs, [x], training=False)


@pytest.mark.parametrize(
    ("name", "point", "slope"),
    [
        ("relu", 0, 0), ("relu6", 0, 0), ("relu6", 6, 0), ("hard_sigmoid", -3, 0),
        ("hard_sigmoid", 3, 0), ("hard_silu", -3, 0), ("hard_silu", 3, 1),
        ("leaky_relu", 0, float(np.float32(0.2))), ("elu", 0, 1), ("selu", 0, 1.0507009873554805),
    ],
)  # fmt: skip
def test_known_slopes_at_kinks(name, point, slope):
    layer = layers.Activation(name, dtype="float64")
    layer.forward(np.array([[point]], "float64"))
    assert layer.backward(np.ones((1, 1))) == slope


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_approximate_gelu_is_the_operator(dtype):
    x, dy = 3 * random((4, 7, 5), dtype, 0), random((4, 7, 5), dtype, 1)
    layer = layers.Activation("gelu_tanh", dtype=dtype)
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = keras.ops.gelu(tensor, approximate=True)
    dx = tape.gradient(y, tensor, output_gradients=tf.constant(dy))
    tolerance = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(layer.forward(x), y, atol=tolerance)
    np.testing.assert_allclose(layer.backward(dy), dx, atol=tolerance)


def test_aliases_are_keras_own():
    for alias, name in (("swish", "silu"), ("hard_swish", "hard_silu")):
        assert keras.activations.get(alias) is keras.activations.get(name)
        assert layers.Activation(alias).get_config()["activation"] == name


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_names_are_what_keras_writes(name):
    assert keras.activations.serialize(keras.activations.get(name)) == name


@pytest.mark.parametrize("name", activations.NAMES)
def test_nothing_is_written_to_or_turned_into_another_dtype(name):
    for dtype in ("float32", "float64"):
        x, dy = random((3, 5, 4), dtype, 0), random((3, 5, 4), dtype, 1)  # Not writeable.
        layer = layers.Activation(name, dtype=dtype)
        assert layer.forward(x).dtype == layer.backward(dy).dtype == dtype


@pytest.mark.parametrize("name", [n for n in activations.NAMES if n != "exponential"])
def test_extreme_numbers_neither_warn_nor_become_nan(name):
    x = np.array([[-3e5, -200, -88.5, -1e-42, 0, 1e-42, 88.5, 200, 3e5]], "float32")
    layer = layers.Activation(name)
    with np.errstate(all="raise", under="ignore"):
        y, dx = layer.forward(x), layer.backward(np.ones_like(x))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


BAD = {
    "slope": ("LeakyReLU", {"negative_slope": -0.1}, ValueError, "at least 0, got -0.1"),
    "no slope": ("ReLU", {"negative_slope": None}, ValueError, "negative_slope must be at least 0"),
    "cap": ("ReLU", {"max_value": -1.0}, ValueError, "max_value must be at least 0, got -1.0"),
    "threshold": ("ReLU", {"threshold": -1.0}, ValueError, "threshold must be at least 0"),
    "axis 0": ("PReLU", {"shared_axes": [0]}, ValueError, "shared_axes must be at least 1, got 0"),
    "half an axis": ("PReLU", {"shared_axes": [1.5]}, TypeError, "shared_axes must be a whole"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_argument(case):
    name, options, error, message = BAD[case]
    with pytest.raises(error, match=rf"^{name} 'mine': .*{message}"):
        getattr(layers, name)(**options, name="mine")


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Softmax(axis=3), (2, 3, 4), r"axis=3 for shape \(2, 3, 4\)"),
        (layers.Softmax(axis=[1, -2]), (2, 3, 4), r"each once, got axis=\[1, -2\]"),
        (layers.Softmax(axis=[]), (2, 3, 4), r"axis=\[\]"),
        (layers.PReLU(shared_axes=[3]), (2, 3, 4), r"shared_axes=\[3\] are not all axes"),
    ],
)
def test_bad_shape(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer.compute_output_shape(shape)


def test_slopes_need_a_size():
    with pytest.raises(ValueError, match=r"must be known or in shared_axes, got shape \(2, None"):
        layers.PReLU().build((2, None, 4))


def test_slopes_are_for_one_shape():
    layer = layers.PReLU()
    layer.forward(np.zeros((2, 3, 4), "float32"))
    with pytest.raises(ValueError, match=r"slopes alpha are \(3, 4\), got an input of shape"):
        layer.forward(np.zeros((2, 4, 4), "float32"))
