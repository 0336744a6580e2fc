"""What both sides compute of every normalization and scaling lies within its bounds."""

from typing import Any

import numpy as np
import pytest

from experiments.bounds.call import GivenCall
from experiments.bounds.normalization import NormalizationBounds
from scratch.layers import LAYERS, Layer
from tests.experiments.test_bounds import (
    DATA,
    PRECISION,
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

IMAGE = (3, 7, 5, 6)  # (N, H, W, C), no two alike


def huge(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Squares add up to just below the largest float32."""
    return 1e16 * rng.standard_normal(shape)


DRAWS: dict[str, Draw] = DATA | {"huge": huge}

NORMALIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "batch_rows": ("BatchNormalization", {"axis": 1}),
    "batch_columns_plain": ("BatchNormalization", {"axis": -2, "center": False, "scale": False}),
    "layer": ("LayerNormalization", {}),
    "layer_plain": ("LayerNormalization", {"center": False, "scale": False, "epsilon": 1e-6}),
    "layer_all": ("LayerNormalization", {"axis": [1, 2, 3]}),
    "layer_apart": ("LayerNormalization", {"axis": [1, -1], "scale": False}),
    "layer_rms": ("LayerNormalization", {"rms_scaling": True}),
    "layer_rms_rows": ("LayerNormalization", {"rms_scaling": True, "axis": [1, 2]}),
    "group": ("GroupNormalization", {"groups": 3}),
    "group_rows": ("GroupNormalization", {"groups": 7, "axis": 1}),
    "instance": ("GroupNormalization", {"groups": -1, "center": False}),
}
SCALES: dict[str, tuple[str, dict[str, Any]]] = {
    "rescaling": ("Rescaling", {"scale": 1 / 255}),
    "rescaling_channels": (
        "Rescaling",
        {"scale": [0.1, -2.3, 1e-4, 7.7, 0.3, 1.0], "offset": [0.1, 0.2, -0.3, 1e3, 0.0, 0.7]},
    ),
    "adapted": ("Normalization", {}),
    "adapted_inverse": ("Normalization", {"invert": True}),
    "adapted_rows": ("Normalization", {"axis": (1, 3)}),
    "given": ("Normalization", {"mean": 0.45, "variance": 0.05}),
    "given_inverse": ("Normalization", {"mean": 0.45, "variance": 1e-16, "invert": True}),
    "layer_scale": ("LayerScale", {"init_values": 1e-6, "projection_dim": 6}),
    "custom_scale": ("CustomScaleLayer", {"scale": 0.17}),
}
CASES = NORMALIZERS | SCALES


def build(case: str, draw: Draw, seed: int = 0) -> tuple[Layer, list[np.ndarray]]:
    name, options = CASES[case]
    rng = np.random.default_rng(seed)
    layer = LAYERS[name](**options, dtype="float32")
    shapes = [IMAGE] * (2 if layer.takes_list else 1)
    layer.build(shapes if layer.takes_list else IMAGE)
    for weight_name, weight in layer.weights.items():
        value = 0.5 * rng.standard_normal(weight.shape)
        weight[...] = np.abs(value) + 0.1 if "variance" in weight_name else value
    return layer, [draw(rng, shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("data", DRAWS)
@pytest.mark.parametrize("case", CASES)
def test_both_sides_stay_inside(case: str, data: str) -> None:
    layer, inputs = build(case, DRAWS[data])
    dy = upstream(layer, inputs, near_underflow if data == "near_underflow" else ordinary)
    for training in (True, False) if "batch" in case else (True,):
        bounds = bounds_of(layer, inputs, dy, training)
        for tensor, bounded in bounds.items():
            assert np.isfinite(bounded.radii).all(), tensor
            assert (np.diff(bounded.radii, axis=0) >= 0).all(), tensor
        assert_inside("scratch", by_scratch(layer, inputs, dy, training), bounds, 1)
        assert_inside("keras", by_keras(layer, inputs, dy, training), bounds, 1)


@pytest.mark.parametrize("case", CASES)
def test_the_likely_radius_holds_on_many_draws(case: str) -> None:
    for seed in range(6):
        layer, inputs = build(case, ordinary, seed)
        dy = upstream(layer, inputs, ordinary)
        bounds = bounds_of(layer, inputs, dy, True)
        assert_inside("scratch", by_scratch(layer, inputs, dy, True), bounds, 0)
        assert_inside("keras", by_keras(layer, inputs, dy, True), bounds, 0)


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
    layer, inputs = build(case, ordinary)
    dy = upstream(layer, inputs, ordinary)
    for tensor, bounded in bounds_of(layer, inputs, dy, training=True).items():
        assert bounded.radii[1].max() <= 1e-3 * np.abs(bounded.value).max(), tensor


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("case", NORMALIZERS)
def test_the_two_formulas_are_one_function(case: str, draw: Draw) -> None:
    layer, inputs = build(case, draw)
    dy = upstream(layer, inputs, ordinary)
    exact, arrays = in_float64(layer, inputs)
    call = GivenCall(tuple(arrays), dy.astype(np.float64), True, PRECISION)
    both = NormalizationBounds(exact, call)
    sides = zip(
        (both.numpy_output(), *both.numpy_gradients()),
        (both.tensorflow_output(), *both.tensorflow_gradients()),
        strict=True,
    )
    for ours, theirs in sides:
        # Both are computed in float64, whose roundings are 2^29 times smaller than the radii.
        assert (np.abs(ours.value - theirs.value) <= theirs.radii[1] * 2.0**-20).all()
