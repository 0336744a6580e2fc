import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from scratch.functional import resize2d, resize2d_backward
from tests.scratch.functional.oracles import assert_same, complex_step, normal

# (H, W) -> (height, width)
SIZES = [
    ((5, 4), (10, 8)),
    ((5, 4), (15, 4)),  # thirds: places on pixels' centres
    ((7, 9), (3, 2)),
    ((6, 5), (7, 11)),
    ((1, 4), (3, 1)),
    ((4, 6), (4, 6)),
]


def by_tensorflow(x, size, interpolation, dy):
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = tf.image.resize(tensor, size, method=interpolation)
    return y, tape.gradient(y, tensor, tf.constant(dy))


def hat_weights(n, m):
    """Bilinear interpolation by its definition: a pixel's weight falls off linearly with the
    distance of its centre; beyond the border the image goes on as it is there."""
    weights = np.zeros((m, n))
    for i in range(m):
        place = min(max((i + 0.5) * n / m - 0.5, 0), n - 1)
        for j in range(n):
            weights[i, j] = max(0, 1 - abs(place - j))
    return weights


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize(("before", "after"), SIZES)
def test_against_tensorflow(before, after, interpolation):
    x, dy = normal(0, 2, *before, 3, dtype="float32"), normal(1, 2, *after, 3, dtype="float32")
    y_keras, dx_keras = by_tensorflow(x, after, interpolation, dy)
    assert_same("output", resize2d(x, after, interpolation), y_keras, rtol=0)
    dx_scratch = resize2d_backward(dy, before, interpolation)
    assert_same("dx", dx_scratch, dx_keras, rtol=2e-6)


@pytest.mark.parametrize(("before", "after"), SIZES)
def test_bilinear_against_its_definition(before, after):
    x, dy = normal(0, 2, *before, 3), normal(1, 2, *after, 3)
    rows, columns = (hat_weights(n, m) for n, m in zip(before, after, strict=True))
    y = np.einsum("nhwc,oh,pw->nopc", x, rows, columns)
    assert_same("output", resize2d(x, after, "bilinear"), y, rtol=1e-13)
    dx = resize2d_backward(dy, before, "bilinear")
    assert_same("dx", dx, np.einsum("nopc,oh,pw->nhwc", dy, rows, columns), rtol=1e-13)
    assert_same("dx", dx, complex_step(lambda x: resize2d(x, after, "bilinear"), x, dy))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70))
def test_nearest_copies_tensorflows_pixel_whatever_the_dtype(n, m):
    pixels = np.arange(n, dtype=np.float64).reshape(1, n, 1, 1)
    y_keras = tf.image.resize(pixels, (m, 1), method="nearest").numpy()
    np.testing.assert_array_equal(resize2d(pixels, (m, 1), "nearest"), y_keras)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_dtype_is_kept_and_images_without_change_are_handed_on(interpolation, dtype):
    x = normal(0, 2, 4, 3, 2, dtype=dtype)
    y = resize2d(x, (7, 2), interpolation)
    assert y.dtype == resize2d_backward(y, (4, 3), interpolation).dtype == dtype
    assert resize2d(x, (4, 3), interpolation) is x


def test_a_number_stays_where_it_is():
    """What is not finite reaches the pixels beside it alone."""
    x = np.zeros((1, 9, 1, 1))
    x[0, 4] = np.inf
    with np.errstate(invalid="ignore"):
        y = resize2d(x, (18, 1), "bilinear")
    assert np.isfinite(y[0, [*range(7), *range(11, 18)]]).all()


def test_another_interpolation_is_refused():
    with pytest.raises(ValueError, match="one of nearest, bilinear, got 'bicubic'"):
        resize2d(np.zeros((1, 2, 2, 1)), (3, 3), "bicubic")
