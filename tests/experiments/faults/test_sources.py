"""Each faulty layer that stands for a source's code against that code's own loops, written out."""

import numpy as np
import pytest

from experiments.faults import BY_NAME
from scratch import config, layers, reference
from scratch.functional import resolve_padding
from scratch.layers import Layer

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 7, 6, 3))


def max_pool(fault: str, f, strides, padding: str = "valid") -> Layer:
    layer = layers.MaxPooling2D(f, strides, padding, dtype="float64")
    return BY_NAME[fault].planted_copy(layer)


def conv(fault: str, filters: int, f, strides, padding: str = "valid") -> layers.Conv2D:
    layer = layers.Conv2D(filters, f, strides, padding, dtype="float64")
    layer.build(X.shape)
    layer.weights["bias"][...] = RNG.standard_normal(filters)
    return BY_NAME[fault].planted_copy(layer)


def upstream(y: np.ndarray) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(y.shape)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("mode", ["max", "average"])
def test_source_b_pooling_backward_at_h_and_w(mode: str, padding: str) -> None:
    f, strides = (3, 2), (2, 2)
    kind = layers.MaxPooling2D if mode == "max" else layers.AveragePooling2D
    layer = kind(f, strides, padding, dtype="float64")
    faulty = BY_NAME[f"{mode}-pool-stride-ignored-in-backward"].planted_copy(layer)
    y = faulty.forward(X)
    np.testing.assert_array_equal(y, layer.forward(X))
    dy = upstream(y)
    top, _, left, _ = resolve_padding(padding, X.shape[1:3], f, strides)
    expected = np.zeros_like(X)
    for i, h, w, c in np.ndindex(*dy.shape):
        rows, columns = slice(max(h - top, 0), h - top + 3), slice(max(w - left, 0), w - left + 2)
        window = X[i, rows, columns, c]
        share = (window == window.max()) if mode == "max" else 1 / window.size
        expected[i, rows, columns, c] += share * dy[i, h, w, c]
    np.testing.assert_allclose(faulty.backward(dy), expected, atol=1e-15)


@pytest.mark.parametrize("fault", ["max-pool", "average-pool"])
def test_stride_one_hides_that(fault: str) -> None:
    kind = layers.MaxPooling2D if fault == "max-pool" else layers.AveragePooling2D
    layer = kind((2, 3), 1, dtype="float64")
    faulty = BY_NAME[f"{fault}-stride-ignored-in-backward"].planted_copy(layer)
    dy = upstream(layer.forward(X))
    faulty.forward(X)
    np.testing.assert_allclose(faulty.backward(dy), layer.backward(dy))


def test_source_d_pooling_moves_by_its_size() -> None:
    layer = max_pool("pool-moves-by-its-size", (3, 2), 1)
    expected, cache = reference.pool_forward(X, {"f": (3, 2), "stride": (3, 2)})
    y = layer.forward(X)
    np.testing.assert_array_equal(y, expected)
    dy = upstream(y)
    np.testing.assert_allclose(layer.backward(dy), reference.pool_backward(dy, cache))
    with pytest.raises(ValueError, match=r"gradient is \(2, 5, 5, 3\).*output \(2, 2, 3, 3\)"):
        layer.backward(np.zeros((2, 5, 5, 3)))


def test_source_d_output_array_has_as_many_channels_as_rows() -> None:
    layer = max_pool("channels-by-height", 2, 2)
    y = layer.forward(X)
    assert y.shape == (2, 3, 3, 7)
    np.testing.assert_array_equal(y[..., :3], reference.pool_forward(X, {"f": 2, "stride": 2})[0])
    assert (y[..., 3:] == 0).all()
    with pytest.raises(IndexError, match="index 2 is out of bounds"):
        layer.forward(X[:, :2])


def test_source_d_kernel_is_another_in_each_call() -> None:
    layer = conv("kernel-drawn-anew", 2, 3, 1)
    kernel = layer.weights["kernel"].copy()
    config.set_random_seed(4)
    first, second = layer.forward(X), layer.forward(X)
    drawn = np.random.default_rng(4).standard_normal((2, 3, 3, 3, 2))
    bias = layer.weights["bias"].reshape(1, 1, 1, 2)
    for y, its in zip((first, second), drawn, strict=True):
        z, _ = reference.conv_forward(X, its, bias, {"stride": 1, "pad": 0})
        np.testing.assert_allclose(y, z)
    np.testing.assert_array_equal(layer.weights["kernel"], kernel)


@pytest.mark.parametrize(("strides", "padding"), [(1, "valid"), (1, "same"), (2, "valid")])
def test_source_e_input_gradient_is_a_wide_convolution_of_dy(strides: int, padding: str) -> None:
    layer = conv("input-gradient-undilated", 4, (2, 3), strides, padding)
    dy = upstream(layer.forward(X))
    kernel = layer.weights["kernel"]
    n, height, width, _ = dy.shape
    wide = np.zeros((n, height + 1, width + 2, 3))
    for i, h, w, c in np.ndindex(*dy.shape):
        wide[i, h : h + 2, w : w + 3] += kernel[..., c] * dy[i, h, w, c]
    top, bottom, left, right = resolve_padding(padding, X.shape[1:3], (2, 3), (strides, strides))
    rows, columns = wide.shape[1:3]
    dx = layer.backward(dy)
    np.testing.assert_allclose(dx, wide[:, top : rows - bottom, left : columns - right])
    assert (dx.shape == X.shape) is (strides == 1)


@pytest.mark.parametrize(("f", "stride"), [(2, 1), (3, 2), (2, 2), (2, 3), (3, 1)])
def test_source_e_output_is_h_over_stride(f: int, stride: int) -> None:
    layer = max_pool("pool-size-by-stride", f, stride)
    y = layer.forward(X)
    assert y.shape == (2, 7 // stride, 6 // stride, 3)
    dy, expected = upstream(y), np.zeros_like(X)
    for i, h, w, c in np.ndindex(*y.shape):
        window = X[i, h * stride : h * stride + f, w * stride : w * stride + f, c]
        assert y[i, h, w, c] == window.max()
        place = expected[i, h * stride : h * stride + f, w * stride : w * stride + f, c]
        place += (window == window.max()) * dy[i, h, w, c]
    np.testing.assert_allclose(layer.backward(dy), expected)


def test_source_e_output_is_empty_where_the_stride_is_larger_than_the_image() -> None:
    layer = max_pool("pool-size-by-stride", 2, 8)
    y = layer.forward(X)
    assert y.shape == (2, 0, 0, 3)
    assert not layer.backward(y).any()


def union_of_maxima(f: int, stride: int, y: np.ndarray) -> np.ndarray:
    mask = np.zeros(X.shape, bool)
    for i, h, w, c in np.ndindex(*y.shape):
        at = (i, slice(h * stride, h * stride + f), slice(w * stride, w * stride + f), c)
        mask[at] |= X[at] == y[i, h, w, c]
    return mask


def test_source_e_windows_share_one_mask() -> None:
    layer = max_pool("shared-maximum-mask", 3, 2)
    y = layer.forward(X)
    dy, mask, expected = upstream(y), union_of_maxima(3, 2, y), np.zeros_like(X)
    for i, h, w, c in np.ndindex(*y.shape):
        at = (i, slice(2 * h, 2 * h + 3), slice(2 * w, 2 * w + 3), c)
        expected[at] += mask[at] * dy[i, h, w, c]
    np.testing.assert_allclose(layer.backward(dy), expected)


def test_source_e_gradient_is_repeated_by_the_stride() -> None:
    """With f < stride that is right, if only stride divides the sides."""
    layer = max_pool("gradient-repeated-by-stride", 2, 3)
    images = X[:, :6]
    y = layer.forward(images)
    dy = upstream(y)
    expected = np.zeros_like(images)
    for i, h, w, c in np.ndindex(*images.shape):
        window = images[i, h // 3 * 3 : h // 3 * 3 + 2, w // 3 * 3 : w // 3 * 3 + 2, c]
        inside = h % 3 < 2 and w % 3 < 2
        if inside and images[i, h, w, c] == window.max():
            expected[i, h, w, c] = dy[i, h // 3, w // 3, c]
    np.testing.assert_array_equal(layer.backward(dy), expected)
    y = layer.forward(X)
    with pytest.raises(ValueError, match="could not be broadcast"):
        layer.backward(upstream(y))
