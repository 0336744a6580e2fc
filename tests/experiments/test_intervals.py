from __future__ import annotations

from math import sqrt

import pytest

from experiments.intervals import wilson


@pytest.mark.parametrize(("successes", "n"), [(94, 120), (1, 7), (119, 120), (500, 1000)])
def test_the_ends_solve_the_score_equation(successes: int, n: int) -> None:
    """At each end p the observed share lies 1.96 standard deviations of p away (Wilson 1927)."""
    share = successes / n
    low, high = wilson(successes, n)
    assert 0 < low < share < high < 1
    for p in (low, high):
        assert abs(share - p) / sqrt(p * (1 - p) / n) == pytest.approx(1.959963985)


def test_published_example() -> None:
    """Newcombe (1998), table I, method 3: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize("n", [1, 120])
def test_none_and_all(n: int) -> None:
    z2 = 1.959963985**2
    assert wilson(0, n) == pytest.approx((0, z2 / (n + z2)))
    assert wilson(n, n) == pytest.approx((n / (n + z2), 1))


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_counts(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"got {successes}/{n}"):
        wilson(successes, n)
