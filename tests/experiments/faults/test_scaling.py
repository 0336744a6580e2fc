"""Faulty scalings make the mistake they are named after."""

import numpy as np

from experiments.faults import scaling
from tests.experiments.faults.runs import X, built, run


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
