"""Flatten, add, concatenate and dropout: functions that move numbers about."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from scratch.functional import (
    concatenate,
    concatenate_backward,
    dropout,
    dropout_backward,
    flatten,
    flatten_backward,
    permute,
    permute_backward,
)
from tests.scratch.functional.oracles import assert_same, complex_step, normal


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 6), (0, 3, 2), (4,)])
def test_flatten_against_keras_and_back(shape):
    x = normal(0, *shape)
    y = flatten(x)
    assert_same("output", y, x.reshape(shape[0], int(np.prod(shape[1:]))))
    if len(shape) == 4:
        assert_same("output", y, keras.layers.Flatten(dtype="float64")(x))
    np.testing.assert_array_equal(flatten_backward(y, x.shape), x)


@pytest.mark.parametrize("dims", [(1, 2, 3), (3, 1, 2), (2, 3, 1), (1,)])
def test_permute_against_keras_and_back(dims):
    x = normal(0, 2, *(3, 4, 5)[: len(dims)])
    y = permute(x, dims)
    assert_same("output", y, keras.layers.Permute(dims, dtype="float64")(x), rtol=0)
    np.testing.assert_array_equal(permute_backward(y, dims), x)


@pytest.mark.parametrize("axis", [-1, 1])
def test_concatenate(axis):
    sizes = [3, 1, 4]
    shapes = [(2, size, 2) if axis == 1 else (2, 2, size) for size in sizes]
    xs = [normal(seed, *shape, dtype="float32") for seed, shape in enumerate(shapes)]
    y = concatenate(xs, axis)
    assert_same("output", y, tf.concat(xs, axis), rtol=0)
    dy = normal(9, *y.shape)
    for k, gradient in enumerate(concatenate_backward(dy, sizes, axis)):
        numeric = complex_step(
            lambda x, k=k: concatenate([*xs[:k], x, *xs[k + 1 :]], axis), xs[k], dy
        )
        assert_same(f"dx{k}", gradient, numeric)


def test_concatenate_backward_refuses_wrong_sizes():
    with pytest.raises(ValueError, match=r"\[2, 3\].*\(4, 6\)"):
        concatenate_backward(np.zeros((4, 6)), [2, 3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.0, 0.25, 0.6])
def test_dropout_against_tensorflow_with_its_own_mask(rate, dtype):
    x, dy = normal(0, 40, 30, dtype=dtype), normal(1, 40, 30, dtype=dtype)
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y_keras = tf.nn.experimental.stateless_dropout(tensor, rate, seed=(3, 4))
    mask = y_keras.numpy() != 0
    assert_same("output", dropout(x, mask, rate), y_keras, rtol=1e-7)
    dx_keras = tape.gradient(y_keras, tensor, tf.constant(dy))
    assert_same("dx", dropout_backward(dy, mask, rate), dx_keras, rtol=1e-7)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_dropout_rate_out_of_range(rate):
    with pytest.raises(ValueError, match=str(rate)):
        dropout(np.ones(3), np.ones(3, bool), rate)
