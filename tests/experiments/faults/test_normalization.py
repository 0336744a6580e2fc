"""Faulty normalizations make the mistake they are named after, against formulas and loops."""

import numpy as np
import pytest

from experiments.faults import normalization
from scratch import layers
from scratch.layers.normalizer import Normalizer
from tests.experiments.faults.runs import X, built, right, run
from tests.scratch.functional.oracles import complex_step

GROUPED = np.random.default_rng(2).standard_normal((3, 2, 4, 6))


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
