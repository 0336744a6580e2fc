"""Each faulty layer makes the mistake it is named after, against loops and the sources' numbers."""

import itertools

import numpy as np
import pytest

from experiments.faults import (
    convolution,
    convolution_backward,
    dense,
    normalization,
    pooling,
    scaling,
)
from scratch import layers, reference
from scratch.functional import resolve_padding
from scratch.layers import Layer
from scratch.layers.normalizer import Normalizer
from tests.scratch.functional.oracles import complex_step

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 6, 5, 3))
GROUPED = np.random.default_rng(2).standard_normal((3, 2, 4, 6))


def built(layer: Layer, x: np.ndarray = X) -> Layer:
    layer.build(x.shape)
    for weight in layer.weights.values():
        weight[...] = RNG.standard_normal(weight.shape)
    return layer


def conv(kind: type[layers.Conv2D], **options) -> layers.Conv2D:
    options = {"filters": 4, "kernel_size": 3, "dtype": "float64", **options}
    return built(kind(**options))


def right(layer: Layer) -> Layer:
    """The layer without its fault, sharing its weights."""
    (kind,) = [base for base in type(layer).__mro__ if base in layers.LAYERS.values()][:1]
    twin = kind(**layer.get_config())
    twin.build(X.shape)
    twin.weights = layer.weights
    return twin


def run(layer: Layer, x: np.ndarray = X, training: bool = True) -> dict[str, np.ndarray]:
    y = layer.forward(x, training=training)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    return {"output": y, "dy": dy, "grad_input": layer.backward(dy), **layer.gradients}


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


def test_all_tied_maxima_get_the_gradient() -> None:
    """Sources A and B: `create_mask_from_window` marks every maximum."""
    tied = np.round(X)
    layer = pooling.AllTiesGetGradient((2, 3), strides=(1, 2), dtype="float64")
    found = run(layer, tied)
    _, cache = reference.pool_forward(tied, {"f": (2, 3), "stride": (1, 2)}, mode="max")
    expected = reference.pool_backward(found["dy"], cache, mode="max", ties="all")
    np.testing.assert_allclose(found["grad_input"], expected)
    first = reference.pool_backward(found["dy"], cache, mode="max", ties="first")
    assert np.abs(expected - first).max() > 0.1


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_max_windows_that_overwrite(padding: str) -> None:
    layer = pooling.MaxPoolOverwrites((3, 2), strides=(2, 1), padding=padding, dtype="float64")
    found = run(layer)
    top, _, left, _ = resolve_padding(padding, (6, 5), (3, 2), (2, 1))
    expected = np.zeros_like(X)
    for i, h, w, c in np.ndindex(*found["dy"].shape):
        rows = slice(max(0, 2 * h - top), 2 * h - top + 3)
        columns = slice(max(0, w - left), w - left + 2)
        window = X[i, rows, columns, c]
        expected[i, rows, columns, c] = (window == window.max()) * found["dy"][i, h, w, c]
    np.testing.assert_array_equal(found["grad_input"], expected)


def test_average_windows_that_overwrite_print_source_a_numbers() -> None:
    """A9: the printed numbers come from this fault."""
    draw = np.random.RandomState(1).randn
    a_prev, da = draw(5, 5, 3, 2), draw(5, 4, 2, 2)
    layer = pooling.AveragePoolOverwrites(2, strides=1, dtype="float64")
    layer.forward(a_prev)
    printed = [[-0.32345834, 0.45074345], [2.52832571, -0.24863478], [1.26416285, -0.12431739]]
    np.testing.assert_allclose(layer.backward(da)[1, 1], printed, atol=5e-9)


def test_an_average_over_the_padding_too() -> None:
    layer = pooling.AverageCountsPadding((3, 2), strides=(2, 2), padding="same", dtype="float64")
    found = run(layer)
    pads = resolve_padding("same", (6, 5), (3, 2), (2, 2))
    padded = reference.zero_pad(X, pads)
    means, cache = reference.pool_forward(padded, {"f": (3, 2), "stride": (2, 2)}, mode="average")
    np.testing.assert_allclose(found["output"], means)
    dx = reference.pool_backward(found["dy"], cache, mode="average")
    top, bottom, left, right_side = pads
    assert (bottom, right_side) == (1, 1)
    inside = dx[:, top : dx.shape[1] - bottom, left : dx.shape[2] - right_side]
    np.testing.assert_allclose(found["grad_input"], inside)


def test_a_global_average_whose_gradient_is_a_sums() -> None:
    found = run(pooling.GlobalAverageUnscaled(dtype="float64"))
    expected = np.broadcast_to(found["dy"][:, None, None], X.shape)
    np.testing.assert_allclose(found["grad_input"], expected)


def normalizer(kind: type[layers.BatchNormalization]) -> layers.BatchNormalization:
    layer = built(kind(dtype="float64"))
    layer.weights["moving_variance"][...] = [0.5, 1.5, 2.5]
    return layer


@pytest.mark.parametrize(
    ("kind", "from_x"),
    [
        (normalization.BatchMeanMissing, "variance"),
        (normalization.StatisticsAsConstants, ""),
    ],
)
def test_statistics_that_the_gradient_forgets(kind, from_x: str) -> None:
    """The gradient is that of a normalization whose mean (or variance) is held fixed."""
    layer = normalizer(kind)
    found = run(layer)
    gamma, beta = layer.weights["gamma"], layer.weights["beta"]
    mean, fixed = X.mean(axis=(0, 1, 2)), X.var(axis=(0, 1, 2))

    def half_fixed(x: np.ndarray) -> np.ndarray:
        variance = np.square(x - mean).mean(axis=(0, 1, 2)) if from_x else fixed
        return (x - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta

    np.testing.assert_allclose(found["output"], half_fixed(X))
    expected = complex_step(half_fixed, X, found["dy"])
    np.testing.assert_allclose(found["grad_input"], expected)
    for name in ("gamma", "beta"):
        np.testing.assert_allclose(found[name], run(right(layer))[name])


@pytest.mark.parametrize("training", [True, False])
def test_another_frameworks_epsilon(training: bool) -> None:
    layer = normalizer(normalization.OtherEpsilon)
    twin = right(layer)
    twin.epsilon = 1e-5
    found, expected = run(layer, training=training), run(twin, training=training)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values)
    assert layer.epsilon == 1e-3


def test_an_unbiased_variance() -> None:
    layer = normalizer(normalization.UnbiasedVariance)
    centred = X - X.mean(axis=(0, 1, 2))
    root = np.sqrt(X.var(axis=(0, 1, 2), ddof=1) + layer.epsilon)
    expected = centred / root * layer.weights["gamma"] + layer.weights["beta"]
    np.testing.assert_allclose(run(layer)["output"], expected)
    inference = run(layer, training=False)["output"]
    np.testing.assert_allclose(inference, run(right(layer), training=False)["output"])


@pytest.mark.parametrize("training", [True, False])
def test_moving_statistics_in_training(training: bool) -> None:
    layer = normalizer(normalization.MovingStatisticsInTraining)
    expected = run(right(layer), training=False)
    for name, values in run(layer, training=training).items():
        np.testing.assert_array_equal(values, expected[name])


def example_normalizer(kind: type[Normalizer], **options) -> Normalizer:
    return built(kind(**options, dtype="float64"), GROUPED)


def affine(layer: Normalizer, z: np.ndarray) -> np.ndarray:
    return layer.weights["gamma"] * z + layer.weights["beta"]


def test_a_layer_normalization_over_the_batch() -> None:
    layer = example_normalizer(normalization.LayerBatchStatistics)
    batch = layers.BatchNormalization(dtype="float64")
    batch.build(GROUPED.shape)
    for name in ("gamma", "beta"):
        batch.weights[name][...] = layer.weights[name]
    expected = run(batch, GROUPED)
    for name, values in run(layer, GROUPED).items():
        np.testing.assert_allclose(values, expected[name])


def test_a_layer_normalization_with_an_unbiased_variance() -> None:
    layer = example_normalizer(normalization.LayerVarianceUnbiased)
    root = np.sqrt(GROUPED.var(axis=-1, ddof=1, keepdims=True) + layer.epsilon)
    z = (GROUPED - GROUPED.mean(axis=-1, keepdims=True)) / root
    np.testing.assert_allclose(run(layer, GROUPED)["output"], affine(layer, z))


def test_an_epsilon_outside_the_root() -> None:
    layer = example_normalizer(normalization.EpsilonOutsideRoot, epsilon=0.3)
    deviation = GROUPED.std(axis=-1, keepdims=True) + 0.3
    z = (GROUPED - GROUPED.mean(axis=-1, keepdims=True)) / deviation
    np.testing.assert_allclose(run(layer, GROUPED)["output"], affine(layer, z))


def test_a_layer_normalizations_statistics_as_constants() -> None:
    layer = example_normalizer(normalization.LayerStatisticsAsConstants)
    found = run(layer, GROUPED)
    root = np.sqrt(GROUPED.var(axis=-1, keepdims=True) + layer.epsilon)
    np.testing.assert_allclose(found["grad_input"], found["dy"] * layer.weights["gamma"] / root)
    z = (GROUPED - GROUPED.mean(axis=-1, keepdims=True)) / root
    np.testing.assert_allclose(found["output"], affine(layer, z))


def test_interleaved_groups() -> None:
    layer = example_normalizer(normalization.GroupsInterleaved, groups=2, epsilon=0.0)
    z = np.zeros_like(GROUPED)
    for image, first in np.ndindex(len(GROUPED), 2):
        group = GROUPED[image, ..., first::2]
        z[image, ..., first::2] = (group - group.mean()) / group.std()
    np.testing.assert_allclose(run(layer, GROUPED)["output"], affine(layer, z))


def test_groups_at_each_position() -> None:
    layer = example_normalizer(normalization.GroupsWithoutPositions, groups=2, epsilon=0.0)
    z = np.zeros_like(GROUPED)
    for i, h, w, first in np.ndindex(*GROUPED.shape[:3], 2):
        group = GROUPED[i, h, w, 3 * first : 3 * first + 3]
        z[i, h, w, 3 * first : 3 * first + 3] = (group - group.mean()) / group.std()
    np.testing.assert_allclose(run(layer, GROUPED)["output"], affine(layer, z))


def test_an_offset_before_the_scale() -> None:
    found = run(scaling.OffsetBeforeScale(2.0, [1.0, 2.0, -1.0], dtype="float64"))
    np.testing.assert_allclose(found["output"], (X + np.array([1.0, 2.0, -1.0])) * 2)
    np.testing.assert_allclose(found["grad_input"], found["dy"] * 2)


def test_a_division_by_the_variance() -> None:
    found = run(scaling.DividedByVariance(mean=0.5, variance=4.0, dtype="float64"))
    np.testing.assert_allclose(found["output"], (X - 0.5) / 4)
    np.testing.assert_allclose(found["grad_input"], found["dy"] / 4)


def test_a_scale_gradient_that_is_a_mean() -> None:
    layer = built(scaling.ScaleGradientAveraged(1.0, 3, dtype="float64"))
    found = run(layer)
    np.testing.assert_allclose(found["gamma"], (found["dy"] * X).mean(axis=(0, 1, 2)))


def test_a_residual_that_gets_the_whole_gradient() -> None:
    layer = scaling.ResidualGradientUnscaled(0.25, dtype="float64")
    np.testing.assert_allclose(layer.forward([X, X]), 1.25 * X)
    shortcut, residual = layer.backward(X)
    np.testing.assert_array_equal(shortcut, X)
    np.testing.assert_array_equal(residual, X)


def test_channels_first_flattening() -> None:
    found = run(dense.FlattenChannelsFirst(dtype="float64"))
    for image, row in zip(X, found["output"], strict=True):
        expected = [image[h, w, c] for c in range(3) for h in range(6) for w in range(5)]
        assert row.tolist() == expected
    sent_back = np.moveaxis(found["grad_input"], -1, 1).reshape(2, -1)
    np.testing.assert_array_equal(sent_back, found["dy"])


def test_kernel_rows_meant_for_channels_first() -> None:
    """The same as a channels first Flatten before the right layer."""
    images = RNG.standard_normal((4, 2, 2, 5))
    layer = dense.DenseRowsChannelsFirst(3, dtype="float64")
    built(layer, images.reshape(4, -1))
    channels_last = layers.Flatten(dtype="float64").forward(images)
    kernel = layer.weights["kernel"]
    # The kernel's row for (h, w, c) is applied to the input that is number (h, w, c) when the
    # image is cut up as (c, h, w).
    stored = kernel.reshape(2, 2, 5, 3)
    expected = sum(
        channels_last[:, number, None] * stored[h, w, c]
        for number, (c, h, w) in enumerate(np.ndindex(5, 2, 2))
    )
    found = run(layer, channels_last)
    np.testing.assert_allclose(found["output"], expected + layer.weights["bias"])
    gradient = complex_step(
        lambda x: sum(
            x[:, number, None] * stored[h, w, c]
            for number, (c, h, w) in enumerate(np.ndindex(5, 2, 2))
        ),
        channels_last,
        found["dy"],
    )
    np.testing.assert_allclose(found["grad_input"], gradient)


def test_a_softmax_differentiated_element_by_element() -> None:
    rows = RNG.standard_normal((4, 7))
    layer = built(dense.SoftmaxDiagonal(5, activation="softmax", dtype="float64"), rows)
    found = run(layer, rows)
    dz = np.zeros((4, 5))
    for i, k in np.ndindex(4, 5):
        y = found["output"][i, k]
        dz[i, k] = y * (1 - y) * found["dy"][i, k]
    np.testing.assert_allclose(found["grad_input"], dz @ layer.weights["kernel"].T)
    np.testing.assert_allclose(found["kernel"], rows.T @ dz)
    np.testing.assert_allclose(found["bias"], dz.sum(axis=0))


def test_a_kernel_gradient_averaged_twice() -> None:
    rows = RNG.standard_normal((4, 7))
    found = run(built(dense.KernelGradientAveraged(5, dtype="float64"), rows), rows)
    np.testing.assert_allclose(found["kernel"], rows.T @ found["dy"] / 4)
    np.testing.assert_allclose(found["bias"], found["dy"].sum(axis=0))


@pytest.mark.parametrize("training", [True, False])
def test_a_dropout_that_does_not_rescale(training: bool) -> None:
    layer = dense.NotRescaled(0.3, dtype="float64")
    mask = RNG.random(X.shape) < 0.7
    layer.draw_mask = lambda _shape: mask
    found = run(layer, training=training)
    kept = mask if training else np.ones_like(mask)
    np.testing.assert_array_equal(found["output"], X * kept)
    np.testing.assert_array_equal(found["grad_input"], found["dy"] * kept)


def test_an_addition_that_shares_its_gradient_out() -> None:
    layer = dense.AddSplitsGradient(dtype="float64")
    layer.forward([X, X, X])
    dy = RNG.standard_normal(X.shape)
    for part in layer.backward(dy):
        np.testing.assert_allclose(part, dy / 3)
