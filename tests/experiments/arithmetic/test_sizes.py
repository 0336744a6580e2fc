"""Formulas for sizes: known answers, counting windows one by one, and formulas that are wrong."""

from dataclasses import replace

import pytest

from experiments.arithmetic.examples import EXAMPLES, example_rows, network_rows
from experiments.arithmetic.shapes import POOLING
from experiments.arithmetic.sizes import FORMULAS, Side, formula_row, grid

BY_NAME = {formula.name: formula for formula in FORMULAS}


def windows(side: Side) -> int:
    """How many windows fit, found by moving one along."""
    first, count = -side.p, 0
    while first + side.d * (side.f - 1) < side.n + side.q:
        first, count = first + side.s, count + 1
    return count


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_each_formula_counts_windows(formula) -> None:
    sides = [side for side in grid(11) if formula.applies(side)]
    assert len(sides) > 20
    for side in sides:
        if not formula.same:
            assert max(formula.size(side), 0) == windows(side), side


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_both_sides_compute_what_the_formula_says(formula) -> None:
    row = formula_row(formula, grid(4))
    assert row["all_agree"]
    assert row["cases"] == row["scratch_agrees"] == row["keras_agrees"] > 0


def test_a_formula_that_is_wrong_is_found_so() -> None:
    """Source E's code takes h // stride for the size of a pooling."""
    wrong = replace(BY_NAME["pooling"], size=lambda side: side.n // side.s)
    row = formula_row(wrong, grid(4))
    assert not row["all_agree"]
    assert row["scratch_agrees"] == row["keras_agrees"] < row["cases"]


def test_the_grid_is_full() -> None:
    sides = set(grid(7))
    assert len(sides) == len(grid(7))
    assert {(s.n, s.f, s.s, s.p) for s in sides if s.p == s.q and s.d == 1} == {
        (n, f, s, p)
        for n in range(1, 8)
        for f in range(1, 7)
        for s in range(1, 5)
        for p in range(6)
    }
    assert {(s.p, s.q) for s in sides if s.p != s.q} == {(0, 1), (1, 2), (2, 0), (3, 1)}


def test_the_sources_shapes_are_computed() -> None:
    rows = example_rows()
    assert len(rows) == len(EXAMPLES)
    assert all(row["all_agree"] for row in rows)
    pads = {row["example"]: row["pads"] for row in rows}
    assert pads["SIGNS ConvNet, conv1"] == "1, 2, 1, 2"
    assert pads["SIGNS ConvNet, conv2"] == "0, 1, 0, 1"
    shapes = {row["example"]: row["scratch"] for row in rows}
    assert shapes["two 3x3x3 kernels"] == "1x4x4x2"
    assert shapes["pad 2, stride 2"] == "10x4x4x8"
    assert {example.window.kind for example in EXAMPLES} > {POOLING}


def test_source_cs_network() -> None:
    rows = network_rows()
    assert [row["scratch"] for row in rows] == [
        "39x39x3", "37x37x10", "17x17x20", "7x7x40", "1960",
    ]  # fmt: skip
    assert [row["numbers"] for row in rows][::4] == [4563, 1960]
    assert all(row["all_agree"] for row in rows)
