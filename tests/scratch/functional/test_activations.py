import numpy as np
import pytest
import tensorflow as tf

from scratch.functional import relu, relu_backward, softmax, softmax_backward
from scratch.functional.activations import get
from scratch.functional.rectifiers import relu_over
from tests.scratch.functional.oracles import assert_same, central_difference, complex_step, normal

DTYPES = [("float32", 1e-6), ("float64", 1e-14)]


def keras_gradient(function, x, dy):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y, tape.gradient(y, x, tf.constant(dy))


@pytest.mark.parametrize(("dtype", "rtol"), DTYPES)
def test_relu_against_tensorflow_with_zeros(dtype, rtol):
    x, dy = normal(0, 3, 4, 5, dtype=dtype).copy(), normal(1, 3, 4, 5, dtype=dtype)
    x[0], x[1] = 0.0, -0.0
    y_keras, dx_keras = keras_gradient(tf.nn.relu, x, dy)
    assert_same("output", relu(x), y_keras, rtol=0)
    assert_same("dx", relu_backward(dy, x), dx_keras, rtol=0)


@pytest.mark.parametrize(("dtype", "rtol"), DTYPES)
@pytest.mark.parametrize("axis", [-1, 1])
def test_softmax_against_tensorflow(axis, dtype, rtol):
    x, dy = normal(0, 3, 4, 5, dtype=dtype), normal(1, 3, 4, 5, dtype=dtype)
    y_keras, dx_keras = keras_gradient(lambda x: tf.nn.softmax(x, axis), x, dy)
    y_scratch = softmax(x, axis)
    assert_same("output", y_scratch, y_keras, rtol)
    assert_same("dx", softmax_backward(dy, y_scratch, axis), dx_keras, rtol)


def test_softmax_gradient_by_complex_step():
    x, dy = normal(0, 3, 4), normal(1, 3, 4)
    assert_same("dx", softmax_backward(dy, softmax(x)), complex_step(softmax, x, dy))


def test_softmax_does_not_overflow():
    y = softmax(np.array([[1e4, 1e4 - 1, -1e4]], "float32"))
    np.testing.assert_allclose(y, [[1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 0]], rtol=1e-6)


@pytest.mark.parametrize("name", ["linear", "relu", "softmax", None])
def test_registered_activations_know_their_gradient(name):
    activation = get(name)
    assert activation.name == (name or "linear")
    z, dy = normal(0, 3, 4), normal(1, 3, 4)
    dz = activation.backward(dy, z, activation.forward(z))
    assert_same("dz", dz, central_difference(activation.forward, z, dy), rtol=1e-8)


def test_an_unknown_activation_names_the_known_ones():
    with pytest.raises(ValueError, match=r"'glu'; known are elu, .* hard_swish, .* swish, tanh"):
        get("glu")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (7,), (4097,), (3, 700_001)])
def test_relu_of_many_numbers_is_relu_of_each(shape, dtype):
    x, dy = normal(0, *shape, dtype=dtype), normal(1, *shape, dtype=dtype)
    if x.size > 100:
        x = x.copy()
        x.reshape(-1)[[3, -3]] = 0, np.nan
    y, dx = relu(x), relu_backward(dy, x)
    assert y.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(y, np.where(x < 0, 0, x))
    np.testing.assert_array_equal(dx, np.where(x > 0, dy, 0))
    if x.ndim == 2:
        np.testing.assert_array_equal(relu(x.T), y.T)
        np.testing.assert_array_equal(relu_backward(dy.T, x.T), dx.T)


@pytest.mark.parametrize("count", [1, 4095, 2**20 + 3])
def test_relu_over_its_input_and_backward_from_its_output(count):
    x, dy = normal(0, count), normal(1, count)
    y = x.copy()
    assert relu_over(y) is not None
    np.testing.assert_array_equal(y, relu(x))
    np.testing.assert_array_equal(relu_backward(dy, y), relu_backward(dy, x))
    strided = normal(2, 6, 8).copy()[:, ::2]
    np.testing.assert_array_equal(relu_over(strided), relu(normal(2, 6, 8)[:, ::2]))
