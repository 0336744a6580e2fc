"""The plain loops against the numbers that the sources print, and against finite differences."""

import numpy as np
import pytest

from scratch.reference import (
    conv_backward,
    conv_forward,
    conv_single_step,
    create_mask_from_window,
    distribute_value,
    pool_backward,
    pool_forward,
    zero_pad,
)

DIGITS = 1e-7  # the sources print eight decimals


@pytest.fixture
def randn():
    """The sources' draws: legacy generator, seed 1 before each set-up."""
    return np.random.RandomState(1).randn


@pytest.fixture
def conv_setup(randn):
    return randn(10, 4, 4, 3), randn(2, 2, 3, 8), randn(1, 1, 1, 8)


def test_a1_zero_pad(randn):
    x = randn(4, 3, 3, 2)
    x_pad = zero_pad(x, 2)
    assert x_pad.shape == (4, 7, 7, 2)
    expected = [
        [0.90085595, -0.68372786],
        [-0.12289023, -0.93576943],
        [-0.26788808, 0.53035547],
    ]
    np.testing.assert_allclose(x[1, 1], expected, atol=DIGITS)
    np.testing.assert_array_equal(x_pad[1, 1], np.zeros((7, 2)))
    np.testing.assert_array_equal(x_pad[:, 2:5, 2:5], x)


def test_zero_pad_with_four_numbers(randn):
    x = randn(1, 2, 3, 1)
    x_pad = zero_pad(x, (1, 2, 0, 3))
    assert x_pad.shape == (1, 5, 6, 1)
    np.testing.assert_array_equal(x_pad[:, 1:3, :3], x)
    assert x_pad.sum() == pytest.approx(x.sum())


def test_a2_conv_single_step_adds_the_bias_once(randn):
    a_slice, W, b = randn(4, 4, 3), randn(4, 4, 3), randn(1, 1, 1)
    assert conv_single_step(a_slice, W, b) == pytest.approx(-6.99908945068, abs=1e-10)
    # The printed -23.16 counts b once for each of the 48 products.
    printed = conv_single_step(a_slice, W, 48 * b)
    assert printed == pytest.approx(-23.1602122025, abs=1e-9)


def test_a3_conv_forward(conv_setup):
    A_prev, W, b = conv_setup
    Z, cache = conv_forward(A_prev, W, b, {"pad": 2, "stride": 1})
    assert Z.shape == (10, 7, 7, 8)
    assert Z.mean() == pytest.approx(0.002812946286, abs=1e-11)
    np.testing.assert_allclose(
        cache[0][1][2][3], [-0.20075807, 0.18656139, 0.41005165], atol=DIGITS
    )
    printed, _ = conv_forward(A_prev, W, 12 * b, {"pad": 2, "stride": 1})
    assert printed.mean() == pytest.approx(0.155859324889, abs=1e-11)


def test_a4_pool_forward(randn):
    A_prev = randn(2, 4, 4, 3)
    hparameters = {"f": 4, "stride": 1}
    highest, _ = pool_forward(A_prev, hparameters)
    mean, _ = pool_forward(A_prev, hparameters, mode="average")
    assert highest.shape == mean.shape == (2, 1, 1, 3)
    np.testing.assert_allclose(
        highest[:, 0, 0],
        [[1.74481176, 1.6924546, 2.10025514], [1.19891788, 1.51981682, 2.18557541]],
        atol=DIGITS,
    )
    np.testing.assert_allclose(
        mean[:, 0, 0],
        [[-0.09498456, 0.11180064, -0.14263511], [-0.09525108, 0.28325018, 0.33035185]],
        atol=DIGITS,
    )


def test_a5_conv_backward(conv_setup):
    A_prev, W, b = conv_setup
    Z, cache = conv_forward(A_prev, W, b, {"pad": 2, "stride": 1})
    means = [gradient.mean() for gradient in conv_backward(Z, cache)]
    np.testing.assert_allclose(means, [4.114581704915, 9.203677199014, 1.378343680379], rtol=1e-11)
    # What is printed is right for the Z that is wrong.
    wrong_Z, _ = conv_forward(A_prev, W, 12 * b, {"pad": 2, "stride": 1})
    means = [gradient.mean() for gradient in conv_backward(wrong_Z, cache)]
    np.testing.assert_allclose(means, [9.60899067587, 10.5817412755, 76.3710691956], rtol=1e-11)


def test_b_2021_convolution_with_stride_2(conv_setup):
    A_prev, W, b = conv_setup
    Z, cache = conv_forward(A_prev, W, b, {"pad": 2, "stride": 2})
    assert Z.mean() == pytest.approx(0.04899520352885578, abs=1e-15)
    np.testing.assert_allclose(
        Z[3, 2, 1].reshape(2, 4),
        [
            [-0.61490741, -6.7439236, -2.55153897, 1.75698377],
            [3.56208902, 0.53036437, 5.18531798, 8.75898442],
        ],
        atol=DIGITS,
    )
    means = [gradient.mean() for gradient in conv_backward(Z, cache)]
    np.testing.assert_allclose(
        means, [1.4524377775388075, 1.7269914583139097, 7.839232564616838], rtol=1e-13
    )


def test_a6_create_mask(randn):
    x = randn(2, 3)
    for ties in ("first", "all"):
        np.testing.assert_array_equal(
            create_mask_from_window(x, ties), [[True, False, False], [False, False, False]]
        )


def test_a7_b1_distribute_value():
    np.testing.assert_array_equal(distribute_value(2, (2, 2)), np.full((2, 2), 0.5))
    assert distribute_value(100, (10, 10)).sum() == pytest.approx(100)


@pytest.fixture
def pool_setup(randn):
    A_prev = randn(5, 5, 3, 2)
    A, cache = pool_forward(A_prev, {"f": 2, "stride": 1})
    dA = randn(5, 4, 2, 2)
    assert A.shape == dA.shape
    return dA, cache


def test_a8_pool_backward_max(pool_setup):
    dA, cache = pool_setup
    assert dA.mean() == pytest.approx(0.145713902729, abs=1e-11)
    np.testing.assert_allclose(
        pool_backward(dA, cache, mode="max")[1, 1],
        [[0, 0], [5.05844394, -1.68282702], [0, 0]],
        atol=DIGITS,
    )


def test_b2_pool_backward_average(pool_setup):
    np.testing.assert_allclose(
        pool_backward(*pool_setup, mode="average")[1, 1],
        [[0.08485462, 0.2787552], [1.26461098, -0.25749373], [1.17975636, -0.53624893]],
        atol=DIGITS,
    )


def numerical_gradient(f, x: np.ndarray, dy: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central differences of sum(f() * dy) as each element of x, changed in place, moves."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        centre = x[index]
        x[index] = centre + step
        above = np.sum(f() * dy)
        x[index] = centre - step
        below = np.sum(f() * dy)
        x[index] = centre
        gradient[index] = (above - below) / (2 * step)
    return gradient


def strided_windows(x, f, stride, pad, value):
    """(m, n_H, n_W, n_C, f, f) views of the padded images."""
    top, bottom, left, right = (pad,) * 4 if isinstance(pad, int) else pad
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)
    rows, columns = (stride, stride) if isinstance(stride, int) else stride
    f = (f, f) if isinstance(f, int) else f
    return np.lib.stride_tricks.sliding_window_view(padded, f, (1, 2))[:, ::rows, ::columns]


CONVOLUTIONS = {
    "stride 2, remainder in rows": ((2, 6, 5, 2), (3, 3), 2, 0),
    "even kernel, 'same' pads": ((1, 5, 4, 3), (4, 4), 1, (1, 2, 1, 2)),
    "even kernel, stride 2, one-sided pad": ((2, 4, 7, 1), (2, 2), 2, (0, 1, 0, 1)),
    "stride beyond the kernel": ((1, 7, 8, 2), (1, 2), 3, 0),
    "unlike sides": ((2, 5, 7, 2), (2, 3), (1, 2), (2, 0, 1, 1)),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_against_strided_windows(case):
    shape, f, stride, pad = CONVOLUTIONS[case]
    rng = np.random.default_rng(0)
    A_prev = rng.standard_normal(shape)
    W = rng.standard_normal((*f, shape[3], 4))
    b = rng.standard_normal((1, 1, 1, 4))
    Z, _ = conv_forward(A_prev, W, b, {"stride": stride, "pad": pad})
    windows = strided_windows(A_prev, f, stride, pad, value=0)
    np.testing.assert_allclose(Z, np.einsum("nhwipq,pqio->nhwo", windows, W) + b, atol=1e-13)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_against_finite_differences(case):
    shape, f, stride, pad = CONVOLUTIONS[case]
    rng = np.random.default_rng(0)
    A_prev = rng.standard_normal(shape)
    W = rng.standard_normal((*f, shape[3], 4))
    b = rng.standard_normal((1, 1, 1, 4))
    hparameters = {"stride": stride, "pad": pad}
    Z, cache = conv_forward(A_prev, W, b, hparameters)
    dZ = rng.standard_normal(Z.shape)
    for gradient, x in zip(conv_backward(dZ, cache), (A_prev, W, b), strict=True):
        expected = numerical_gradient(lambda: conv_forward(A_prev, W, b, hparameters)[0], x, dZ)
        np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-8)


POOLINGS = {
    "overlapping, stride 1": ((2, 4, 5, 2), {"f": 2, "stride": 1}),
    "overlapping, stride 2, remainder": ((1, 6, 8, 3), {"f": 3, "stride": 2}),
    "gaps": ((1, 7, 5, 2), {"f": 2, "stride": 3}),
    "padded": ((2, 5, 4, 1), {"f": 3, "stride": 2, "pad": (1, 1, 0, 2)}),
    "unlike sides": ((1, 5, 7, 2), {"f": (2, 3), "stride": (3, 1)}),
}


@pytest.mark.parametrize("case", POOLINGS)
@pytest.mark.parametrize("mode", ["max", "average"])
def test_pooling_against_finite_differences(case, mode):
    shape, hparameters = POOLINGS[case]
    rng = np.random.default_rng(0)
    A_prev = rng.permutation(np.prod(shape)).reshape(shape) / 10 - 1.0  # no near-ties
    A, cache = pool_forward(A_prev, hparameters, mode)
    dA = rng.standard_normal(A.shape)
    expected = numerical_gradient(lambda: pool_forward(A_prev, hparameters, mode)[0], A_prev, dA)
    np.testing.assert_allclose(pool_backward(dA, cache, mode), expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("case", POOLINGS)
@pytest.mark.parametrize(("mode", "oracle"), [("max", np.nanmax), ("average", np.nanmean)])
def test_pooling_against_strided_windows_without_the_padding(case, mode, oracle):
    shape, hparameters = POOLINGS[case]
    A_prev = np.random.default_rng(0).standard_normal(shape) - 5  # a zero pad would be the maximum
    A, _ = pool_forward(A_prev, hparameters, mode)
    windows = strided_windows(A_prev, **{"pad": 0, **hparameters}, value=np.nan)
    np.testing.assert_allclose(A, oracle(windows, axis=(-2, -1)), rtol=1e-14)


def test_ties():
    x = np.array([[1.0, 3.0], [3.0, 3.0]])
    np.testing.assert_array_equal(create_mask_from_window(x), [[False, True], [False, False]])
    np.testing.assert_array_equal(create_mask_from_window(x, "all"), [[False, True], [True, True]])

    _, cache = pool_forward(x.reshape(1, 2, 2, 1), {"f": 2, "stride": 1})
    dA = np.full((1, 1, 1, 1), 5.0)
    assert pool_backward(dA, cache).ravel().tolist() == [0, 5, 0, 0]
    assert pool_backward(dA, cache, ties="all").ravel().tolist() == [0, 5, 5, 5]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept_and_inputs_are_not_changed(dtype):
    rng = np.random.default_rng(2)
    A_prev, W, b = (
        rng.standard_normal(s).astype(dtype) for s in ((2, 5, 4, 3), (2, 2, 3, 4), (1, 1, 1, 4))
    )
    before = A_prev.copy(), W.copy(), b.copy()
    Z, cache = conv_forward(A_prev, W, b, {"stride": 1, "pad": 1})
    A, pool_cache = pool_forward(A_prev, {"f": 2, "stride": 2}, "average")
    results = [Z, A, *conv_backward(Z, cache), pool_backward(A, pool_cache, "average")]
    results += [
        pool_backward(A, pool_cache),
        zero_pad(A_prev, 1),
        conv_single_step(W, W, b[..., 0]),
    ]
    assert {str(r.dtype) for r in results} == {dtype}
    for x, x_before in zip((A_prev, W, b), before, strict=True):
        np.testing.assert_array_equal(x, x_before)


def test_float32_sums_are_taken_in_float64():
    """A thousand terms of 0.1, added up one after another in float32, give 99.99905."""
    assert np.cumsum(np.full(1000, 0.1, "float32"))[-1] < 99.9991
    dZ = np.full((1, 20, 50, 1), 0.1, "float32")
    A_prev = np.ones((1, 20, 50, 1), "float32")
    W, b = np.ones((1, 1, 1, 1), "float32"), np.zeros((1, 1, 1, 1), "float32")
    _, cache = conv_forward(A_prev, W, b, {"stride": 1, "pad": 0})
    _, dW, db = conv_backward(dZ, cache)
    exact = np.float32(np.float64(np.float32(0.1)) * dZ.size)
    assert dW.item() == db.item() == exact


A4 = np.zeros((2, 4, 5, 3))
W4 = np.zeros((2, 2, 3, 6))
B4 = np.zeros((1, 1, 1, 6))
POOL = {"f": 2, "stride": 2}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conv_forward(A4, W4[:, :, :2], B4, {"stride": 1, "pad": 0}), r"2, 2, 2, 6"),
        (lambda: conv_forward(A4, W4, B4[0], {"stride": 1, "pad": 0}), r"b \(1, 1, 6\)"),
        (lambda: conv_forward(A4, W4, B4, {"stride": 1}), "lacks pad"),
        (lambda: conv_forward(A4, W4, B4, {"stride": 0, "pad": 0}), "stride must be at least 1"),
        (lambda: conv_forward(A4, W4, B4, {"stride": 1, "pad": -1}), "pad must be"),
        (lambda: conv_forward(A4, W4, B4, {"stride": 1, "pad": (1, 2)}), "pad must be"),
        (
            lambda: conv_forward(A4, np.zeros((7, 2, 3, 6)), B4, {"stride": 1, "pad": 1}),
            r"input \(2, 4, 5, 3\), f \(7, 2\), stride \(1, 1\), pad \(1, 1, 1, 1\)",
        ),
        (lambda: pool_forward(A4, {"f": 6, "stride": 1}), r"f \(6, 6\)"),
        (lambda: pool_forward(A4, {"f": 2}), "lacks stride"),
        (lambda: pool_forward(A4, {**POOL, "pad": 2}), "padding alone"),
        (lambda: pool_forward(A4[0], POOL), r"shape \(4, 5, 3\)"),
        (lambda: pool_forward(A4, POOL, mode="median"), "mode must be one of max, average"),
        (lambda: create_mask_from_window(A4, ties="last"), "ties must be one of first, all"),
        (lambda: pool_backward(A4, (A4, POOL)), r"dA has shape \(2, 4, 5, 3\).*\(2, 2, 2, 3\)"),
        (lambda: conv_backward(A4, (A4, W4, B4, {"stride": 1, "pad": 0})), r"\(2, 3, 4, 6\)"),
        (lambda: conv_single_step(A4, W4, B4), "one shape and a single bias"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
