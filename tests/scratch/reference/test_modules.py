"""Source E's layers: its own test, finite differences, and Keras, for every kind of stride."""

import keras
import numpy as np
import pytest

from scratch.reference.modules import Conv2D, MaxPooling, Module, col2im, im2col
from tests.scratch.functional.oracles import central_difference, normal

# (N, C, H, W), out channels, ksize, stride, padding
CONVOLUTIONS = {
    "stride 1": ((2, 2, 5, 4), 3, 2, 1, 0),
    "stride 2, remainder": ((1, 2, 6, 5), 3, 3, 2, 0),
    "stride 2, padded": ((2, 1, 4, 7), 2, 3, 2, 1),
    "gaps between windows": ((1, 3, 8, 7), 2, 2, 3, 0),
    "padded beyond the kernel": ((1, 2, 3, 4), 1, 2, 1, 2),
}
POOLINGS = {
    "blocks": ((2, 2, 4, 6), 2, 2),
    "blocks with a remainder": ((1, 2, 5, 7), 2, 2),
    "overlapping": ((2, 1, 5, 6), 3, 2),
    "overlapping, stride 1": ((1, 2, 4, 5), 2, 1),
    "gaps": ((1, 3, 5, 8), 2, 3),
}


def test_source_e():
    x = np.stack([np.arange(9), np.arange(1, 10)]).reshape(1, 2, 3, 3)
    conv = Conv2D(2, 3, 2, 1, 0)
    y = conv.forward(x)
    assert y.shape == (1, 3, 2, 2)
    kernel = conv.weight.transpose(2, 3, 1, 0)
    y_keras = keras.ops.conv(x.transpose(0, 2, 3, 1).astype(float), kernel)
    np.testing.assert_allclose(y.transpose(0, 2, 3, 1), y_keras, rtol=1e-13)

    dx = conv.backward(y - (y + 1))
    np.testing.assert_allclose(y - (y + 1), -1, rtol=1e-12)
    assert dx.shape == x.shape
    # Every kernel cell of every filter, with -1, at the one to four places that see a pixel.
    w = -conv.weight.sum(axis=0)
    np.testing.assert_allclose(dx[0, :, 0, 0], w[:, 0, 0], rtol=1e-12)
    np.testing.assert_allclose(dx[0, :, 0, 1], w[:, 0].sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(dx[0, :, 1, 1], w.sum(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(conv.bias_grad, [-4, -4, -4], rtol=1e-12)


def with_weights(out_channels, shape, ksize, stride, padding):
    conv = Conv2D(shape[1], out_channels, ksize, stride, padding, np.random.default_rng(3))
    conv.bias = normal(4, out_channels)
    return conv


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_against_keras(case):
    shape, out_channels, ksize, stride, padding = CONVOLUTIONS[case]
    conv, x = with_weights(out_channels, shape, ksize, stride, padding), normal(0, *shape)
    y = conv.forward(x)
    pad = (padding, padding)
    y_keras = keras.ops.conv(
        np.pad(x.transpose(0, 2, 3, 1), ((0, 0), pad, pad, (0, 0))),
        conv.weight.transpose(2, 3, 1, 0),
        strides=stride,
    )
    np.testing.assert_allclose(y.transpose(0, 2, 3, 1), y_keras + conv.bias, atol=1e-12)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_against_finite_differences(case):
    shape, out_channels, ksize, stride, padding = CONVOLUTIONS[case]
    conv, x = with_weights(out_channels, shape, ksize, stride, padding), normal(0, *shape)
    dy = normal(1, *conv.forward(x).shape)
    found = {"x": conv.backward(dy), "weight": conv.weight_grad, "bias": conv.bias_grad}

    def forward(name):
        def call(value):
            layer = Conv2D(shape[1], out_channels, ksize, stride, padding)
            layer.weight, layer.bias = conv.weight, conv.bias
            if name != "x":
                setattr(layer, name, value)
            return layer.forward(value if name == "x" else x)

        return call

    for name, at in (("x", x), ("weight", conv.weight), ("bias", conv.bias)):
        numeric = central_difference(forward(name), at, dy)
        np.testing.assert_allclose(found[name], numeric, rtol=1e-7, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("case", POOLINGS)
def test_pooling_against_keras_and_finite_differences(case):
    shape, ksize, stride = POOLINGS[case]
    # Whole numbers without ties: Keras pools NumPy's arrays in float32.
    x = np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape) - 50.0
    pool = MaxPooling(ksize, stride)
    y = pool.forward(x)
    y_keras = keras.ops.max_pool(x.transpose(0, 2, 3, 1), ksize, stride, padding="valid")
    np.testing.assert_array_equal(y.transpose(0, 2, 3, 1), y_keras)
    dy = normal(1, *y.shape)
    dx = pool.backward(dy)
    numeric = central_difference(MaxPooling(ksize, stride).forward, x, dy)
    np.testing.assert_allclose(dx, numeric, rtol=1e-6, atol=1e-7)


def test_the_first_maximum_gets_the_gradient():
    pool = MaxPooling(2, 1)
    pool.forward(np.array([[1.0, 3.0], [3.0, 3.0]]).reshape(1, 1, 2, 2))
    assert pool.backward(np.full((1, 1, 1, 1), 5.0)).ravel().tolist() == [0, 5, 0, 0]


def test_im2col_rows_are_windows_and_col2im_is_its_transpose():
    x = np.arange(2 * 2 * 3 * 4).reshape(2, 2, 3, 4)
    rows = im2col(x, 2, 2)
    assert rows.shape == (2, 2, 8)
    np.testing.assert_array_equal(rows[1, 1], x[1, :, 0:2, 2:4].ravel())
    c = np.random.default_rng(0).integers(-9, 10, rows.shape)
    assert (im2col(x, 2, 2) * c).sum() == (x * col2im(c, x.shape, 2, 2)).sum()


def test_gradients_add_up_until_they_are_cleared():
    conv, x = Conv2D(1, 2, 2, 1, 0), normal(0, 1, 1, 3, 4)
    dy = normal(1, *conv.forward(x).shape)
    conv.backward(dy)
    once, weight, bias = conv.weight_grad, conv.weight, conv.bias
    conv.backward(dy)
    np.testing.assert_array_equal(conv.weight_grad, 2 * once)
    conv.update(0.5)
    np.testing.assert_array_equal(conv.weight, weight - once)
    np.testing.assert_allclose(conv.bias, bias - dy.sum(axis=(0, 2, 3)), rtol=1e-14)
    conv.zero_grad()
    assert not conv.weight_grad.any()
    assert not conv.bias_grad.any()


def test_a_step_descends_and_clears():
    conv, x = Conv2D(1, 2, 2, 1, 0), normal(0, 1, 1, 3, 4)
    weight = conv.weight
    conv.backward(conv.forward(x))
    gradient = conv.weight_grad
    conv.step(0.25)
    np.testing.assert_array_equal(conv.weight, weight - 0.25 * gradient)
    assert not conv.weight_grad.any()
    MaxPooling(2, 2).step(0.25)  # Nothing to learn, nothing to do.


def test_integers_stay_exact():
    conv = Conv2D(1, 1, 2, 2, 1)
    conv.weight, conv.bias = np.array([[[[1, 2], [3, 4]]]]), np.array([5])
    x = np.arange(12).reshape(1, 1, 3, 4)
    y = conv.forward(x)
    assert y.dtype == x.dtype
    # Pixel 0 in the corner, then 1 and 2, then 3; windows step by two over the padded image.
    assert y[0, 0, 0].tolist() == [5, 5 + 3 * 1 + 4 * 2, 5 + 3 * 3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Conv2D(2, 3, 2, 1, 0).forward(np.zeros((1, 3, 4, 4))), r"x \(N, 2, H, W\)"),
        (lambda: Conv2D(2, 3, 6, 1, 0).forward(np.zeros((1, 2, 4, 5))), "size 4, window 6"),
        (lambda: Conv2D(2, 3, 2, 1, 0).backward(np.zeros((1, 3, 1, 1))), "forward pass first"),
        (lambda: MaxPooling(2, 2).forward(np.zeros((4, 4))), r"\(4, 4\)"),
        (lambda: MaxPooling(2, 2).backward(np.zeros((1, 1, 1, 1))), "forward pass first"),
        (lambda: MaxPooling(5, 1).forward(np.zeros((1, 1, 6, 4))), "size 4, window 5"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("layer", [Conv2D(2, 2, 2, 1, 0), MaxPooling(2, 1)])
def test_an_upstream_gradient_of_another_shape_is_refused(layer: Module):
    y = layer.forward(normal(0, 1, 2, 3, 4))
    with pytest.raises(ValueError, match=r"dy has shape \(1, 2, 2, 2\).*\(1, 2, 2, 3\)"):
        layer.backward(y[..., :2])
