import numpy as np
import pytest
import tensorflow as tf

from scratch.functional import (
    dense,
    dense_bias_gradient,
    dense_input_gradient,
    dense_kernel_gradient,
)
from tests.scratch.functional.oracles import assert_same, complex_step, normal


@pytest.mark.parametrize("leading", [(1,), (4,), (2, 3), (2, 3, 2)])
def test_gradients_by_complex_step(leading):
    x, kernel, bias = normal(0, *leading, 5), normal(1, 5, 3), normal(2, 3)
    dy = normal(3, *leading, 3)
    assert_same(
        "dx", dense_input_gradient(dy, kernel), complex_step(lambda x: dense(x, kernel), x, dy)
    )
    by_kernel = complex_step(lambda k: dense(x, k), kernel, dy)
    assert_same("dkernel", dense_kernel_gradient(dy, x), by_kernel)
    by_bias = complex_step(lambda b: dense(x, kernel.astype(complex), b), bias, dy)
    assert_same("dbias", dense_bias_gradient(dy), by_bias)


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-6), ("float64", 1e-14)])
def test_against_tensorflow(dtype, rtol):
    x, kernel = normal(0, 6, 5, dtype=dtype), normal(1, 5, 3, dtype=dtype)
    bias = normal(2, 3, dtype=dtype)
    y_keras = tf.nn.bias_add(tf.matmul(x, kernel), bias)
    assert_same("output", dense(x, kernel, bias), y_keras, rtol)
    assert_same("output without bias", dense(x, kernel), tf.matmul(x, kernel), rtol)
    for gradient in (
        dense_kernel_gradient(y_keras.numpy(), x),
        dense_bias_gradient(y_keras.numpy()),
    ):
        assert gradient.dtype == dtype


@pytest.mark.parametrize("kernel", [(4, 3), (5,)])
def test_misfits_are_named(kernel):
    with pytest.raises(ValueError, match=r"x \(2, 5\), kernel \(" + str(kernel[0])):
        dense(np.zeros((2, 5)), np.zeros(kernel))
