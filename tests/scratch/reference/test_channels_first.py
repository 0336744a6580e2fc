"""Source D's functions against strided windows, on images whose sides and channels all differ."""

import numpy as np
import pytest

from scratch.reference.channels_first import convolution, pooling, random_kernel, relu


def windows_of(x, size, stride, pad=0):
    """(C, Ho, Wo, size, size) views of the zero-padded image."""
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (1, 2))
    return view[:, ::stride, ::stride]


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(-50, 50, (2, 5, 8))


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_convolution(image, size, stride):
    kernel = np.random.default_rng(1).integers(-9, 10, (4, 2, size, size))
    y = convolution(image, 2, 4, size, stride, kernel)
    expected = np.einsum("chwij,ocij->ohw", windows_of(image, size, stride, size // 2), kernel)
    assert y.shape == (4, (5 - 1) // stride + 1, (8 - 1) // stride + 1)
    assert y.dtype == kernel.dtype
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (3, 2), (2, 3), (5, 1)])
def test_pooling_moves_by_its_stride_and_keeps_the_channels(image, size, stride):
    expected = windows_of(image, size, stride).max(axis=(3, 4))
    np.testing.assert_array_equal(pooling(image, size, stride), expected)


def test_relu_leaves_its_input_alone(image):
    before = image.copy()
    y = relu(image)
    assert (y >= 0).all()
    np.testing.assert_array_equal(y - relu(-image), before)
    np.testing.assert_array_equal(image, before)


def test_the_kernel_is_drawn_once_and_can_be_drawn_again(image):
    kernel = random_kernel(2, 4, 3, np.random.default_rng(7))
    assert kernel.shape == (4, 2, 3, 3)
    again = random_kernel(2, 4, 3, np.random.default_rng(7))
    first = convolution(image, 2, 4, 3, 1, kernel)
    np.testing.assert_array_equal(first, convolution(image, 2, 4, 3, 1, again))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(image, dtype):
    x, kernel = image.astype(dtype), np.ones((1, 2, 3, 3), dtype)
    results = [convolution(x, 2, 1, 3, 1, kernel), relu(x), pooling(x, 2, 2)]
    assert {str(r.dtype) for r in results} == {dtype}


X = np.zeros((2, 5, 8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: convolution(X, 2, 4, 2, 1, np.zeros((4, 2, 2, 2))), "must be odd.*got 2"),
        (lambda: convolution(X, 3, 4, 3, 1, np.zeros((4, 3, 3, 3))), r"input \(2, 5, 8\)"),
        (lambda: convolution(X, 2, 4, 3, 1, np.zeros((2, 4, 3, 3))), r"kernel \(2, 4, 3, 3\)"),
        (lambda: convolution(X, 2, 4, 3, 0, np.zeros((4, 2, 3, 3))), "stride 0"),
        (lambda: pooling(X, 6, 1), "size 5, window 6"),
        (lambda: pooling(X[0], 2, 2), r"\(5, 8\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
