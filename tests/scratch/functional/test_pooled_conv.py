"""Convolving and pooling at once, beside one after the other and the loops.

Small whole numbers are added up without rounding, in any order: values, ties and gradients must be
equal, whichever tiles they were computed in.
"""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratch import reference
from scratch.functional import (
    conv2d,
    conv2d_kernel_gradient,
    conv2d_max_pool2d,
    conv2d_max_pool2d_kernel_gradient,
    max_pool2d,
    max_pool2d_backward,
    using_algorithm,
)
from scratch.functional.conv import problem_of
from scratch.functional.convolution import chosen, pooled, tiling
from scratch.functional.pooling import pool_windows
from tests.scratch.functional.oracles import assert_alike_on_any_threads, frozen

# x, kernel, options of the convolution, of the pooling
CASES = {
    "strips": ((3, 16, 24, 3), (4, 4, 3, 8), {"padding": "same"}, {"pool_size": (8, 8)}),
    "tiles": ((2, 9, 8, 6), (3, 2, 6, 10), {}, {"pool_size": (3, 2)}),
    "rows and columns left over": ((2, 12, 9, 3), (3, 3, 3, 4), {}, {"pool_size": (3, 2)}),
    "pixels skipped": ((2, 11, 9, 3), (2, 3, 3, 4), {}, {"pool_size": (2, 1), "strides": (3, 2)}),
    "strides": ((2, 15, 13, 2), (3, 2, 2, 3), {"strides": (2, 3)}, {"pool_size": (2, 3)}),
    "dilation": ((2, 14, 11, 2), (2, 3, 2, 3), {"dilation": (3, 2)}, {"pool_size": (4, 3)}),
    "uneven pads": ((2, 6, 7, 2), (3, 3, 2, 3), {"padding": (0, 2, 1, 3)}, {"pool_size": (2, 3)}),
    "one number": ((2, 5, 6, 2), (2, 3, 2, 3), {}, {"pool_size": (1, 1)}),
    "more cells than a byte counts": ((1, 17, 18, 1), (2, 2, 1, 2), {}, {"pool_size": (16, 17)}),
    "pointwise": ((2, 6, 4, 5), (1, 1, 5, 3), {}, {"pool_size": (3, 2)}),
    "groups": ((2, 7, 8, 4), (2, 3, 2, 6), {"groups": 2}, {"pool_size": (2, 2)}),
    "depthwise": ((2, 7, 8, 3), (2, 3, 1, 6), {"groups": 3}, {"pool_size": (2, 2)}),
    "wide": ((1, 5, 4, 3), (2, 3, 3, 40), {}, {"pool_size": (2, 2)}),
    "overlapping": ((2, 9, 8, 3), (3, 3, 3, 4), {}, {"pool_size": (3, 3), "strides": (2, 1)}),
    "pooled padding": ((2, 9, 8, 3), (3, 3, 3, 4), {}, {"pool_size": (2, 4), "padding": "same"}),
    "sparse": ((5, 16, 16, 3), (3, 3, 3, 2), {"padding": "same"}, {"pool_size": (4, 8)}),
    "sparse, strides": (
        (3, 20, 25, 2),
        (3, 4, 2, 1),
        {"strides": (2, 1), "padding": "same", "dilation": (1, 1)},
        {"pool_size": (3, 4), "strides": (3, 5)},
    ),
    "sparse, dilation": ((2, 20, 21, 2), (3, 2, 2, 1), {"dilation": (2, 3)}, {"pool_size": (4, 3)}),
}
AT_ONCE = {*CASES} - {"pointwise", "groups", "depthwise", "wide", "overlapping", "pooled padding"}
SPARSE = {
    "strips",
    "dilation",
    "more cells than a byte counts",
    "sparse",
    "sparse, strides",
    "sparse, dilation",
}


def options(case):
    _, _, convolution, pooling = CASES[case]
    return convolution, {"strides": pooling["pool_size"], "padding": "valid", **pooling}


def whole(seed, *shape, dtype="float32"):
    return frozen(np.random.default_rng(seed).integers(-2, 3, shape).astype(dtype))


def operands(case, dtype="float32"):
    """x with parts that are all alike, whose maxima are ties; a kernel and a bias."""
    x, kernel, *_ = CASES[case]
    images = whole(0, *x, dtype=dtype).copy()
    images[-1] = 1
    return frozen(images), whole(1, *kernel, dtype=dtype), whole(2, kernel[3], dtype=dtype)


def both(case, x, kernel, bias, dy=None):
    """(y, argmax, dL/dkernel) at once, and one after the other."""
    convolution, pooling = options(case)
    with using_algorithm("textbook"):
        z = conv2d(x, kernel, bias, **convolution)
        y, argmax = max_pool2d(z, **pooling)
        dy = whole(3, *y.shape, dtype=x.dtype) if dy is None else dy
        dz = max_pool2d_backward(dy, argmax, z.shape[1:3], **pooling)
        expected = y, argmax, conv2d_kernel_gradient(dz, x, kernel.shape[:2], **convolution)
    y, argmax = conv2d_max_pool2d(x, kernel, bias, convolution, pooling)
    found = conv2d_max_pool2d_kernel_gradient(dy, argmax, x, kernel, convolution, pooling)
    return (y, argmax, found), expected


def assert_equal(found, expected):
    for name, ours, theirs in zip(("y", "argmax", "dL/dkernel"), found, expected, strict=True):
        assert ours.dtype == theirs.dtype, name
        np.testing.assert_array_equal(ours, theirs, name)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_it_is_one_after_the_other(case, dtype):
    assert_equal(*both(case, *operands(case, dtype)))


@pytest.mark.parametrize("case", CASES)
def test_which_go_at_once_and_by_places(case):
    x, kernel, _ = operands(case)
    convolution, pooling = options(case)
    problem = problem_of(x, kernel, **convolution)
    windows = pool_windows(problem.output_shape, **pooling)
    by_tiles = chosen("forward", problem).by_tiles
    at_once = by_tiles is not None and pooled.takes(problem, windows)
    assert at_once == (case in AT_ONCE)
    share = pooled.share_of_pixels(windows, problem.filters)
    gradient = chosen("kernel_gradient", problem, share_of_pixels=lambda: share)
    assert (gradient.name == "sparse") == (case in SPARSE)


@pytest.mark.parametrize("case", CASES)
def test_in_tiles_of_a_few_rows(case, monkeypatch):
    monkeypatch.setattr(tiling, "_LEAST_BYTES", 1)
    monkeypatch.setattr(pooled, "_TILE_BYTES", 2000)
    monkeypatch.setattr(pooled, "_ACROSS_BYTES", 100)
    assert_equal(*both(case, *operands(case)))


@pytest.mark.parametrize("case", sorted(AT_ONCE))
def test_without_argmax_and_bias(case):
    x, kernel, _ = operands(case)
    convolution, pooling = options(case)
    y, argmax = conv2d_max_pool2d(x, kernel, None, convolution, pooling, wants_argmax=False)
    assert argmax is None
    np.testing.assert_array_equal(y, both(case, x, kernel, None)[1][0])


def test_the_loops_agree():
    x, kernel, bias = operands("tiles", "float64")
    pool = {"f": (3, 2), "stride": (3, 2)}
    z, cache = reference.conv_forward(x, kernel, bias.reshape(1, 1, 1, -1), {"stride": 1, "pad": 0})
    expected, pooled_from = reference.pool_forward(z, pool)
    dy = whole(3, *expected.shape, dtype="float64")
    (y, _, gradient), _ = both("tiles", x, kernel, bias, dy)
    np.testing.assert_array_equal(y, expected)
    _, dkernel, _ = reference.conv_backward(reference.pool_backward(dy, pooled_from), cache)
    np.testing.assert_array_equal(gradient, dkernel)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("case", ["strips", "tiles", "sparse", "sparse, strides"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_that_are_not_finite(case, value):
    """The first NaN of a window is its maximum; an error of zero times infinity is NaN."""
    x, kernel, bias = operands(case)
    x = x.copy()
    x[0, 3:5, 4] = value
    assert_equal(*both(case, x, kernel, bias))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_window_of_nothing_but_the_lowest():
    x, kernel, _ = operands("tiles")
    assert_equal(*both("tiles", x, kernel, np.full(10, -np.inf, "float32")))


def sides(least, most):
    return st.tuples(st.integers(least, most), st.integers(least, most))


def test_sums_that_the_bias_makes_equal_are_ties():
    """The largest comes last in its window, but with a bias of 2^24 rounding hides that."""
    x, kernel, _ = operands("tiles")
    x = np.broadcast_to(np.linspace(0, 0.5, x.shape[2], dtype="f4")[None, None, :, None], x.shape)
    found, expected = both("tiles", x, np.full_like(kernel, 2.0**-6), np.full(10, 2**24, "f4"))
    assert not expected[1].any()
    for ours, theirs in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    _, by_sum = conv2d_max_pool2d(x, np.full_like(kernel, 2.0**-6), None, *options("tiles"))
    assert by_sum.any()


@settings(max_examples=80)
@given(st.data())
def test_any_sizes(data):
    size, pool_size = data.draw(sides(3, 12), "size"), data.draw(sides(1, 4), "pool_size")
    more = data.draw(sides(0, 2), "pixels skipped")
    strides = pool_size[0] + more[0], pool_size[1] + more[1]
    padding = data.draw(st.sampled_from(["same", (0, 1, 2, 1)]), "padding")
    CASES["drawn"] = (
        (data.draw(st.integers(1, 3), "images"), *size, 2),
        (*data.draw(sides(1, 3), "kernel"), 2, data.draw(st.integers(1, 3), "filters")),
        {"padding": padding, "strides": data.draw(sides(1, 3), "strides")},
        {"pool_size": pool_size, "strides": strides, "padding": "same"},
    )
    assert_equal(*both("drawn", *operands("drawn")))


def test_rounding_stays_within_its_bound():
    """As many products are added up as there are pools in all images, in any order."""
    random = np.random.default_rng(5)
    x, kernel, bias = (random.standard_normal(a.shape).astype("f4") for a in operands("strips"))
    convolution, pooling = options("strips")
    y, argmax = conv2d_max_pool2d(x, kernel, bias, convolution, pooling)
    dy = random.standard_normal(y.shape).astype("f4")
    gradient = partial(
        conv2d_max_pool2d_kernel_gradient, kernel=kernel, convolution=convolution, pooling=pooling
    )
    found = gradient(dy, argmax, x)
    exact = gradient(dy.astype("f8"), argmax, x.astype("f8"))
    magnitude = gradient(np.abs(dy).astype("f8"), argmax, np.abs(x).astype("f8"))
    nu = y[..., 0].size * 2.0**-24
    assert (np.abs(found - exact) <= nu / (1 - nu) * magnitude).all()
    assert (found != exact).any()


def test_bitwise_the_same_on_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(tiling, "_LEAST_BYTES", 2**12)
    random = np.random.default_rng(6)
    x, kernel, bias = (random.standard_normal(a.shape).astype("f4") for a in operands("strips"))
    convolution, pooling = options("strips")

    def compute():
        y, argmax = conv2d_max_pool2d(x, kernel, bias, convolution, pooling)
        gradient = conv2d_max_pool2d_kernel_gradient(y, argmax, x, kernel, convolution, pooling)
        return [y, argmax, gradient]

    assert_alike_on_any_threads(compute, "at once")


def test_what_does_not_fit_is_refused():
    x, kernel, bias = operands("tiles")
    with pytest.raises(ValueError, match="bias must be"):
        conv2d_max_pool2d(x, kernel, bias[1:], *options("tiles"))
    with pytest.raises(ValueError, match="input channels"):
        conv2d_max_pool2d(x, kernel[:, :, 1:], bias, *options("tiles"))
