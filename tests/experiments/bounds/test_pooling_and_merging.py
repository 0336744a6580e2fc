"""Bounds of the layers that pool, merge and resize: any size, and where a choice is in doubt."""

import numpy as np
import pytest

from experiments.bounds import layer_bounds
from scratch import layers
from scratch.layers import LAYERS
from tests.experiments.bounds.cases import IMAGES
from tests.experiments.bounds.sides import (
    PRECISION,
    assert_inside,
    bounds_of,
    by_keras,
    by_scratch,
)


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
