"""Printed digits: half a unit of the last one decides."""

from fractions import Fraction

import numpy as np
import pytest

from experiments.sources.digits import agree, decimals, exactly, rewritten, rounded


@pytest.mark.parametrize(
    ("printed", "value", "agrees"),
    [
        ("0.12", 0.124, True),
        ("0.12", 0.126, False),
        ("-23.16", -23.1649, True),
        ("-23.16", 23.16, False),
        ("1,310", 1310, True),
        ("1,310", 1311, False),
        ("1,310", 1310.2, False),  # Integers are counted, not rounded.
        ("True", True, True),
        ("True", False, False),
        ("0.04899520352885578", 0.048995203528855794, True),  # Two units of float64 apart.
        ("0.04899520352885578", 0.048995203529, False),
    ],
)
def test_a_number_agrees_to_its_last_digit(printed: str, value: float, agrees: bool) -> None:
    assert agree(printed, exactly(value)) is agrees


def test_in_an_array_the_longest_number_sets_the_unit() -> None:
    """NumPy prints 0.5 for 0.50000000 where another number needs all eight decimals."""
    assert agree("[0.5, 0.12345678]", exactly([0.5, 0.123456781]))
    assert not agree("[0.5, 0.12345678]", exactly([0.5000001, 0.123456781]))
    assert not agree("[0, 0.12345678]", exactly([0.1, 0.123456781]))


def test_a_missing_number_is_no_agreement() -> None:
    with pytest.raises(ValueError, match=r"2 values were computed for the 3 of '\(1, 2, 3\)'"):
        agree("(1, 2, 3)", exactly([1, 2]))


def test_values_take_the_place_of_the_printed_ones() -> None:
    text = rewritten("[[1.74481176, True], [0, 1.6924546]]", exactly([-2 / 3, False, 0, 0.5]))
    assert text == "[[-0.66666667, False], [0, 0.5]]"
    assert rewritten("5,898,240,000", exactly(np.array(1234567))) == "1,234,567"


def test_floats_are_taken_as_they_are() -> None:
    assert exactly(0.1) == [Fraction(3602879701896397, 36028797018963968)]
    assert exactly(np.array([[1, 2]])) == [1, 2]
    assert rounded(Fraction(-1, 3), 4) == "-0.3333"


def test_beyond_fifteen_digits_nothing_is_held_against() -> None:
    assert decimals("1.4524377775388075") == 14
    assert decimals("0.04899520352885578") == 16
    assert decimals("10.5817412755") == 10
