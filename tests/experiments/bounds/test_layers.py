"""What single layers' bounds say where numbers are extreme or a choice is in doubt."""

import numpy as np
import pytest

from experiments.bounds import layer_bounds
from experiments.bounds.layers import _BOUNDS
from scratch import layers
from scratch.layers import LAYERS, Layer
from tests.experiments.bounds.cases import CASES, IMAGES
from tests.experiments.bounds.draws import ordinary
from tests.experiments.bounds.sides import (
    PRECISION,
    assert_inside,
    bounds_of,
    by_keras,
    by_scratch,
    upstream,
)


@pytest.mark.parametrize("deviations", [1, 100])
def test_the_bound_of_batch_normalization_grows_with_the_mean(deviations: int) -> None:
    layer, inputs = CASES["batch_norm"].build(lambda rng, shape: deviations + ordinary(rng, shape))
    bounds = bounds_of(layer, inputs, upstream(layer, inputs, ordinary), training=True)
    for tensor in ("output", "grad_input"):
        relative = bounds[tensor].radii[1].max() / bounds[tensor].value.std()
        assert deviations * 1e-6 < relative < deviations * 1e-3, tensor


def test_a_saturated_softmax_is_bounded() -> None:
    layer, _ = CASES["softmax"].build(ordinary)
    logits = np.float32([[0, -1e4, 5e3, 5e3], [1e-3, 0, -87, -103], [1e38, -1e38, 0, 1]])
    dy = np.float32(np.random.default_rng(0).standard_normal(logits.shape))
    bounds = bounds_of(layer, [logits], dy, True)
    assert all(np.isfinite(bounded.radii).all() for bounded in bounds.values())
    assert_inside("scratch", by_scratch(layer, [logits], dy, True), bounds, 1)
    assert_inside("keras", by_keras(layer, [logits], dy, True), bounds, 1)


def test_huge_logits_of_a_dense_layer_have_a_finite_bound() -> None:
    """The logits themselves are uncertain by more than 1: any probability is possible."""
    layer, inputs = CASES["dense_softmax"].build(
        lambda rng, shape: 1e9 * rng.standard_normal(shape)
    )
    bounds = bounds_of(layer, inputs, upstream(layer, inputs, ordinary), True)
    assert all(np.isfinite(bounded.radii).all() for bounded in bounds.values())
    assert bounds["output"].radii[1].max() >= 0.5


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_bounded_under_its_mask(training: bool) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, *IMAGES)).astype(np.float32)
    mask = rng.random(IMAGES) < 0.7
    layer, exact = (layers.Dropout(0.3, dtype=dtype) for dtype in ("float32", "float64"))
    layer.draw_mask = exact.draw_mask = lambda _shape: mask
    bounds = layer_bounds(exact, [x.astype(float)], dy.astype(float), training, PRECISION)
    assert_inside("scratch", by_scratch(layer, [x], dy, training), bounds, 1)
    scaled = np.where(mask, x * np.float32(1 / 0.7), 0) if training else x
    assert_inside("tensorflow", {"output": scaled}, {"output": bounds["output"]}, 1)
    np.testing.assert_allclose(
        bounds["grad_input"].value, np.where(mask, dy / 0.7, 0) if training else dy, rtol=1e-6
    )


def test_a_relu_is_undecided_only_where_rounding_reaches_zero() -> None:
    layer = layers.Conv2D(1, 1, activation="relu", dtype="float64")
    layer.build((None, 1, 4, 2))
    layer.weights["kernel"][...] = np.array([1.0, 1.0]).reshape(1, 1, 2, 1)
    u = PRECISION.u
    x = np.array([[1.0, -1.0 + u], [1.0, -1.0 + 100 * u], [0.0, 0.0], [-1.0, 1.0 - u]])
    dy = np.full((1, 1, 4, 1), 3.0)
    bounds = layer_bounds(layer, [x.reshape(1, 1, 4, 2)], dy, True, PRECISION)
    _, certain, flipping = bounds["grad_input"].radii[..., 0].reshape(3, 4)
    assert (flipping > 3).tolist() == [True, False, False, True]  # |dy| times the kernel's 1
    assert certain.max() < 1e-5


def test_a_maximum_is_undecided_only_among_subnormals() -> None:
    layer = layers.MaxPooling2D(2, dtype="float64")
    windows = np.array([[1.0, 1.0, 0.0, 0.5], [1e-39, 3e-39, -1.0, 0.0], [1e-39, 1e-37, 0.0, 0.0]])
    x = windows.reshape(3, 2, 2, 1)
    bounds = layer_bounds(layer, [x], np.full((3, 1, 1, 1), 2.0), True, PRECISION)
    assert bounds["grad_input"].radii[1].max() == 0
    flipping = bounds["grad_input"].radii[2].reshape(3, 4)
    np.testing.assert_allclose(flipping, [[0] * 4, [2] * 4, [0] * 4], atol=1e-6)


def test_every_layer_type_has_a_bound_and_another_has_none() -> None:
    assert set(_BOUNDS) == set(LAYERS.values())

    class Unknown(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Unknown"):
        layer_bounds(Unknown(), [np.zeros(1)], np.zeros(1), True, PRECISION)
