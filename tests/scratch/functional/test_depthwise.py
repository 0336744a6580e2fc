"""Depthwise convolution against its definition, derivatives and grouped convolution."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scratch.functional import (
    conv2d,
    conv2d_input_gradient,
    conv2d_kernel_gradient,
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_kernel_gradient,
    resolve_padding,
)
from tests.scratch.functional.oracles import (
    assert_alike_on_any_threads,
    assert_same,
    complex_step,
    loop_windows,
    normal,
)


class Case(NamedTuple):
    x: tuple[int, int, int, int]
    kernel: tuple[int, int, int, int]
    strides: tuple[int, int] = (1, 1)
    padding: str | tuple[int, int, int, int] = "valid"
    dilation: tuple[int, int] = (1, 1)

    def arrays(self, dtype="float64"):
        x, kernel = normal(0, *self.x, dtype=dtype), normal(1, *self.kernel, dtype=dtype)
        return x, kernel, normal(2, self.kernel[2] * self.kernel[3], dtype=dtype)


def options(case):
    return {key: getattr(case, key) for key in ("strides", "padding", "dilation")}


CASES = [
    Case((2, 6, 5, 3), (3, 2, 3, 1)),
    Case((1, 5, 7, 2), (2, 4, 2, 3), padding="same"),
    Case((2, 7, 6, 1), (3, 3, 1, 2), (2, 3), "same"),
    Case((2, 8, 7, 2), (3, 2, 2, 1), (3, 2)),  # a remainder: no window reaches the last row
    Case((2, 7, 5, 3), (1, 1, 3, 2), (2, 3), "same"),  # windows skip pixels
    Case((1, 4, 3, 2), (4, 3, 2, 2)),  # one window
    Case((1, 2, 3, 2), (5, 4, 2, 1), padding="same"),  # a kernel larger than the image
    Case((2, 9, 8, 2), (3, 2, 2, 1), dilation=(2, 3)),
    Case((2, 7, 6, 2), (3, 4, 2, 2), (2, 3), "same", (3, 2)),  # strides and gaps without a divisor
    Case((2, 9, 8, 3), (3, 3, 3, 1), (4, 2), "same", (2, 4)),  # strides and gaps with one
    Case((2, 9, 8, 2), (3, 2, 2, 3), (2, 3), (1, 2, 0, 3), (2, 1)),
    Case((1, 3, 4, 2), (2, 2, 2, 1), (1, 1), (3, 2, 4, 0)),  # whole windows in the padding
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_against_the_definition(case):
    """y[..., c * M + m] = sum over the window of x[..., c] kernel[..., c, m]."""
    x, kernel, bias = case.arrays()
    pads = resolve_padding(case.padding, case.x[1:3], case.kernel[:2], case.strides, case.dilation)
    y = depthwise_conv2d(x, kernel, bias, **options(case))
    expected = np.full(y.shape, np.nan)
    for n, h, w, cells in loop_windows(x, case.kernel[:2], case.strides, pads, case.dilation):
        expected[n, h, w] = (cells[..., None] * kernel).sum(axis=(0, 1)).reshape(-1) + bias
    assert_same("output", y, expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_by_complex_step(case):
    x, kernel, bias = case.arrays()
    dy = normal(3, *depthwise_conv2d(x, kernel, bias, **options(case)).shape)
    dx = depthwise_conv2d_input_gradient(dy, kernel, case.x[1:3], **options(case))
    dkernel = depthwise_conv2d_kernel_gradient(dy, x, case.kernel[:2], **options(case))
    by_x = complex_step(lambda x: depthwise_conv2d(x, kernel, **options(case)), x, dy)
    by_kernel = complex_step(lambda k: depthwise_conv2d(x, k, **options(case)), kernel, dy)
    assert_same("dx", dx, by_x)
    assert_same("dkernel", dkernel, by_kernel)


@st.composite
def geometries(draw):
    """Any geometry with an output."""
    pair = st.tuples(st.integers(1, 4), st.integers(1, 4))
    kernel, strides, dilation = draw(pair), draw(pair), draw(pair)
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    padding = draw(st.sampled_from(["valid", "same"]) | st.tuples(*[st.integers(0, 3)] * 4))
    pads = resolve_padding(padding, size, kernel, strides, dilation)
    room = (size[0] + pads[0] + pads[1], size[1] + pads[2] + pads[3])
    assume(all(d * (k - 1) < n for d, k, n in zip(dilation, kernel, room, strict=True)))
    channels, multiplier = draw(st.integers(2, 3)), draw(st.integers(1, 2))
    x = (draw(st.integers(1, 2)), *size, channels)
    return Case(x, (*kernel, channels, multiplier), strides, padding, dilation)


@settings(max_examples=150, deadline=None)
@given(geometries())
def test_the_gradients_are_adjoint_to_the_forward(case):
    """<conv(x, k), dy> = <x, dx> = <k, dk>; groups of one channel are the same operation."""
    x, kernel, _ = case.arrays()
    y = depthwise_conv2d(x, kernel, **options(case))
    dy = normal(4, *y.shape)
    dx = depthwise_conv2d_input_gradient(dy, kernel, case.x[1:3], **options(case))
    dkernel = depthwise_conv2d_kernel_gradient(dy, x, case.kernel[:2], **options(case))
    tolerance = 1e-12 * (1 + np.abs(y).sum())
    assert (x * dx).sum() == pytest.approx((y * dy).sum(), abs=tolerance)
    assert (kernel * dkernel).sum() == pytest.approx((y * dy).sum(), abs=tolerance)
    channels = case.x[3]
    plain = kernel.reshape(*case.kernel[:2], 1, -1)
    geometry = {**options(case), "groups": channels}
    assert_same("output", conv2d(x, plain, **geometry), y)
    assert_same("dx", conv2d_input_gradient(dy, plain, case.x[1:3], **geometry), dx)
    by_groups = conv2d_kernel_gradient(dy, x, case.kernel[:2], **geometry)
    assert_same("dkernel", by_groups.reshape(dkernel.shape), dkernel)


def test_a_batch_of_several_blocks():
    """The work goes block by block; image by image it is the same."""
    x, kernel = normal(0, 5, 64, 48, 40), normal(1, 3, 4, 40, 1)
    geometry = {"strides": (2, 1), "padding": "same"}
    y = depthwise_conv2d(x, kernel, **geometry)
    dy = normal(2, *y.shape)
    dx = depthwise_conv2d_input_gradient(dy, kernel, (64, 48), **geometry)
    dkernel = depthwise_conv2d_kernel_gradient(dy, x, (3, 4), **geometry)
    alone = np.zeros_like(dkernel)
    for n in range(5):
        one = slice(n, n + 1)
        assert_same("output", y[one], depthwise_conv2d(x[one], kernel, **geometry))
        by_one = depthwise_conv2d_input_gradient(dy[one], kernel, (64, 48), **geometry)
        assert_same("dx", dx[one], by_one)
        alone += depthwise_conv2d_kernel_gradient(dy[one], x[one], (3, 4), **geometry)
    assert_same("dkernel", dkernel, alone)


def test_an_empty_batch_and_views():
    kernel = normal(1, 2, 2, 3, 2)
    empty = np.zeros((0, 5, 4, 3))
    y = depthwise_conv2d(empty, kernel)
    assert y.shape == (0, 4, 3, 6)
    assert depthwise_conv2d_input_gradient(y, kernel, (5, 4)).shape == empty.shape
    assert not depthwise_conv2d_kernel_gradient(y, empty, (2, 2)).any()
    wide = normal(2, 2, 10, 8, 6)
    view = wide[:, ::2, ::2, ::2]  # not contiguous
    expected = depthwise_conv2d(np.ascontiguousarray(view), kernel)
    assert_same("output", depthwise_conv2d(view, kernel), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_stay(dtype):
    x, kernel, bias = Case((1, 5, 4, 2), (2, 3, 2, 2), (2, 2), "same").arrays(dtype)
    y = depthwise_conv2d(x, kernel, bias, strides=(2, 2), padding="same")
    dx = depthwise_conv2d_input_gradient(y, kernel, (5, 4), strides=(2, 2), padding="same")
    dkernel = depthwise_conv2d_kernel_gradient(y, x, (2, 3), strides=(2, 2), padding="same")
    assert {y.dtype.name, dx.dtype.name, dkernel.dtype.name} == {dtype}


def test_misfits_are_named():
    with pytest.raises(ValueError, match=r"x \(1, 5, 4, 3\), kernel \(2, 2, 2, 1\)"):
        depthwise_conv2d(np.zeros((1, 5, 4, 3)), np.zeros((2, 2, 2, 1)))
    with pytest.raises(ValueError, match=r"must be \(N, 4, 3, 6\).*input \(5, 4\)"):
        depthwise_conv2d_input_gradient(np.zeros((1, 4, 3, 3)), np.zeros((2, 2, 3, 2)), (5, 4))


def test_no_bit_depends_on_the_number_of_threads():
    x, kernel = normal(0, 9, 60, 50, 40, dtype="float32"), normal(1, 3, 2, 40, 1, dtype="float32")
    bias = normal(2, 40, dtype="float32")  # 4 MB of images

    def all_three():
        y = depthwise_conv2d(x, kernel, bias, strides=(2, 1))
        dx = depthwise_conv2d_input_gradient(y, kernel, x.shape[1:3], strides=(2, 1))
        return y, dx, depthwise_conv2d_kernel_gradient(y, x, (3, 2), strides=(2, 1))

    assert_alike_on_any_threads(all_three)
