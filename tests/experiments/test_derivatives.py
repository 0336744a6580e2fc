"""Numerical derivatives against polynomials and exponentials whose derivatives are known."""

import numpy as np
import pytest

from experiments.derivatives import central_differences, complex_step, forward_differences

X = np.array([[0.5, -1.25, 2.0], [1.0, -0.75, 0.25]])
DY = np.array([1.0, -2.0])


def row_sums_of_cubes(x: np.ndarray) -> np.ndarray:
    return (x**3).sum(axis=1)


def row_sums_of_squares(x: np.ndarray) -> np.ndarray:
    return (x * x).sum(axis=1)


def test_a_quadratic_is_differentiated_exactly_by_central_differences() -> None:
    gradient, magnitude = central_differences(row_sums_of_squares, X, DY, 2.0**-10)
    np.testing.assert_array_equal(gradient, 2 * X * DY[:, None])
    np.testing.assert_array_equal(magnitude, np.abs(gradient))


def test_truncation_is_what_taylor_says() -> None:
    """Of x^3: forward 3xh + h^2, central h^2, complex step -h^2."""
    h = 2.0**-6
    exact = 3 * X**2 * DY[:, None]
    forward = forward_differences(row_sums_of_cubes, X, DY, h)
    np.testing.assert_allclose(forward - exact, (3 * X * h + h**2) * DY[:, None], rtol=1e-10)
    central, _ = central_differences(row_sums_of_cubes, X, DY, h)
    np.testing.assert_allclose(central - exact, h**2 * DY[:, None] * np.ones_like(X), rtol=1e-9)
    imaginary = complex_step(row_sums_of_cubes, X, DY, h)
    np.testing.assert_allclose(
        imaginary - exact, -(h**2) * DY[:, None] * np.ones_like(X), rtol=1e-9
    )


def test_the_complex_step_is_right_to_the_last_digits() -> None:
    gradient = complex_step(np.exp, X, np.ones_like(X))
    np.testing.assert_allclose(gradient, np.exp(X), rtol=4 * np.finfo(float).eps)


def test_magnitudes_do_not_cancel() -> None:
    """Two outputs whose changes cancel in the gradient add up in the magnitude."""
    gradient, magnitude = central_differences(
        lambda x: np.stack([3 * x, 3 * x]), np.array([1.0]), np.array([[1.0], [-1.0]]), 0.5
    )
    assert gradient == 0
    assert magnitude == 6


@pytest.mark.parametrize("derivative", [forward_differences, complex_step])
def test_the_point_is_left_as_it_is(derivative) -> None:
    """Not even for a moment: writing to a read-only array would raise."""
    x = X.copy()
    x.flags.writeable = False
    derivative(row_sums_of_cubes, x, DY, 2.0**-20)
    np.testing.assert_array_equal(x, X)
