import numpy as np
import pytest
import tensorflow as tf

from scratch.functional import (
    global_average_pool,
    global_average_pool_backward,
    global_max_pool,
    global_max_pool_backward,
)
from tests.scratch.functional.oracles import assert_same, frozen, normal

SHAPES = [(2, 5, 3, 4), (2, 7, 3)]


def by_tensorflow(reduce, x, keepdims):
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = reduce(tensor, axis=tuple(range(1, x.ndim - 1)), keepdims=keepdims)
    dy = normal(1, *y.shape, dtype=x.dtype.name)
    return y, dy, tape.gradient(y, tensor, tf.constant(dy))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_average(shape, keepdims, dtype):
    x, rtol = normal(0, *shape, dtype=dtype), 1e-6 if dtype == "float32" else 1e-14
    y_keras, dy, dx_keras = by_tensorflow(tf.reduce_mean, x, keepdims)
    assert_same("output", global_average_pool(x, keepdims), y_keras, rtol)
    dx = global_average_pool_backward(dy, shape[1:-1])
    assert_same("dx", dx, dx_keras, rtol)
    dx += 1  # a fresh array, not a read-only broadcast


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_maximum_is_tensorflows_bitwise(shape, keepdims, ties, dtype):
    """Tied maxima share the gradient."""
    x = normal(0, *shape, dtype=dtype)
    x = frozen(np.round(x / 2)) if ties else x
    y_keras, dy, dx_keras = by_tensorflow(tf.reduce_max, x, keepdims)
    y = global_max_pool(x, keepdims)
    assert_same("output", y, y_keras, rtol=0)
    dx = global_max_pool_backward(dy, x, y)
    assert_same("dx", dx, dx_keras, rtol=0)
    shared = np.count_nonzero(dx, axis=tuple(range(1, x.ndim - 1)))
    assert (shared > 1).any() if ties else (shared == 1).all()


def test_not_a_number_spreads_as_in_tensorflow():
    x = normal(0, 2, 4, 3).copy()
    x[0, 1, 2] = np.nan
    y_keras, dy, dx_keras = by_tensorflow(tf.reduce_max, x, False)
    y = global_max_pool(x)
    np.testing.assert_array_equal(y, y_keras)
    np.testing.assert_array_equal(global_max_pool_backward(dy, x, y), dx_keras)
