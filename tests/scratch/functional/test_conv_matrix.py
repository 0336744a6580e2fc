"""A convolution as a matrix, in exact integers."""

import numpy as np
import pytest

from scratch.functional import conv2d, conv2d_input_gradient, conv_matrix, resolve_padding
from scratch.reference import conv_backward, conv_forward

# input (H, W, Cin), kernel (kh, kw), Cout, strides, padding
CASES = {
    "exercise 5-7": ((4, 4, 1), (3, 3), 1, (1, 1), "valid"),
    "channels": ((5, 4, 2), (2, 3), 3, (1, 1), "valid"),
    "strides with remainders": ((7, 6, 2), (3, 2), 4, (2, 3), "valid"),
    "same, even kernel": ((5, 6, 3), (4, 2), 2, (1, 1), "same"),
    "same, stride 2": ((6, 5, 2), (3, 3), 3, (2, 2), "same"),
    "four pads": ((4, 5, 2), (3, 2), 3, (1, 2), (2, 0, 1, 3)),
    "stride beyond the kernel": ((7, 8, 1), (1, 2), 2, (3, 3), "valid"),
    "padding beyond the kernel": ((2, 3, 1), (2, 2), 1, (1, 1), (3, 2, 3, 3)),
}


@pytest.mark.parametrize("case", CASES)
def test_forward_and_backward_are_transposes(case):
    shape, size, outputs, strides, padding = CASES[case]
    rng = np.random.default_rng(0)
    x, kernel = rng.integers(0, 256, shape), rng.integers(-9, 10, (*size, shape[2], outputs))
    options = {"strides": strides, "padding": padding}
    y = conv2d(x[None], kernel, **options)
    dy = rng.integers(-9, 10, y.shape)
    C = conv_matrix(kernel, shape, **options)
    assert C.shape == (y.size, x.size)
    assert C.dtype == kernel.dtype
    np.testing.assert_array_equal(C @ x.ravel(), y.ravel())
    dx = conv2d_input_gradient(dy, kernel, shape[:2], **options)
    np.testing.assert_array_equal(C.T @ dy.ravel(), dx.ravel())

    # The plain loops say the same.
    pads = resolve_padding(padding, shape[:2], size, strides)
    bias = np.zeros((1, 1, 1, outputs), int)
    Z, cache = conv_forward(x[None], kernel, bias, {"stride": strides, "pad": pads})
    np.testing.assert_array_equal(C @ x.ravel(), Z.ravel())
    np.testing.assert_array_equal(C.T @ dy.ravel(), conv_backward(dy, cache)[0].ravel())


def test_exercise_5_7():
    kernel = np.arange(1, 10).reshape(3, 3, 1, 1)
    np.testing.assert_array_equal(
        conv_matrix(kernel, (4, 4, 1)),
        [
            [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0],
            [0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0],
            [0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0],
            [0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9],
        ],
    )


def test_the_transpose_of_a_valid_convolution_is_a_wide_one_with_the_turned_kernel():
    kernel = np.arange(1, 10).reshape(3, 3, 1, 1)
    wide = conv_matrix(kernel[::-1, ::-1], (4, 5, 1), padding=(2, 2, 2, 2))
    np.testing.assert_array_equal(wide, conv_matrix(kernel, (6, 7, 1)).T)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "object"])
def test_dtype_is_the_kernels(dtype):
    assert conv_matrix(np.ones((2, 2, 1, 1), dtype), (3, 3, 1)).dtype == dtype


@pytest.mark.parametrize(
    ("kernel", "shape", "message"),
    [
        ((3, 3, 2, 1), (4, 4, 1), r"kernel \(3, 3, 2, 1\), input_shape \(4, 4, 1\)"),
        ((3, 3), (4, 4, 1), r"kernel \(3, 3\)"),
        ((3, 3, 1, 1), (4, 4), r"input_shape \(4, 4\)"),
        ((3, 5, 1, 1), (4, 4, 1), "kernel is larger"),
    ],
)
def test_what_does_not_fit_is_refused(kernel, shape, message):
    with pytest.raises(ValueError, match=message):
        conv_matrix(np.zeros(kernel), shape)
