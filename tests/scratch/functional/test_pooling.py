from itertools import product

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from scratch import reference
from scratch.functional import (
    average_pool2d,
    average_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    max_pool2d_input_gradient,
    resolve_padding,
)
from tests.scratch.functional.oracles import (
    assert_same,
    central_difference,
    complex_step,
    frozen,
    loop_windows,
    normal,
)

# (H, W), pool, strides
GRID = [
    ((6, 4), (2, 2), (2, 2)),
    ((7, 9), (3, 2), (2, 3)),  # remainders
    ((7, 6), (3, 4), (1, 1)),  # overlapping, even
    ((7, 8), (2, 1), (3, 4)),  # windows that skip pixels
    ((8, 8), (8, 8), (8, 8)),
    ((3, 2), (5, 4), (2, 2)),  # a window larger than the image, for "same"
]
CASES = [
    (*geometry, padding)
    for geometry, padding in product(GRID, ["valid", "same"])
    if not (padding == "valid" and geometry[1][0] > geometry[0][0])
]
PADDED = [((5, 4), (3, 2), (2, 1), (1, 2, 1, 0)), ((6, 5), (2, 4), (3, 2), (0, 1, 3, 2))]


def images(kind, size, dtype="float64"):
    """What pooling gets wrong most easily: negative images under padding, and ties."""
    x = normal(0, 2, *size, 3, dtype=dtype)
    if kind == "negative":
        return frozen(-1 - np.abs(x))
    if kind == "few ties":
        x = x.copy()
        x[:, 1:3, :3] = 3
        return frozen(x)
    return frozen(np.round(x)) if kind == "ties" else x


def hparameters(size, pool, strides, padding):
    return {"f": pool, "stride": strides, "pad": resolve_padding(padding, size, pool, strides)}


def keras_pool(pool, x, size, strides, padding, dtype):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = pool(x, size, strides, padding.upper())
    dy = normal(1, *y.shape, dtype=dtype)
    return y, dy, tape.gradient(y, x, tf.constant(dy))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["any", "negative", "ties", "few ties"])
@pytest.mark.parametrize(("size", "pool", "strides", "padding"), CASES)
def test_max_pool_against_tensorflow(size, pool, strides, padding, kind, dtype):
    x = images(kind, size, dtype)
    y_keras, dy, dx_keras = keras_pool(tf.nn.max_pool2d, x, pool, strides, padding, dtype)
    y_scratch, argmax = max_pool2d(x, pool, strides, padding)
    assert_same("output", y_scratch, y_keras, rtol=0)
    rtol = 1e-6 if dtype == "float32" else 1e-14
    dx_scratch = max_pool2d_backward(dy, argmax, size, pool, strides, padding)
    assert_same("dx", dx_scratch, dx_keras, rtol)
    dx_scratch = max_pool2d_input_gradient(dy, x, y_scratch, pool, strides, padding)
    assert_same("dx from x and y", dx_scratch, dx_keras, rtol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("size", "pool", "strides", "padding"), CASES)
def test_average_pool_against_tensorflow(size, pool, strides, padding, dtype):
    x, rtol = images("any", size, dtype), 1e-6 if dtype == "float32" else 1e-14
    y_keras, dy, dx_keras = keras_pool(tf.nn.avg_pool2d, x, pool, strides, padding, dtype)
    assert_same("output", average_pool2d(x, pool, strides, padding), y_keras, rtol)
    dx_scratch = average_pool2d_backward(dy, size, pool, strides, padding)
    assert_same("dx", dx_scratch, dx_keras, rtol)


@pytest.mark.parametrize(("size", "pool", "strides", "padding"), CASES + PADDED)
def test_max_pool_against_the_definition(size, pool, strides, padding):
    x = images("negative", size)
    y_loops, cache = reference.pool_forward(x, hparameters(size, pool, strides, padding))
    y, argmax = max_pool2d(x, pool, strides, padding)
    assert_same("output", y, y_loops)
    dy = normal(1, *y.shape)
    dx = max_pool2d_backward(dy, argmax, size, pool, strides, padding)
    assert_same("dx", dx, reference.pool_backward(dy, cache))
    numeric = central_difference(lambda x: max_pool2d(x, pool, strides, padding)[0], x, dy)
    assert_same("dx", dx, numeric, rtol=1e-8)


@pytest.mark.parametrize(("size", "pool", "strides", "padding"), CASES + PADDED)
def test_average_pool_against_the_definition(size, pool, strides, padding):
    x = images("negative", size)
    given = hparameters(size, pool, strides, padding)
    y_loops, cache = reference.pool_forward(x, given, mode="average")
    y = average_pool2d(x, pool, strides, padding)
    assert_same("output", y, y_loops)
    dy = normal(1, *y.shape)
    dx = average_pool2d_backward(dy, size, pool, strides, padding)
    assert_same("dx", dx, reference.pool_backward(dy, cache, mode="average"))
    exact = complex_step(lambda x: average_pool2d(x, pool, strides, padding), x, dy)
    assert_same("dx", dx, exact)


def test_argmax_is_the_row_major_index_in_the_window():
    """Padding counts as cells of the window: with a pad of one, the first pixel is cell 3."""
    x = frozen(np.array([[5.0, 5.0, 1.0], [2.0, 7.0, 7.0]]).reshape(1, 2, 3, 1))
    y, argmax = max_pool2d(x, (2, 2), (1, 1), (1, 0, 1, 0))
    np.testing.assert_array_equal(y[0, :, :, 0], [[5, 5, 5], [5, 7, 7]])
    np.testing.assert_array_equal(argmax[0, :, :, 0], [[3, 2, 2], [1, 3, 2]])


@pytest.mark.parametrize(("size", "pool", "strides", "padding"), CASES[:6])
def test_nan_propagates_as_in_numpy(size, pool, strides, padding):
    x = images("any", size).copy()
    x[0, ::3, ::2, 0] = np.nan
    x[1, 1, 1, 1] = np.nan
    x[1, 0, 0, 2] = np.inf
    y, argmax = max_pool2d(frozen(x), pool, strides, padding)
    pads = resolve_padding(padding, size, pool, strides)
    for n, h, w, cells in loop_windows(x, pool, strides, pads, value=-np.inf):
        np.testing.assert_array_equal(y[n, h, w], cells.max(axis=(0, 1)))
        first = cells.reshape(-1, 3).argmax(axis=0)
        np.testing.assert_array_equal(argmax[n, h, w], first)


def test_padding_never_wins_even_against_minus_infinity():
    x = frozen(np.full((1, 3, 3, 1), -np.inf))
    y, argmax = max_pool2d(x, (2, 2), (2, 2), (1, 0, 1, 0))
    dx = max_pool2d_backward(np.ones_like(y), argmax, (3, 3), (2, 2), (2, 2), (1, 0, 1, 0))
    assert (y == -np.inf).all()
    assert dx.sum() == y.size


@pytest.mark.parametrize("lowest", ["uint8", "int64"])
def test_max_pool_keeps_integers(lowest):
    x = frozen(np.arange(12, dtype=lowest).reshape(1, 3, 4, 1))
    y, _ = max_pool2d(x, (2, 2), (2, 2), "same")
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y[0, :, :, 0], [[5, 7], [9, 11]])


def test_the_course_numbers():
    """Source A8 (max) and B2 (average): overlapping windows add up."""
    random = np.random.RandomState(1)
    x, dy = random.randn(5, 5, 3, 2), random.randn(5, 4, 2, 2)
    _, argmax = max_pool2d(x, (2, 2), (1, 1), "valid")
    dx = max_pool2d_backward(dy, argmax, (5, 3), (2, 2), (1, 1), "valid")
    expected = [[0, 0], [5.05844394, -1.68282702], [0, 0]]
    np.testing.assert_allclose(dx[1, 1], expected, atol=5e-9)
    dx = average_pool2d_backward(dy, (5, 3), (2, 2), (1, 1), "valid")
    expected = [[0.08485462, 0.2787552], [1.26461098, -0.25749373], [1.17975636, -0.53624893]]
    np.testing.assert_allclose(dx[1, 1], expected, atol=5e-9)


@settings(max_examples=100, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    pool=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_same_pooling_is_adjoint_and_conserves_the_gradient(size, pool, strides):
    geometry = (pool, strides, "same")
    x = normal(0, 2, *size, 3)
    y, argmax = max_pool2d(x, *geometry)
    mean, dy = average_pool2d(x, *geometry), normal(1, *y.shape)
    dx_max = max_pool2d_backward(dy, argmax, size, *geometry)
    dx_mean = average_pool2d_backward(dy, size, *geometry)
    for dx in (dx_max, dx_mean):
        assert dx.sum() == pytest.approx(dy.sum(), abs=1e-11)
    assert (x * dx_max).sum() == pytest.approx((y * dy).sum(), abs=1e-11)
    assert (x * dx_mean).sum() == pytest.approx((mean * dy).sum(), abs=1e-11)


@pytest.mark.parametrize("pool", [max_pool2d, average_pool2d])
@pytest.mark.parametrize("pads", [(2, 0, 0, 0), (0, 2, 0, 0), (0, 0, 3, 0), (0, 0, 0, 3)])
def test_a_window_in_the_padding_alone_is_refused(pool, pads):
    with pytest.raises(ValueError, match=r"input 4x5, window 2x3, strides \(1, 1\)"):
        pool(np.zeros((1, 4, 5, 2)), (2, 3), (1, 1), pads)


@pytest.mark.parametrize("pool", [max_pool2d, average_pool2d])
def test_other_ranks_are_refused(pool):
    with pytest.raises(ValueError, match=r"\(4, 5, 2\)"):
        pool(np.zeros((4, 5, 2)), (2, 2), (1, 1), "valid")


def test_a_window_of_more_cells_than_a_byte_counts():
    x = frozen(np.zeros((1, 20, 17, 2), "float32"))
    y, argmax = max_pool2d(x, (20, 17), (1, 1), "valid")
    np.testing.assert_array_equal(argmax, 0)
    last = x.copy()
    last[0, -1, -1] = 1
    y, argmax = max_pool2d(frozen(last), (20, 17), (1, 1), "valid")
    np.testing.assert_array_equal(argmax, 20 * 17 - 1)
    np.testing.assert_array_equal(
        max_pool2d_backward(y, argmax, (20, 17), (20, 17), (1, 1), "valid"), last
    )


@pytest.mark.parametrize(
    "laid_out",
    [lambda a: np.repeat(a, 2, axis=3)[..., ::2], lambda a: a.T.copy().T],
    ids=["every other", "transposed"],
)
def test_arrays_in_any_memory_layout(laid_out):
    x, size, geometry = np.round(normal(0, 2, 7, 6, 3)), (7, 6), ((3, 2), (2, 1), "same")
    y, argmax = max_pool2d(x, *geometry)
    dy = normal(1, *y.shape)
    for ours, expected in (
        (max_pool2d(laid_out(x), *geometry)[0], y),
        (max_pool2d(laid_out(x), *geometry)[1], argmax),
        (average_pool2d(laid_out(x), *geometry), average_pool2d(x, *geometry)),
        (
            max_pool2d_backward(laid_out(dy), laid_out(argmax), size, *geometry),
            max_pool2d_backward(dy, argmax, size, *geometry),
        ),
        (
            average_pool2d_backward(laid_out(dy), size, *geometry),
            average_pool2d_backward(dy, size, *geometry),
        ),
    ):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize(("size", "pool", "strides", "padding"), CASES + PADDED)
def test_the_gradient_from_x_and_y_is_that_from_argmax(size, pool, strides, padding):
    x = images("few ties", size).copy()
    x[1, 2, 1, 0] = np.nan
    x[0, :, :, 1] = -np.inf  # as the padding is
    y, argmax = max_pool2d(x, pool, strides, padding)
    dy = normal(1, *y.shape)
    dx = max_pool2d_input_gradient(dy, x, y, pool, strides, padding)
    expected = max_pool2d_backward(dy, argmax, size, pool, strides, padding)
    assert_same("dx", dx, expected, rtol=1e-13)
    dx = max_pool2d_input_gradient(dy[:1], x[:1], y[:1], pool, strides, padding)  # without NaN
    assert_same("dx without NaN", dx, expected[:1], rtol=1e-13)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(
    "geometry", [((2, 2), (2, 2), "valid"), ((3, 3), (2, 2), "same"), ((2, 3), (1, 1), "same")]
)
def test_a_batch_is_its_images_bit_by_bit_on_any_number_of_threads(geometry, threads):
    x = np.maximum(normal(0, 9, 90, 70, 24, dtype="float32"), 0)  # 5 MB; ties
    x[3, 40, 30] = np.nan

    def both_passes(x):
        y, argmax = max_pool2d(x, *geometry)
        mean = average_pool2d(x, *geometry)
        size = x.shape[1:3]
        return (
            y,
            argmax,
            max_pool2d_backward(dy[: len(x)], argmax, size, *geometry),
            mean,
            average_pool2d_backward(dy[: len(x)], size, *geometry),
        )

    dy = normal(1, *max_pool2d(x, *geometry)[0].shape, dtype="float32")
    dy = np.broadcast_to(dy[:1], dy.shape)
    with threadpool_limits(threads, user_api="blas"):
        together = both_passes(x)
    for n in range(len(x)):
        for ours, alone in zip(together, both_passes(x[n : n + 1]), strict=True):
            np.testing.assert_array_equal(ours[n], alone[0])
