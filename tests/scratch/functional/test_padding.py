import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from scratch.functional import output_size, pad2d, pad2d_backward, resolve_padding
from tests.scratch.functional.oracles import complex_step, loop_windows, normal, padded

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
sizes = st.tuples(st.integers(1, 13), st.integers(1, 13))
four_pads = st.tuples(*[st.integers(0, 3)] * 4)


@settings(max_examples=80, deadline=None)
@given(sizes, pairs, pairs)
def test_same_gives_tensorflow_its_own_windows(size, kernel, strides):
    """Convolving 1..n with one-cell kernels shows where TensorFlow lays its windows."""
    image = np.arange(1.0, 1 + size[0] * size[1]).reshape(1, *size, 1)
    pads = resolve_padding("same", size, kernel, strides)
    corner = np.zeros((*kernel, 1, 1))
    corner[0, 0] = 1
    y_keras = tf.nn.conv2d(image, corner, strides, "SAME").numpy()
    assert output_size(size, kernel, strides, pads) == y_keras.shape[1:3]
    y_scratch = [c[0, 0, 0] for *_, c in loop_windows(image, kernel, strides, pads)]
    np.testing.assert_array_equal(y_scratch, y_keras.reshape(-1))


@pytest.mark.parametrize(
    ("size", "kernel", "strides", "dilation", "pads"),
    [
        ((64, 64), (4, 4), (1, 1), (1, 1), (1, 2, 1, 2)),  # SIGNS, first convolution
        ((8, 8), (2, 2), (1, 1), (1, 1), (0, 1, 0, 1)),  # SIGNS, second convolution
        ((224, 224), (7, 7), (2, 2), (1, 1), (2, 3, 2, 3)),  # ResNet's stem, even input
        ((225, 224), (7, 7), (2, 2), (1, 1), (3, 3, 2, 3)),
        ((5, 5), (1, 1), (3, 3), (1, 1), (0, 0, 0, 0)),
        ((9, 10), (3, 2), (1, 1), (2, 3), (2, 2, 1, 2)),
    ],
)
def test_same_by_hand(size, kernel, strides, dilation, pads):
    assert resolve_padding("same", size, kernel, strides, dilation) == pads


@pytest.mark.parametrize("dilation", [(2, 2), (3, 1), (1, 2)])
def test_same_with_dilation_gives_tensorflow_its_size_and_values(dilation):
    x, kernel = normal(0, 1, 9, 7, 1), normal(1, 2, 3, 1, 1)
    pads = resolve_padding("same", (9, 7), (2, 3), (1, 1), dilation)
    y_keras = tf.nn.convolution(x, kernel, 1, "SAME", dilations=dilation).numpy().reshape(-1)
    windows = loop_windows(x, (2, 3), (1, 1), pads, dilation)
    y_scratch = [(cells * kernel[..., 0]).sum() for *_, cells in windows]
    np.testing.assert_allclose(y_scratch, y_keras, rtol=0, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(sizes, pairs, pairs, four_pads, pairs)
def test_output_size_counts_the_windows(size, kernel, strides, pads, dilation):
    positions = [
        w[1:3] for w in loop_windows(np.zeros((1, *size, 1)), kernel, strides, pads, dilation)
    ]
    if positions:
        counted = tuple(np.max(positions, axis=0) + 1)
        assert output_size(size, kernel, strides, pads, dilation) == counted
    else:
        with pytest.raises(ValueError, match="no output is left"):
            output_size(size, kernel, strides, pads, dilation)


def test_an_empty_output_names_every_dimension():
    with pytest.raises(ValueError, match=r"3x9.*5x2.*\(2, 1\).*\(0, 1, 0, 0\).*\(1, 3\)"):
        output_size((3, 9), (5, 2), (2, 1), (0, 1, 0, 0), (1, 3))


@pytest.mark.parametrize("wrong", [((0, 1), (1, 1), (1, 1)), ((1, 1), (1, 0), (1, 1))])
def test_steps_and_kernels_are_positive(wrong):
    kernel, strides, dilation = wrong
    with pytest.raises(ValueError, match="at least 1"):
        output_size((5, 5), kernel, strides, (0, 0, 0, 0), dilation)


@pytest.mark.parametrize("padding", ["SAME", "causal", (1, 1), (1, 1, 1, -1), 2, None])
def test_unknown_padding_is_named(padding):
    with pytest.raises(ValueError, match="padding must be") as error:
        resolve_padding(padding, (5, 5), (3, 3), (1, 1))
    assert repr(padding) in str(error.value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("pads", [(2, 2, 2, 2), (0, 1, 2, 3), (1, 0, 0, 0), (0, 0, 0, 0)])
def test_pad2d_and_back(pads, dtype):
    x = normal(2, 2, 3, 4, 5, dtype=dtype)
    y = pad2d(x, pads, value=-7.0)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, padded(x, pads, -7.0))
    dy = normal(3, *y.shape)
    gradient = complex_step(lambda x: pad2d(x, pads), x, dy)
    np.testing.assert_allclose(pad2d_backward(dy, pads), gradient, rtol=1e-12)
