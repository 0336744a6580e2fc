"""Bounds of the moving statistics and of penalties: both sides inside, and tight enough."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from experiments.bounds.penalties import penalty_gradient_bounds
from experiments.bounds.statistics import statistics_bounds
from experiments.rounding import Precision
from scratch.layers import BatchNormalization
from scratch.regularizers import L1, L1L2, L2
from tests.experiments.bounds.draws import DATA, ordinary

SHAPES = [(4, 5, 3, 2), (1, 2, 1, 3), (2, 17, 19, 1), (7, 4)]


def moved(shape, draw, seed, dtype="float32"):
    """Moving statistics after a step: by scratch, by Keras, and by their bounds in float64."""
    rng = np.random.default_rng(seed)
    x = draw(rng, shape).astype(dtype)
    ours = BatchNormalization(momentum=0.9, dtype=dtype)
    exact = BatchNormalization(momentum=0.9, dtype="float64")
    theirs = keras.layers.BatchNormalization(momentum=0.9, dtype=dtype)
    theirs.build(shape)
    for layer in (ours, exact):
        layer.build(shape)
    for name, weight in ours.weights.items():
        weight[...] = rng.uniform(0.1, 3, weight.shape)
        exact.weights[name][...] = weight
        getattr(theirs, name).assign(weight)
    bounds = statistics_bounds(exact, x.astype("float64"), Precision(dtype))
    with np.errstate(over="ignore", under="ignore"):
        ours.forward(x.copy(), training=True)
    theirs(tf.constant(x), training=True)
    by_keras = {name: getattr(theirs, name).numpy() for name in bounds}
    return {name: ours.weights[name] for name in bounds}, by_keras, bounds, exact, x


@pytest.mark.parametrize("draw", DATA.values(), ids=DATA.keys())
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_both_sides_stay_inside(shape, draw) -> None:
    for seed in range(5):
        ours, theirs, bounds, exact, x = moved(shape, draw, seed)
        exact.forward(x.astype("float64"), training=True)
        for name, bounded in bounds.items():
            assert bounded.value.shape == ours[name].shape
            np.testing.assert_allclose(bounded.value, exact.weights[name], rtol=1e-12)
            for side in (ours[name], theirs[name]):
                assert (np.abs(side - bounded.value) <= bounded.radii[-1]).all(), name


def test_the_bounds_are_tight_enough_to_see_another_momentum_or_an_unbiased_variance() -> None:
    _, _, bounds, exact, x = moved((4, 8, 8, 3), ordinary, 0)
    before = {name: weight.copy() for name, weight in exact.weights.items()}
    batch = {"moving_mean": x.mean((0, 1, 2)), "moving_variance": x.var((0, 1, 2))}
    for name, bounded in bounds.items():
        slower = before[name] * 0.9001 + batch[name] * 0.0999
        assert (np.abs(slower - bounded.value) > 2 * bounded.radii[-1]).all()
    unbiased = before["moving_variance"] * 0.9 + batch["moving_variance"] * 0.1 * 256 / 255
    bounded = bounds["moving_variance"]
    assert (np.abs(unbiased - bounded.value) > 2 * bounded.radii[-1]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("regularizer", [L1(0.3), L2(0.017), L1L2(0.2, 0.03)], ids=str)
def test_penalty_gradients_of_both_sides_stay_inside(regularizer, dtype) -> None:
    rng = np.random.default_rng(0)
    weight = (rng.normal(size=500) * 10.0 ** rng.uniform(-40, 30, 500)).astype(dtype)
    weight[:3] = 0
    theirs = getattr(keras.regularizers, type(regularizer).__name__)(**regularizer.get_config())
    variable = tf.Variable(weight)
    with tf.GradientTape() as tape:
        penalty = theirs(variable)
    bounded = penalty_gradient_bounds(regularizer, weight, Precision(dtype))
    for side in (regularizer.gradient(weight), tape.gradient(penalty, variable).numpy()):
        assert (np.abs(side - bounded.value) <= bounded.radii[-1]).all()
    normal = np.abs(weight) >= np.finfo(dtype).tiny
    size = np.abs(bounded.value)
    assert (bounded.radii[-1] <= 4 * np.finfo(dtype).eps * size + 1e-37)[normal].all()
