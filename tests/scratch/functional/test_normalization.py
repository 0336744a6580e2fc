"""Normalization over any axes: against its definition, complex steps and float64."""

import itertools

import numpy as np
import pytest

from scratch.functional import (
    moments,
    normalize,
    normalize_backward,
    scale_and_shift,
    scale_by_channel,
    sums,
)
from tests.scratch.functional.oracles import (
    assert_alike_on_any_threads,
    assert_same,
    complex_step,
    normal,
)

EPSILON = 1e-3
# Name: shape, averaged axes, axes of the parameters.
CASES = {
    "batch": ((2, 4, 3, 5), (0, 1, 2), (3,)),
    "batch of rows": ((7, 3), (0,), (1,)),
    "batch, channels first": ((3, 2, 4, 5), (0, 2, 3), (1,)),
    "one image": ((1, 3, 4, 2), (0, 1, 2), (3,)),
    "layer": ((2, 4, 3, 5), (3,), (3,)),
    "layer, two axes apart": ((2, 4, 3, 5), (1, 3), (1, 3)),
    "layer, all axes": ((3, 2, 4, 2), (1, 2, 3), (1, 2, 3)),
    "batch of one channel": ((4, 3, 1), (0, 1), (2,)),
    "batch of one image, one channel": ((1, 6, 1), (0, 1), (2,)),
    "groups of one": ((2, 3, 4, 1), (1, 3), (2, 3)),
    "groups": ((3, 2, 4, 3, 2), (1, 2, 4), (3, 4)),
    "groups, channels first": ((3, 3, 2, 4, 2), (2, 3, 4), (1, 2)),
}


def parameters(case, seed=1):
    shape, _, of_gamma = CASES[case]
    sizes = [size if axis in of_gamma else 1 for axis, size in enumerate(shape)]
    return normal(seed, *sizes), normal(seed + 1, *sizes)


def by_definition(x, axes, gamma, beta, centred=True):
    """Index by index: the mean and the variance of all numbers that share a place elsewhere."""
    y = np.zeros_like(x)
    kept = [range(1 if axis in axes else size) for axis, size in enumerate(x.shape)]
    for place in itertools.product(*kept):
        group = tuple(slice(None) if axis in axes else slice(i, i + 1)
                      for axis, i in enumerate(place))  # fmt: skip
        numbers = x[group]
        mean = numbers.sum() / numbers.size
        variance = ((numbers - mean) ** 2).sum() / numbers.size
        y[group] = (numbers - (mean if centred else 0)) / np.sqrt(variance + EPSILON)
    return gamma * y + beta


def computed(x, axes, gamma, beta, centred=True):
    mean, variance = moments(x, axes)
    subtracted = mean if centred else np.zeros_like(mean)
    return normalize(x, subtracted, variance, gamma, beta, EPSILON)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_definition_and_gradients(case, centred):
    shape, axes, _ = CASES[case]
    x, dy, (gamma, beta) = normal(0, *shape), normal(3, *shape), parameters(case)
    expected = by_definition(x, axes, gamma, beta, centred)
    assert_same("output", computed(x, axes, gamma, beta, centred), expected)
    statistics = moments(x, axes)
    gradients = normalize_backward(dy, x, *statistics, gamma, EPSILON, axes, centred)
    steps = (
        complex_step(lambda x: computed(x, axes, gamma, beta, centred), x, dy),
        complex_step(lambda g: computed(x + 0j, axes, g, beta, centred), gamma, dy),
        complex_step(lambda b: computed(x + 0j, axes, gamma, b, centred), beta, dy),
    )
    for name, ours, theirs in zip(("dx", "dgamma", "dbeta"), gradients, steps, strict=True):
        assert_same(name, ours, theirs)


@pytest.mark.parametrize("shape", [(2, 3, 1), (4, 1, 1), (5, 1)])
def test_a_number_alone_is_its_own_mean(shape):
    """Normalized it is 0, whatever it is: nothing is left but beta, and no gradient but beta's."""
    axes = (len(shape) - 1,)
    x, dy = normal(0, *shape), normal(1, *shape)
    gamma, beta = (normal(seed, *[1] * len(shape)) for seed in (2, 3))
    assert_same("output", computed(x, axes, gamma, beta), np.broadcast_to(beta, shape))
    dx, dgamma, dbeta = normalize_backward(dy, x, *moments(x, axes), gamma, EPSILON, axes)
    rounding = 4 * np.finfo(float).eps * np.abs(dy * gamma) / np.sqrt(EPSILON)
    assert (np.abs(dx) <= rounding).all()
    assert_same("dgamma", dgamma, np.zeros_like(gamma))
    assert_same("dbeta", dbeta, np.full_like(beta, dy.sum()))


@pytest.mark.parametrize("case", ["batch", "batch of rows", "batch, channels first"])
def test_fixed_statistics_are_constants(case):
    shape, axes, _ = CASES[case]
    x, dy, (gamma, beta) = normal(0, *shape), normal(3, *shape), parameters(case)
    mean, variance = normal(4, *gamma.shape), np.abs(normal(5, *gamma.shape))
    gradients = normalize_backward(dy, x, mean, variance, gamma, EPSILON)
    steps = (
        complex_step(lambda x: normalize(x, mean, variance, gamma, beta, EPSILON), x, dy),
        complex_step(lambda g: normalize(x + 0j, mean, variance, g, None, EPSILON), gamma, dy),
    )
    for name, ours, theirs in zip(("dx", "dgamma"), gradients, steps, strict=False):
        assert_same(name, ours, theirs)
    assert_same("dbeta", gradients[2], dy.sum(axis=axes, keepdims=True))


@pytest.mark.parametrize(
    ("shape", "axes", "of_gamma"),
    [
        ((3, 70, 61, 17), (0, 1, 2), (3,)),
        ((3, 17, 70, 61), (0, 2, 3), (1,)),
        ((3, 70, 61, 17), (3,), (3,)),
        ((9, 41, 37, 3, 5), (1, 2, 4), (3, 4)),
    ],
)
def test_arrays_of_many_blocks(shape, axes, of_gamma):
    """Larger than a block, with a remainder; in float32, against the formulas in float64."""
    x, dy = normal(0, *shape, dtype="float32"), normal(1, *shape, dtype="float32")
    sizes = [size if axis in of_gamma else 1 for axis, size in enumerate(shape)]
    gamma, beta = normal(2, *sizes, dtype="float32"), normal(3, *sizes, dtype="float32")
    y = computed(x, axes, gamma, beta)
    gradients = normalize_backward(dy, x, *moments(x, axes), gamma, EPSILON, axes)
    assert {a.dtype for a in (y, *gradients)} == {np.dtype("float32")}

    def mean(values):
        return values.mean(axis=axes, keepdims=True)

    x, dy = x.astype(float), dy.astype(float)
    inverse = 1 / np.sqrt(mean((x - mean(x)) ** 2) + EPSILON)
    z, g = (x - mean(x)) * inverse, gamma * dy
    others = tuple(axis for axis in range(len(shape)) if axis not in of_gamma)
    expected = (
        gamma * z + beta,
        inverse * (g - mean(g) - z * mean(g * z)),
        (dy * z).sum(axis=others, keepdims=True),
        dy.sum(axis=others, keepdims=True),
    )
    for ours, theirs in zip((y, *gradients), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6 * np.abs(theirs).max())


def test_statistics_are_biased_and_survive_a_large_mean():
    """E[x^2] - E[x]^2 loses every digit here; two passes keep float32's."""
    x = (normal(0, 4, 5, 6, 3) + 1e4).astype("float32")
    mean, variance = moments(x, (0, 1, 2))
    assert mean.dtype == variance.dtype == np.float32
    exact = x.astype("float64")
    np.testing.assert_allclose(mean, exact.mean(axis=(0, 1, 2), keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(variance, exact.var(axis=(0, 1, 2), keepdims=True), rtol=1e-4)


@pytest.mark.parametrize("size", range(5))
def test_sums_over_any_axes(size):
    x = normal(0, 3, 2, 5, 4)
    for axes in itertools.combinations(range(4), size):
        expected = x.sum(axis=axes, keepdims=True)
        np.testing.assert_allclose(sums.sum_over(x, axes), expected, rtol=1e-12)
        assert sums.sum_over(x, axes).shape == expected.shape


def test_statistics_of_blocks_that_differ():
    """1.6 million numbers: the mean wanders from one end of the batch to the other."""
    x = normal(0, 40, 100, 50, 8) + 100 * np.arange(40).reshape(40, 1, 1, 1)
    mean, variance = moments(x, (0, 1, 2))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1, 2), keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(variance, x.var(axis=(0, 1, 2), keepdims=True), rtol=1e-13)


@pytest.mark.parametrize(
    ("axes", "of_gamma"), [((0, 1, 2), (3,)), ((0, 2, 3), (1,)), ((3,), (3,)), ((1, 2), (3,))]
)
def test_no_bit_depends_on_the_number_of_threads(axes, of_gamma):
    shape = (31, 50, 60, 20)  # 1.9 million numbers
    x, dy = normal(0, *shape, dtype="float32"), normal(1, *shape, dtype="float32")
    sizes = [size if axis in of_gamma else 1 for axis, size in enumerate(shape)]
    gamma, beta = normal(2, *sizes, dtype="float32"), normal(3, *sizes, dtype="float32")

    def both_passes():
        statistics = moments(x, axes)
        y = normalize(x, *statistics, gamma, beta, EPSILON)
        return *statistics, y, *normalize_backward(dy, x, *statistics, gamma, EPSILON, axes)

    assert_alike_on_any_threads(both_passes)


@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (8, 56, 56, 64), (3, 17, 1, 500)], ids=str)
def test_fixed_statistics_are_one_product_and_one_sum(shape, over):
    x, channels = normal(0, *shape).copy(), (1, 1, 1, shape[-1])
    mean, gamma, beta = (normal(i, *channels) for i in (1, 2, 3))
    variance = normal(4, *channels) ** 2
    expected = normalize(x, mean, variance, gamma, beta, EPSILON)
    scale, shift = scale_and_shift(mean, variance, gamma, beta, EPSILON)
    y = scale_by_channel(x, scale, shift, over)
    assert_same("output", y, expected, rtol=1e-13)
    assert np.shares_memory(x, y) == over
