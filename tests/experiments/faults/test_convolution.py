"""Faulty convolutions make the mistake they are named after, against loops and printed numbers."""

import itertools

import numpy as np
import pytest

from experiments.faults import convolution, convolution_backward
from scratch import layers, reference
from scratch.functional import resolve_padding
from tests.experiments.faults.runs import X, built, right, run


def conv(kind: type[layers.Conv2D], **options) -> layers.Conv2D:
    options = {"filters": 4, "kernel_size": 3, "dtype": "float64", **options}
    return built(kind(**options))


def by_loops(layer: layers.Conv2D, x: np.ndarray, pads, dy: np.ndarray) -> tuple:
    """Source A's loops: output, dA_prev, dW, db."""
    bias = layer.weights["bias"].reshape(1, 1, 1, -1)
    hparameters = {"stride": layer.strides, "pad": pads}
    z, cache = reference.conv_forward(x, layer.weights["kernel"], bias, hparameters)
    return z, *reference.conv_backward(dy, cache)


def test_same_padding_with_the_extra_pixel_first() -> None:
    layer = conv(convolution.PaddingShifted, kernel_size=(2, 4), strides=(2, 1), padding="same")
    found = run(layer)
    top, bottom, left, right_side = resolve_padding("same", (6, 5), (2, 4), (2, 1))
    assert (top, bottom, left, right_side) == (0, 0, 1, 2)
    z, dx, dw, _ = by_loops(layer, X, (bottom, top, right_side, left), found["dy"])
    np.testing.assert_allclose(found["output"], z)
    np.testing.assert_allclose(found["grad_input"], dx)
    np.testing.assert_allclose(found["kernel"], dw)


def test_backward_windows_that_ignore_the_stride() -> None:
    """Source B's code: windows start at h, w."""
    layer = conv(convolution_backward.StrideIgnoredInBackward, strides=2, padding="same")
    found = run(layer)
    dy, kernel = found["dy"], layer.weights["kernel"]
    padded = reference.zero_pad(X, resolve_padding("same", (6, 5), (3, 3), (2, 2)))
    dx, dw = np.zeros_like(padded), np.zeros_like(kernel)
    for i, h, w, c in np.ndindex(*dy.shape):
        dx[i, h : h + 3, w : w + 3] += kernel[..., c] * dy[i, h, w, c]
        dw[..., c] += padded[i, h : h + 3, w : w + 3] * dy[i, h, w, c]
    top, bottom, left, right_side = resolve_padding("same", (6, 5), (3, 3), (2, 2))
    height, width = padded.shape[1:3]
    np.testing.assert_allclose(
        found["grad_input"], dx[:, top : height - bottom, left : width - right_side]
    )
    np.testing.assert_allclose(found["kernel"], dw)
    np.testing.assert_allclose(found["output"], run(right(layer))["output"])


def test_stride_one_hides_that_fault() -> None:
    layer = conv(convolution_backward.StrideIgnoredInBackward, padding="same")
    for name, values in run(right(layer)).items():
        np.testing.assert_allclose(run(layer)[name], values)


def test_a_bias_for_each_product_prints_source_a_numbers() -> None:
    """A2 and A3: the printed numbers come from this fault."""
    for shape, kernel_shape, pad, printed in (
        ((1, 4, 4, 3), (4, 4, 3, 1), 0, -23.1602122025),
        ((10, 4, 4, 3), (2, 2, 3, 8), 2, 0.155859324889),
    ):
        draw = np.random.RandomState(1).randn
        x, kernel, bias = draw(*shape), draw(*kernel_shape), draw(kernel_shape[-1])
        layer = convolution.BiasPerProduct(
            kernel_shape[-1], kernel_shape[:2], dtype="float64"
        )  # fmt: skip
        layer.build(x.shape)
        layer.weights["kernel"][...], layer.weights["bias"][...] = kernel, bias
        z = layer.forward(reference.zero_pad(x, pad))
        assert z.mean() == pytest.approx(printed, abs=1e-10)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (convolution.KernelTurned, lambda i, j: (2 - i, 2 - j)),
        (convolution.KernelTransposed, lambda i, j: (j, i)),
    ],
)
def test_kernels_read_in_another_order(kind, cell) -> None:
    layer = conv(kind)
    kernel = layer.weights["kernel"]
    expected = np.broadcast_to(layer.weights["bias"], (2, 4, 3, 4)).copy()
    for i, j in itertools.product(range(3), range(3)):
        expected += X[:, i : i + 4, j : j + 3] @ kernel[cell(i, j)]
    np.testing.assert_allclose(run(layer)["output"], expected)
    for name in ("grad_input", "kernel", "bias"):
        np.testing.assert_allclose(run(layer)[name], run(right(layer))[name])


def test_an_input_gradient_with_the_kernel_as_it_is() -> None:
    """Source E's rule without its turn: the wide correlation of dy with the kernel."""
    layer = conv(convolution_backward.InputGradientKernelNotTurned)
    found = run(layer)
    wide = np.pad(found["dy"], ((0, 0), (2, 2), (2, 2), (0, 0)))
    expected = np.zeros_like(X)
    for i, j in itertools.product(range(3), range(3)):
        expected += wide[:, i : i + 6, j : j + 5] @ layer.weights["kernel"][i, j].T
    np.testing.assert_allclose(found["grad_input"], expected)
    np.testing.assert_allclose(found["kernel"], run(right(layer))["kernel"])


def test_a_kernel_gradient_of_the_first_patch() -> None:
    found = run(conv(convolution_backward.FirstPatchGradient, strides=2))
    expected = sum(
        X[i, :3, :3, :, None] * found["dy"][i, 0, 0] for i in range(len(X))
    )  # fmt: skip
    np.testing.assert_allclose(found["kernel"], expected)


def test_a_bias_gradient_that_is_a_mean() -> None:
    found = run(conv(convolution_backward.BiasGradientAveraged))
    np.testing.assert_allclose(found["bias"], found["dy"].mean(axis=(0, 1, 2)))


def test_a_relu_without_its_derivative() -> None:
    layer = conv(convolution_backward.ReluDerivativeForgotten, activation="relu", padding="same")
    found = run(layer)
    _, dx, dw, db = by_loops(layer, X, (1, 1, 1, 1), found["dy"])  # dz = dy
    np.testing.assert_allclose(found["grad_input"], dx)
    np.testing.assert_allclose(found["kernel"], dw)
    np.testing.assert_allclose(found["bias"], db.reshape(-1))
    assert layer.activation.name == "relu"
    assert (found["output"] >= 0).all()
