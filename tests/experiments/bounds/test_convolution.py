"""Bounds of the convolutions: both sides stay inside, and a wrong number does not."""

import numpy as np
import pytest

from scratch.layers import LAYERS, Layer
from tests.experiments.test_bounds import (
    DATA,
    Draw,
    assert_inside,
    bounds_of,
    by_keras,
    by_scratch,
    in_float64,
    near_underflow,
    ordinary,
    upstream,
)

IMAGES = (3, 7, 6, 4)
SEQUENCES = (3, 9, 4)

CASES: dict[str, tuple[str, dict]] = {
    "depthwise": ("DepthwiseConv2D", {"kernel_size": (3, 2), "padding": "same"}),
    "depthwise_strided": (
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, "depth_multiplier": 3, "activation": "relu"},
    ),
    "depthwise_unequal_strides": (
        "DepthwiseConv2D", {"kernel_size": (2, 3), "strides": (1, 3), "padding": "same"},
    ),
    "depthwise_dilated": (
        "DepthwiseConv2D", {"kernel_size": (2, 3), "dilation_rate": 2, "padding": "same"},
    ),
    "depthwise_dilated_strided": (
        "DepthwiseConv2D", {"kernel_size": 2, "dilation_rate": 3, "strides": 2},
    ),
    "depthwise_by_groups": ("Conv2D", {"filters": 8, "kernel_size": 3, "groups": 4}),
    "separable": ("SeparableConv2D", {"filters": 5, "kernel_size": (3, 2), "padding": "same"}),
    "separable_strided": (
        "SeparableConv2D",
        {"filters": 3, "kernel_size": 3, "strides": 2, "depth_multiplier": 2, "use_bias": False},
    ),
    "separable_relu": (
        "SeparableConv2D", {"filters": 6, "kernel_size": 2, "activation": "relu"},
    ),
    "transposed": ("Conv2DTranspose", {"filters": 5, "kernel_size": (3, 2), "padding": "same"}),
    "transposed_overlapping": (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": (4, 3), "strides": 2, "activation": "relu"},
    ),
    "transposed_with_gaps": (
        "Conv2DTranspose", {"filters": 3, "kernel_size": (2, 1), "strides": (3, 2)},
    ),
    "transposed_dilated": (
        "Conv2DTranspose", {"filters": 3, "kernel_size": (2, 3), "dilation_rate": 2},
    ),
    "conv_1d": ("Conv1D", {"filters": 5, "kernel_size": 3, "padding": "causal", "strides": 2}),
    "conv_1d_grouped": ("Conv1D", {"filters": 6, "kernel_size": 2, "groups": 2}),
    "depthwise_1d": ("DepthwiseConv1D", {"kernel_size": 4, "padding": "same"}),
}  # fmt: skip
LINEAR = [case for case, (_, options) in CASES.items() if "activation" not in options]


def build(case: str, draw: Draw) -> tuple[Layer, list[np.ndarray]]:
    """A float32 layer with random weights, and an input for it."""
    name, options = CASES[case]
    rng = np.random.default_rng(0)
    layer = LAYERS[name](**options, dtype="float32")
    shape = SEQUENCES if "1D" in name else IMAGES
    layer.build(shape)
    for weight in layer.weights.values():
        weight[...] = 0.5 * rng.standard_normal(weight.shape)
    return layer, [draw(rng, shape).astype(np.float32)]


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("case", CASES)
def test_both_sides_stay_inside(case: str, data: str) -> None:
    layer, inputs = build(case, DATA[data])
    dy = upstream(layer, inputs, near_underflow if data == "near_underflow" else ordinary)
    bounds = bounds_of(layer, inputs, dy, training=True)
    for tensor, bounded in bounds.items():
        assert np.isfinite(bounded.radii).all(), tensor
        assert (np.diff(bounded.radii, axis=0) >= 0).all(), tensor
    # Where a choice is in doubt, either side may have made the other one: radius 2.
    assert_inside("scratch", by_scratch(layer, inputs, dy, True), bounds, 2)
    assert_inside("keras", by_keras(layer, inputs, dy, True), bounds, 2)


@pytest.mark.parametrize("case", CASES)
def test_the_bounded_value_is_the_layers_own_in_float64(case: str) -> None:
    layer, inputs = build(case, ordinary)
    dy = upstream(layer, inputs, ordinary)
    exact, arrays = in_float64(layer, inputs)
    expected = by_scratch(exact, arrays, dy.astype(np.float64), True)
    for tensor, bounded in bounds_of(layer, inputs, dy, True).items():
        np.testing.assert_allclose(bounded.value, expected[tensor], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_bounds_are_tight_enough_to_see_a_wrong_number(case: str) -> None:
    """On ordinary data no number may be off by more than a thousandth of the largest."""
    layer, inputs = build(case, ordinary)
    dy = upstream(layer, inputs, ordinary)
    for tensor, bounded in bounds_of(layer, inputs, dy, training=True).items():
        assert bounded.radii[1].max() <= 1e-3 * np.abs(bounded.value).max(), tensor


@pytest.mark.parametrize("seed", range(40))
def test_the_likely_bound_holds_in_single_draws(seed: int) -> None:
    """It may be broken once in ten thousand tensors."""
    rng = np.random.default_rng(seed)
    case = LINEAR[seed % len(LINEAR)]
    layer, inputs = build(case, lambda _, shape: ordinary(rng, shape))
    dy = ordinary(rng, layer.compute_output_shape(inputs[0].shape)).astype(np.float32)
    bounds = bounds_of(layer, inputs, dy, training=True)
    assert_inside("scratch", by_scratch(layer, inputs, dy, True), bounds, 0)
    assert_inside("keras", by_keras(layer, inputs, dy, True), bounds, 0)
