"""The audit against what is known of the sources, number by number."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from experiments.faults import BY_NAME
from experiments.sources.digits import exactly
from experiments.sources.exact import convolved
from experiments.sources.printed import Printed, Wrong, printed_frame, wrong_frame
from experiments.sources.source_a import source_a
from experiments.sources.source_b import source_b
from experiments.sources.sources_c_to_e import sources_c_to_e

RIGHT = {
    ("A2", "Z"): [-6.99908945068],
    ("A3", "mean of Z"): [0.002812946286],
    ("A5", "mean of dA"): [4.114581704915],
    ("A5", "mean of dW"): [9.203677199014],
    ("A5", "mean of db"): [1.378343680379],
    ("A9", "dA_prev[1, 1]"): [
        0.08485462, 0.2787552, 1.26461098, -0.25749373, 1.17975636, -0.53624893,
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def numbers() -> list[Printed]:
    return [*source_a(), *source_b(), *sources_c_to_e()]


@pytest.fixture(scope="module")
def printed(numbers: list[Printed]) -> pd.DataFrame:
    return printed_frame(numbers)


@pytest.fixture(scope="module")
def wrong(numbers: list[Printed]) -> pd.DataFrame:
    return wrong_frame(numbers).set_index(["item", "what"])


def test_every_item_is_there(printed: pd.DataFrame) -> None:
    counts = printed.groupby("item").size().to_dict()
    assert counts == {
        "A1": 4, "A2": 1, "A3": 2, "A4": 2, "A5": 3, "A6": 1, "A7": 1, "A8": 2, "A9": 1,
        "B1": 1, "B max": 2, "B2": 1, "B network": 6, "B 2021": 5,
        "C sizes": 5, "C softmax": 1, "C network": 5, "D pads": 1,
        "E 5-3": 4, "E 5-4": 6, "E 5-7": 1, "E im2col": 3,
    }  # fmt: skip


def test_the_wrong_numbers_are_those_known_to_be_wrong(printed, wrong) -> None:
    disagreeing = printed[~printed.agrees]
    places = set(zip(disagreeing["item"], disagreeing.what, strict=True))
    assert places == {*RIGHT, ("E 5-3", "part of the naive weights")}
    assert set(wrong.index) == set(RIGHT)


@pytest.mark.parametrize("place", RIGHT, ids=" ".join)
def test_the_right_value_is_proved(place: tuple[str, str], wrong) -> None:
    row = wrong.loc[place]
    proved = [float(text) for text in row.right_value.split(", ")]
    # A9's values are known to eight decimals, the others to twelve, the last by floats.
    assert proved == pytest.approx(RIGHT[place], abs=5e-9 if place[0] == "A9" else 1e-12)
    assert row.proof_agrees


@pytest.mark.parametrize("place", RIGHT, ids=" ".join)
def test_the_printed_value_comes_out_of_the_fault(place: tuple[str, str], wrong) -> None:
    row = wrong.loc[place]
    assert row.fault_reproduces
    digits = row.printed.replace("[", "").replace("]", "")
    assert [float(t) for t in row.with_fault.split(", ")] == [float(t) for t in digits.split(", ")]
    assert BY_NAME[row.fault].source == "A"
    assert {"A2": "48 times", "A3": "12 times", "A5": "A3's wrong Z", "A9": "overlapping"}[
        place[0]
    ] in row.cause


def test_two_fifths_are_no_third(printed) -> None:
    row = printed[~printed.agrees & (printed.source == "E")].iloc[0]
    assert row.printed == "about one third"
    assert row.computed == "0.41"
    assert "157,184 / 387,072 = 0.406" in row.explanation
    assert "0.422" in row.explanation


def test_a_wrong_printed_number_would_be_seen() -> None:
    """The digits decide, not the item's fame."""
    shown = Printed("A1", "f", "s", "w", "[0.90085596]", [0.90085595])
    assert not printed_frame([shown]).agrees[0]


def test_a_fault_that_does_not_reproduce_is_reported() -> None:
    wrong = Wrong("cause", [Fraction(2)], "proof", "bias-per-product", exactly(3.0))
    row = wrong_frame([Printed("A2", "f", "s", "w", "4.0", 2.0, wrong)]).iloc[0]
    assert row.proof_agrees
    assert not row.fault_reproduces


@pytest.mark.parametrize("stride", [1, 2])
def test_rational_convolution_is_a_convolution(stride: int) -> None:
    """Against einsum on whole numbers, H != W, three channels to two."""
    rng = np.random.default_rng(0)
    x, kernel = rng.integers(-9, 9, (2, 5, 4, 3)), rng.integers(-9, 9, (2, 2, 3, 2))
    bias = np.array([7, -8]).reshape(1, 1, 1, 2)
    z = convolved(x, kernel, bias, stride, pad=1)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2, 2), axis=(1, 2))
    expected = np.einsum("nhwcij,ijco->nhwo", windows[:, ::stride, ::stride], kernel) + bias
    np.testing.assert_array_equal(z.astype(int), expected)
