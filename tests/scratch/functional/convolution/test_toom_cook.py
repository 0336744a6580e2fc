"""The transforms of Winograd's convolutions, in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch.functional.convolution.toom_cook import transforms
from scratch.functional.convolution.winograd import MAGNITUDES, POINTS

LAVIN_AND_GRAY = tuple(map(Fraction, (0, 1, -1, 2, -2)))


@given(st.integers(1, 5), st.integers(1, 4), st.data())
def test_they_convolve_exactly(outputs: int, taps: int, data: st.DataObject) -> None:
    count = outputs + taps - 2
    numbers = st.fractions(-3, 3, max_denominator=9)
    points = data.draw(st.lists(numbers, min_size=count, max_size=count, unique=True))
    integers = st.integers(-9, 9).map(Fraction)
    d = data.draw(st.lists(integers, min_size=count + 1, max_size=count + 1))
    g = data.draw(st.lists(integers, min_size=taps, max_size=taps))
    to_input, to_kernel, to_output = transforms(points, outputs, taps)
    y = to_output @ ((to_kernel @ np.array(g, object)) * (to_input @ np.array(d, object)))
    assert list(y) == [sum(d[i + j] * g[j] for j in range(taps)) for i in range(outputs)]


def test_lavin_and_grays_own_matrices() -> None:
    """Section 4.3 of their article, F(4x4, 3x3); rows of B^T and G may change signs together."""
    to_input, to_kernel, to_output = transforms(LAVIN_AND_GRAY, 4, 3)
    theirs_input = [
        [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1],
    ]  # fmt: skip
    theirs_kernel = [
        [6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24],
    ]  # fmt: skip
    theirs_output = [
        [1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1],
    ]  # fmt: skip
    np.testing.assert_array_equal(to_input, theirs_input)
    np.testing.assert_array_equal(24 * to_kernel, theirs_kernel)
    np.testing.assert_array_equal(to_output, theirs_output)


def growth(points: tuple[Fraction, ...]) -> float:
    """By how much the magnitudes that are added up exceed those of the definition, at most."""
    b, g, a = (np.abs(matrix.astype(float)) for matrix in transforms(points, 4, 3))
    ones = b.sum(axis=1) * g.sum(axis=1)
    return float((a @ ones).max() / 3) ** 2


def test_the_points_quarter_the_bound() -> None:
    assert growth(POINTS) < growth(LAVIN_AND_GRAY) / 4


@pytest.mark.parametrize(("matrix", "entries"), [*zip(MAGNITUDES, (16, 9, 25), strict=True)])
def test_how_many_roundings_a_transform_has(matrix: np.ndarray, entries: int) -> None:
    assert (matrix != 0).sum(axis=1).max() == entries
