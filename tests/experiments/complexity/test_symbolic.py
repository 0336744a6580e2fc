"""The formulas of source E, exercise 5-4."""

import pytest

from experiments.complexity import conv2d_cost


def test_exercise_5_4() -> None:
    plain = conv2d_cost(100, 100, 3, 256, 256)
    assert plain.time_formula == (
        "time O(M_H M_W K^2 C_in C_out) = 100 * 100 * 3 * 3 * 256 * 256 = 5,898,240,000"
    )
    assert plain.space_formula == "space O(M_H M_W C_out) = 100 * 100 * 256 = 2,560,000"
    assert plain.formula == f"{plain.time_formula}; {plain.space_formula}"
    reduced = [conv2d_cost(100, 100, 1, 256, 64), conv2d_cost(100, 100, 3, 64, 256)]
    assert [cost.macs for cost in reduced] == [163_840_000, 1_474_560_000]
    assert sum(cost.activations for cost in reduced) == 3_200_000


def test_two_3x3_convolutions_against_a_bottleneck() -> None:
    assert 2 * conv2d_cost(14, 14, 3, 256, 256).weights == 1_179_648
    with pytest.raises(ValueError, match="channels_in=0"):
        conv2d_cost(5, 4, 3, 0, 2)
