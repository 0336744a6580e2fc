"""Bounds of the layers that pool, merge, move and resize: both sides stay inside."""

import numpy as np
import pytest

from experiments.bounds import layer_bounds
from scratch import layers
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

IMAGES = (3, 7, 6, 4)
GATE = (3, 1, 1, 4)

CASES: dict[str, tuple[str, dict, list[tuple[int, ...]]]] = {
    "global_max": ("GlobalMaxPooling2D", {"keepdims": True}, [IMAGES]),
    "global_max_1d": ("GlobalMaxPooling1D", {}, [(3, 9, 4)]),
    "global_average_1d": ("GlobalAveragePooling1D", {}, [(3, 9, 4)]),
    "max_pool_1d": ("MaxPooling1D", {"pool_size": 3, "strides": 2}, [(3, 9, 4)]),
    "average_pool_1d": ("AveragePooling1D", {"pool_size": 4, "strides": 3}, [(3, 9, 4)]),
    "cropping": ("Cropping2D", {"cropping": ((1, 0), (2, 3))}, [IMAGES]),
    "reshape": ("Reshape", {"target_shape": (-1, 8)}, [IMAGES]),
    "permute": ("Permute", {"dims": (3, 1, 2)}, [IMAGES]),
    "nearest": ("UpSampling2D", {"size": (2, 3)}, [IMAGES]),
    "bilinear": ("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}, [IMAGES]),
    "resized_down": ("Resizing", {"height": 5, "width": 2}, [IMAGES]),
    "resized_wide": ("Resizing", {"height": 7, "width": 19}, [IMAGES]),
    "resized_nearest": (
        "Resizing", {"height": 4, "width": 13, "interpolation": "nearest"}, [IMAGES],
    ),
    "cropped": ("Resizing", {"height": 9, "width": 4, "crop_to_aspect_ratio": True}, [IMAGES]),
    "padded": (
        "Resizing",
        {"height": 9, "width": 15, "pad_to_aspect_ratio": True, "fill_value": 0.1},
        [IMAGES],
    ),
    "add_gate": ("Add", {}, [IMAGES, GATE, (3, 6, 1)]),
    "subtract": ("Subtract", {}, [IMAGES, IMAGES]),
    "subtract_gate": ("Subtract", {}, [GATE, IMAGES]),
    "average": ("Average", {}, [IMAGES] * 3),
    "average_gate": ("Average", {}, [IMAGES, GATE, IMAGES]),
    "multiply": ("Multiply", {}, [IMAGES] * 3),
    "multiply_gate": ("Multiply", {}, [IMAGES, GATE]),
    "multiply_gates": ("Multiply", {}, [GATE, (3, 7, 1, 1), IMAGES]),
    "maximum": ("Maximum", {}, [IMAGES] * 3),
    "minimum_gate": ("Minimum", {}, [IMAGES, GATE]),
}  # fmt: skip


def build(case: str, draw: Draw, seed: int = 0) -> tuple[Layer, list[np.ndarray]]:
    name, options, shapes = CASES[case]
    rng = np.random.default_rng(seed)
    return LAYERS[name](**options, dtype="float32"), [
        draw(rng, shape).astype(np.float32) for shape in shapes
    ]


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("case", CASES)
def test_both_sides_stay_inside(case: str, data: str) -> None:
    layer, inputs = build(case, DATA[data])
    dy = upstream(layer, inputs, near_underflow if data == "near_underflow" else ordinary)
    bounds = bounds_of(layer, inputs, dy, True)
    for tensor, bounded in bounds.items():
        assert np.isfinite(bounded.radii).all(), tensor
        assert (np.diff(bounded.radii, axis=0) >= 0).all(), tensor
    # Where a choice is in doubt, either side may have made the other one: radius 2.
    assert_inside("scratch", by_scratch(layer, inputs, dy, True), bounds, 2)
    assert_inside("keras", by_keras(layer, inputs, dy, True), bounds, 2)
    if data == "ordinary":
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
    for tensor, bounded in bounds_of(layer, inputs, dy, True).items():
        assert bounded.radii[1].max() <= 1e-4 * np.abs(bounded.value).max(), tensor


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_any_size_of_resized_image_stays_inside(interpolation: str) -> None:
    """Places near a pixel's centre among them, where rounding decides between neighbours."""
    rng = np.random.default_rng(3)
    for height, width, rows, columns in rng.integers(1, 40, (60, 4)):
        options = {"height": rows, "width": columns, "interpolation": interpolation}
        layer = layers.Resizing(**options, dtype="float32")
        x = (100 + rng.standard_normal((1, height, width, 2))).astype(np.float32)
        dy = rng.standard_normal((1, rows, columns, 2)).astype(np.float32)
        bounds = bounds_of(layer, [x], dy, True)
        assert_inside("scratch", by_scratch(layer, [x], dy, True), bounds, 1)
        assert_inside("keras", by_keras(layer, [x], dy, True), bounds, 1)


@pytest.mark.parametrize("size", [(3, 2), (1, 2), (1, 1)])
def test_bilinear_in_float64_is_bounded_as_tensorflow_computes_it_in_float32(size) -> None:
    layer = layers.UpSampling2D(size, interpolation="bilinear", dtype="float64")
    rng = np.random.default_rng(0)
    count, height, width, channels = IMAGES
    x = rng.standard_normal(IMAGES)
    dy = rng.standard_normal((count, size[0] * height, size[1] * width, channels))
    bounds = layer_bounds(layer, [x], dy, True, type(PRECISION)("float64"))
    assert_inside("keras", by_keras(layer, [x], dy, True), bounds, 1)


def test_a_global_maximum_is_undecided_only_among_subnormals() -> None:
    layer = layers.GlobalMaxPooling1D(dtype="float64")
    x = np.array([[1.0, 1.0, 0.0, 0.5], [1e-39, 3e-39, -1.0, 0.0], [1e-39, 1e-37, 0.0, 0.0]])
    bounds = layer_bounds(layer, [x[..., None]], np.full((3, 1), 2.0), True, PRECISION)
    assert bounds["grad_input"].radii[1].max() <= 3 * PRECISION.u * 2
    np.testing.assert_allclose(
        bounds["grad_input"].value[..., 0], [[1, 1, 0, 0], [0, 2, 0, 0], [0, 2, 0, 0]]
    )
    flipping = bounds["grad_input"].radii[2][..., 0]
    np.testing.assert_allclose(flipping, [[0] * 4, [2, 2, 0, 2], [0] * 4], atol=1e-5)


@pytest.mark.parametrize("kind", ["Maximum", "Minimum"])
def test_an_extreme_is_undecided_only_among_subnormals(kind: str) -> None:
    layer, sign = LAYERS[kind](dtype="float64"), 1 if kind == "Maximum" else -1
    a, b = np.array([[1.0, 1e-39, 1e-39, 2.0]]), np.array([[1.0, 3e-39, 1e-37, 0.0]])
    bounds = layer_bounds(layer, [sign * a, sign * b], np.full((1, 4), 5.0), True, PRECISION)
    expected = {"grad_input": [5, 0, 0, 5], "grad_input:1": [0, 5, 5, 0]}
    for tensor, values in expected.items():
        np.testing.assert_array_equal(bounds[tensor].value[0], values)
        assert not bounds[tensor].radii[1].any()
        np.testing.assert_allclose(bounds[tensor].radii[2][0], [0, 5, 0, 0], atol=1e-5)


def test_spatial_dropout_is_bounded_under_its_mask() -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, *IMAGES)).astype(np.float32)
    mask = rng.random((3, 1, 1, 4)) < 0.7
    layer, exact = (layers.SpatialDropout2D(0.3, dtype=dtype) for dtype in ("float32", "float64"))
    layer.draw_mask = exact.draw_mask = lambda _shape: mask
    bounds = layer_bounds(exact, [x.astype(float)], dy.astype(float), True, PRECISION)
    assert_inside("scratch", by_scratch(layer, [x], dy, True), bounds, 1)
    np.testing.assert_allclose(
        bounds["output"].value, np.where(mask, x.astype(float) / 0.7, 0), rtol=1e-12
    )
