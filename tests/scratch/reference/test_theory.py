"""The theory on matrices: worked examples, exact integers and fractions, finite differences."""

from fractions import Fraction

import numpy as np
import pytest

from scratch.reference.theory import (
    average_pool,
    conv_bias_gradient,
    conv_delta,
    conv_kernel_gradient,
    convolve,
    cross_correlate,
    dense_delta,
    dense_kernel_gradient,
    max_pool,
    pool_delta,
    rot180,
    sgd_update,
    softmax,
    upsample,
)
from tests.scratch.functional.oracles import central_difference, normal

# Source C's picture: a 5x5 image and a 3x3 kernel.
IMAGE = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
)
CROSS = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
SHAPES = [((5, 7), (2, 3)), ((4, 4), (3, 3)), ((3, 6), (3, 1)), ((4, 5), (2, 4)), ((3, 2), (1, 1))]
shapes = pytest.mark.parametrize(("image", "kernel"), SHAPES)


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-9, 10, shape)


def polynomial_product(x, kernel):
    """Wide convolution as NumPy's 1-D one: rows far enough apart never meet (Kronecker)."""
    height, width = (a + b - 1 for a, b in zip(x.shape, kernel.shape, strict=True))
    flat = [np.pad(a, ((0, 0), (0, width - a.shape[1]))).ravel() for a in (x, kernel)]
    return np.convolve(*flat)[: height * width].reshape(height, width)


def test_source_c_valid_and_same():
    expected = np.array([[4, 3, 4], [2, 4, 3], [2, 3, 4]])
    np.testing.assert_array_equal(cross_correlate(IMAGE, CROSS), expected)
    same = cross_correlate(IMAGE, CROSS, "same")
    assert same.shape == IMAGE.shape
    np.testing.assert_array_equal(same[1:-1, 1:-1], expected)
    assert same[0, 0] == IMAGE[0, 0] + IMAGE[1, 1]


def test_rot180():
    np.testing.assert_array_equal(rot180(np.arange(6).reshape(2, 3)), [[5, 4, 3], [2, 1, 0]])


@shapes
def test_wide_convolution_is_a_product_of_polynomials_and_commutes(image, kernel):
    x, w = integers(0, *image), integers(1, *kernel)
    expected = polynomial_product(x, w)
    assert expected.any()
    np.testing.assert_array_equal(convolve(x, w, "wide"), expected)
    np.testing.assert_array_equal(convolve(w, x, "wide"), expected)


@shapes
def test_narrow_and_same_are_cut_from_wide(image, kernel):
    x, w = integers(0, *image), integers(1, *kernel)
    wide = cross_correlate(x, w, "wide")
    kh, kw = kernel
    inside = wide[kh - 1 : image[0], kw - 1 : image[1]]
    np.testing.assert_array_equal(cross_correlate(x, w), inside)
    top, left = kh - 1 - (kh - 1) // 2, kw - 1 - (kw - 1) // 2  # The odd row is at the bottom.
    same = wide[top : top + image[0], left : left + image[1]]
    np.testing.assert_array_equal(cross_correlate(x, w, "same"), same)


@shapes
def test_convolution_errors_against_finite_differences(image, kernel):
    z, w = normal(0, *image), normal(1, *kernel)
    delta = normal(2, *cross_correlate(z, w).shape)
    a, derivative = np.tanh(z), 1 - np.tanh(z) ** 2
    close = {"rtol": 1e-7, "atol": 1e-8}
    numeric = central_difference(lambda z: cross_correlate(np.tanh(z), w), z, delta)
    np.testing.assert_allclose(conv_delta(delta, w, derivative), numeric, **close)
    numeric = central_difference(lambda w: cross_correlate(a, w), w, delta)
    np.testing.assert_allclose(conv_kernel_gradient(a, delta), numeric, **close)
    numeric = central_difference(lambda b: cross_correlate(a, w) + b, np.zeros(()), delta)
    np.testing.assert_allclose(conv_bias_gradient(delta), numeric, **close)


def test_pooling_in_blocks():
    x = np.array([[1, 3, 2, 1], [4, 6, 6, 8], [3, 1, 1, 0], [1, 2, 2, 4]])
    maxima, places = max_pool(x, (2, 2))
    np.testing.assert_array_equal(maxima, [[6, 8], [3, 4]])
    np.testing.assert_array_equal(places, [[3, 3], [0, 3]])
    np.testing.assert_array_equal(average_pool(x, (2, 2)), [[3.5, 4.25], [1.75, 1.75]])
    np.testing.assert_array_equal(
        upsample(np.array([[1, 2], [3, 4]]), (2, 2), places),
        [[0, 0, 0, 0], [0, 1, 0, 2], [3, 0, 0, 0], [0, 0, 0, 4]],
    )
    np.testing.assert_array_equal(upsample(np.array([[4, 8]]), (2, 2)), [[1, 1, 2, 2]] * 2)


def test_the_first_of_equal_maxima_is_recorded():
    assert max_pool(np.array([[1, 5], [5, 5]]), (2, 2))[1].item() == 1


def test_pooling_errors_against_finite_differences():
    size = (2, 3)
    z = np.random.default_rng(0).permutation(24).reshape(4, 6) / 10 - 1.0  # no near-ties
    delta, derivative = normal(1, 2, 2), 1 - np.tanh(z) ** 2
    _, places = max_pool(np.tanh(z), size)
    for pool, recorded in ((lambda x: max_pool(x, size)[0], places), (average_of(size), None)):
        numeric = central_difference(lambda z, pool=pool: pool(np.tanh(z)), z, delta)
        found = pool_delta(delta, size, derivative, recorded)
        np.testing.assert_allclose(found, numeric, rtol=1e-7, atol=1e-8)


def average_of(size):
    return lambda x: average_pool(x, size)


def test_dense_errors_against_finite_differences():
    W, z, delta = normal(0, 3, 5), normal(1, 5), normal(2, 3)
    a, derivative = np.tanh(z), 1 - np.tanh(z) ** 2
    close = {"rtol": 1e-7, "atol": 1e-8}
    numeric = central_difference(lambda z: W @ np.tanh(z), z, delta)
    np.testing.assert_allclose(dense_delta(delta, W, derivative), numeric, **close)
    numeric = central_difference(lambda W: W @ a, W, delta)
    np.testing.assert_allclose(dense_kernel_gradient(delta, a), numeric, **close)


def test_softmax_sums_over_classes_and_does_not_overflow():
    z = np.log(np.array([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]]))
    expected = [[0.125, 0.25, 0.625], [0.25, 0.25, 0.5]]
    np.testing.assert_allclose(softmax(z), expected, rtol=1e-15)
    np.testing.assert_allclose(softmax(z + 1000), expected, rtol=1e-12)


def test_sgd_divides_by_the_batch():
    weights = np.array([1.0, 2.0])
    new = sgd_update(weights, np.array([8.0, -4.0]), learning_rate=0.5, batch_size=4)
    np.testing.assert_array_equal(new, [0.0, 2.5])
    np.testing.assert_array_equal(weights, [1.0, 2.0])


def test_fractions_stay_exact():
    third = Fraction(1, 3)
    x, w = (np.array(integers(seed, 3, 4), object) * third for seed in (0, 1))
    ninefold = cross_correlate(integers(0, 3, 4), integers(1, 3, 4))
    assert cross_correlate(x, w).item() == Fraction(int(ninefold.item()), 9)
    assert upsample(average_pool(x[:2], (2, 2)), (2, 2)).sum() == x[:2].sum() / 4
    assert sgd_update(x, w, Fraction(1, 7), 2)[0, 0] == x[0, 0] - w[0, 0] / 14


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept_and_inputs_are_not_changed(dtype):
    x, w = normal(0, 4, 6, dtype=dtype), normal(1, 2, 3, dtype=dtype)
    maxima, places = max_pool(x, (2, 3))
    results = [
        cross_correlate(x, w),
        convolve(x, w, "wide"),
        conv_delta(x, w, normal(2, 5, 8, dtype=dtype)),
        maxima,
        average_pool(x, (2, 3)),
        upsample(maxima, (2, 3)),
        upsample(maxima, (2, 3), places),
        dense_delta(w[:, 0], w, w[0]),
        dense_kernel_gradient(x[0], w[0]),
        softmax(x),
        sgd_update(x, x, 0.1, 3),
    ]
    assert {str(r.dtype) for r in results} == {dtype}


X = np.zeros((3, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_correlate(X, np.zeros((4, 2))), r"\(4, 2\) is larger than x \(3, 4\)"),
        (lambda: cross_correlate(X[0], X), r"x must be a matrix.*\(4,\)"),
        (lambda: cross_correlate(X, X, "full"), "valid, same, wide, got 'full'"),
        (lambda: conv_delta(X, X, X), r"derivative \(3, 4\).*\(5, 7\)"),
        (lambda: max_pool(X, (2, 2)), r"2 x 2 do not tile x \(3, 4\)"),
        (lambda: average_pool(X, (0, 2)), "0 x 2 do not tile"),
        (lambda: upsample(X, (2, 2), X[0]), r"places \(4,\)"),
        (lambda: pool_delta(X, (2, 2), X), r"derivative \(3, 4\).*\(6, 8\)"),
        (lambda: dense_delta(X[0], X, X[0]), r"delta \(4,\).*W \(3, 4\)"),
        (lambda: sgd_update(X, X, 0.1, 0), "batch_size 0"),
        (lambda: sgd_update(X, X[0], 0.1, 1), r"gradients \(4,\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
