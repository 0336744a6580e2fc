import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

from scratch import reference
from scratch.functional import (
    conv2d,
    conv2d_bias_gradient,
    conv2d_input_gradient,
    conv2d_kernel_gradient,
    resolve_padding,
)
from scratch.functional.convolution.im2col import im2col
from scratch.functional.windows import windows_over
from tests.scratch.functional.convolution.problems import Case, cases
from tests.scratch.functional.oracles import assert_same, complex_step, normal, plain_kernel


def options(case):
    return {key: getattr(case, key) for key in ("strides", "padding", "dilation", "groups")}


PLAIN = [
    Case((2, 6, 5, 3), (3, 2, 3, 4)),
    Case((1, 5, 7, 2), (2, 4, 2, 3), padding="same"),
    Case((2, 7, 6, 1), (3, 3, 1, 2), (2, 3), "same"),
    Case((2, 8, 7, 2), (3, 2, 2, 3), (3, 2)),  # a remainder: no window reaches the last row
    Case((2, 7, 5, 3), (1, 1, 3, 4)),
    Case((2, 7, 5, 3), (1, 1, 3, 4), (2, 3), "same"),  # windows skip pixels
    Case((1, 4, 3, 2), (4, 3, 2, 5)),  # one window
    Case((1, 2, 3, 2), (5, 4, 2, 3), padding="same"),  # a kernel larger than the image
]
DILATED = [
    Case((2, 7, 8, 2), (3, 2, 2, 3), dilation=(2, 3)),
    Case((2, 7, 6, 2), (2, 3, 2, 3), padding="same", dilation=(3, 2)),
]
GROUPED = [
    Case((2, 6, 5, 4), (3, 2, 2, 6), (2, 1), "same", groups=2),
    Case((2, 5, 6, 3), (2, 3, 1, 6), groups=3),  # depthwise, two kernels a channel
    Case((2, 5, 6, 4), (1, 1, 2, 6), groups=2),
]
BEYOND_TENSORFLOW = [
    Case((2, 9, 8, 2), (3, 2, 2, 3), (2, 3), (1, 2, 0, 3), (2, 1)),
    Case((1, 9, 8, 4), (2, 3, 2, 6), (3, 2), (0, 3, 2, 1), (2, 2), 2),
    Case((1, 3, 4, 2), (2, 2, 2, 3), (1, 1), (3, 2, 4, 0)),  # whole windows in the padding
]
ALL = PLAIN + DILATED + GROUPED + BEYOND_TENSORFLOW


@pytest.mark.parametrize("case", ALL, ids=str)
def test_against_the_definition(case):
    """Output and gradients by the loops of the sources."""
    x, kernel, bias, _ = case.operands()
    pads = resolve_padding(case.padding, case.x[1:3], case.kernel[:2], case.strides, case.dilation)
    plain = plain_kernel(kernel, case.dilation, case.groups)
    hparameters = {"stride": case.strides, "pad": pads}
    y, cache = reference.conv_forward(x, plain, bias.reshape(1, 1, 1, -1), hparameters)
    assert_same("output", conv2d(x, kernel, bias, **options(case)), y)
    dy = normal(3, *y.shape)
    dx = conv2d_input_gradient(dy, kernel, case.x[1:3], **options(case))
    dkernel = conv2d_kernel_gradient(dy, x, case.kernel[:2], **options(case))

    dx_loops, dplain, dbias_loops = reference.conv_backward(dy, cache)
    assert_same("dx", dx, dx_loops)
    assert_same("dbias", conv2d_bias_gradient(dy), dbias_loops.reshape(-1))
    used = plain_kernel(np.ones_like(kernel), case.dilation, case.groups)
    assert_same("dkernel", plain_kernel(dkernel, case.dilation, case.groups), dplain * used)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_gradients_by_complex_step(case):
    x, kernel, bias, _ = case.operands()
    y = conv2d(x, kernel, bias, **options(case))
    dy = normal(3, *y.shape)
    dx = conv2d_input_gradient(dy, kernel, case.x[1:3], **options(case))
    dkernel = conv2d_kernel_gradient(dy, x, case.kernel[:2], **options(case))
    by_x = complex_step(lambda x: conv2d(x, kernel, **options(case)), x, dy)
    by_kernel = complex_step(lambda kernel: conv2d(x, kernel, **options(case)), kernel, dy)
    by_bias = complex_step(lambda bias: conv2d(x + 0j, kernel, bias, **options(case)), bias, dy)
    assert_same("dx", dx, by_x)
    assert_same("dkernel", dkernel, by_kernel)
    assert_same("dbias", conv2d_bias_gradient(dy), by_bias)


def keras_conv2d(x, kernel, bias, case):
    """TensorFlow's convolution, grouped by hand: on a CPU its groups have no gradient."""
    y = [
        tf.nn.convolution(
            part_x, part_kernel, case.strides, case.padding.upper(), dilations=case.dilation
        )
        for part_x, part_kernel in zip(
            tf.split(x, case.groups, axis=3), tf.split(kernel, case.groups, axis=3), strict=True
        )
    ]
    return tf.concat(y, axis=3) + bias


SEVERAL_BLOCKS = Case((3, 64, 48, 8), (4, 4, 8, 5), padding="same")


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 5e-6)])
@pytest.mark.parametrize("case", [*PLAIN, *DILATED, *GROUPED, SEVERAL_BLOCKS], ids=str)
def test_against_tensorflow(case, dtype, rtol):
    x, kernel, bias, _ = case.operands(dtype)
    tensors = [tf.constant(array) for array in (x, kernel, bias)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y_keras = keras_conv2d(*tensors, case)
    dy = normal(3, *y_keras.shape, dtype=dtype)
    dx_keras, dkernel_keras, dbias_keras = tape.gradient(y_keras, tensors, tf.constant(dy))
    assert_same("output", conv2d(x, kernel, bias, **options(case)), y_keras, rtol)
    dx_scratch = conv2d_input_gradient(dy, kernel, case.x[1:3], **options(case))
    assert_same("dx", dx_scratch, dx_keras, rtol)
    dkernel_scratch = conv2d_kernel_gradient(dy, x, case.kernel[:2], **options(case))
    assert_same("dkernel", dkernel_scratch, dkernel_keras, rtol)
    assert_same("dbias", conv2d_bias_gradient(dy), dbias_keras, rtol)


def test_grouped_forward_against_tensorflow_grouped():
    """The order of the groups: TensorFlow's own grouped kernel, which has a forward."""
    case = GROUPED[0]
    x, kernel, *_ = case.operands()
    y_keras = tf.nn.conv2d(x, kernel, case.strides, "SAME")
    assert_same("output", conv2d(x, kernel, **options(case)), y_keras)


def test_the_course_numbers():
    """Source B: pad 2, stride 2, seed 1, and the backward with dZ = Z."""
    random = np.random.RandomState(1)
    x, kernel, bias = random.randn(10, 4, 4, 3), random.randn(2, 2, 3, 8), random.randn(8)
    geometry = {"strides": (2, 2), "padding": (2, 2, 2, 2)}
    z = conv2d(x, kernel, bias, **geometry)
    expected = [-0.61490741, -6.7439236, -2.55153897, 1.75698377]
    expected += [3.56208902, 0.53036437, 5.18531798, 8.75898442]
    np.testing.assert_allclose(z[3, 2, 1], expected, atol=5e-9)
    assert z.mean() == pytest.approx(0.04899520352885578, rel=1e-13)
    dx = conv2d_input_gradient(z, kernel, (4, 4), **geometry)
    dkernel = conv2d_kernel_gradient(z, x, (2, 2), **geometry)
    assert dx.mean() == pytest.approx(1.4524377775388075, rel=1e-13)
    assert dkernel.mean() == pytest.approx(1.7269914583139097, rel=1e-13)
    assert conv2d_bias_gradient(z).mean() == pytest.approx(7.839232564616838, rel=1e-13)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_gradients_are_adjoint_to_the_forward(case):
    """<conv(x, k), dy> = <x, dx> = <k, dk>, for a convolution is linear in each."""
    x, kernel, *_ = case.operands()
    y = conv2d(x, kernel, **options(case))
    dy = normal(4, *y.shape)
    dx = conv2d_input_gradient(dy, kernel, case.x[1:3], **options(case))
    dkernel = conv2d_kernel_gradient(dy, x, case.kernel[:2], **options(case))
    tolerance = 1e-12 * (1 + np.abs(y).sum())
    assert (x * dx).sum() == pytest.approx((y * dy).sum(), abs=tolerance)
    assert (kernel * dkernel).sum() == pytest.approx((y * dy).sum(), abs=tolerance)


def test_pixels_no_window_reaches_have_no_gradient():
    dy, kernel = normal(0, 2, 3, 2, 4), normal(1, 1, 1, 3, 4)
    dx = conv2d_input_gradient(dy, kernel, (6, 6), strides=(2, 3))
    assert not dx[:, 1::2].any()
    assert not dx[:, :, 1::3].any()
    assert dx[:, ::2, ::3].all()


def test_pixelwise_windows_are_the_image_itself():
    x = normal(0, 2, 5, 4, 3)
    assert np.shares_memory(im2col(x, windows_over((5, 4), (1, 1), (1, 1), "valid")), x)


def test_an_empty_batch():
    x, kernel, bias = np.zeros((0, 5, 4, 2)), normal(1, 2, 2, 2, 3), normal(2, 3)
    y = conv2d(x, kernel, bias)
    assert y.shape == (0, 4, 3, 3)
    assert conv2d_input_gradient(y, kernel, (5, 4)).shape == x.shape
    assert not conv2d_kernel_gradient(y, x, (2, 2)).any()


@pytest.mark.parametrize(
    ("x", "kernel", "bias", "groups", "message"),
    [
        ((5, 4, 3), (2, 2, 3, 4), (4,), 1, r"\(5, 4, 3\), kernel \(2, 2, 3, 4\)"),
        ((1, 5, 4, 3), (2, 2, 4), (4,), 1, r"kernel \(2, 2, 4\)"),
        ((1, 5, 4, 3), (2, 2, 2, 4), (4,), 1, r"3 input channels.*\(2, 2, 2, 4\), groups 1"),
        ((1, 5, 4, 4), (2, 2, 4, 4), (4,), 2, r"2 input channels.*groups 2"),
        ((1, 5, 4, 3), (2, 2, 1, 4), (4,), 2, r"groups must divide.*groups 2"),
        ((1, 5, 4, 4), (2, 2, 2, 3), (3,), 2, r"groups must divide.*groups 2"),
        ((1, 5, 4, 3), (2, 2, 3, 4), (1,), 1, r"bias must be \(4,\): bias \(1,\)"),
        ((1, 5, 4, 3), (6, 2, 3, 4), (4,), 1, r"input 5x4, kernel 6x2"),
    ],
)
def test_misfits_are_named_with_all_dimensions(x, kernel, bias, groups, message):
    with pytest.raises(ValueError, match=message):
        conv2d(np.zeros(x), np.zeros(kernel), np.zeros(bias), groups=groups)


@pytest.mark.parametrize("shape", [(1, 4, 4, 4), (1, 4, 3, 5), (4, 3, 4)])
def test_a_wrong_upstream_gradient_is_named(shape):
    with pytest.raises(ValueError, match=r"must be \(N, 4, 3, 4\).*input \(5, 4\)"):
        conv2d_input_gradient(np.zeros(shape), np.zeros((2, 2, 3, 4)), (5, 4))
