"""What both sides compute of every layer lies within its bounds, whatever the numbers."""

import numpy as np
import pytest

from tests.experiments.bounds.cases import CASES, Case
from tests.experiments.bounds.draws import DATA, near_underflow, ordinary
from tests.experiments.bounds.sides import (
    assert_inside,
    bounds_of,
    by_keras,
    by_scratch,
    in_float64,
    upstream,
)

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
PRODUCTS_OF_THREE = ("multiply", "multiply_gates")  # Of huge numbers, they overflow float32.


@pytest.mark.parametrize(
    ("case", "data"),
    [
        pytest.param(case, data, id=f"{name}-{data}")
        for name, case in CASES.items()
        for data in DATA
        if not (data == "huge" and name in PRODUCTS_OF_THREE)
    ],
)
def test_both_sides_stay_inside(case: Case, data: str) -> None:
    layer, inputs = case.build(DATA[data])
    dy = upstream(layer, inputs, near_underflow if data == "near_underflow" else ordinary)
    for training in case.modes:
        bounds = bounds_of(layer, inputs, dy, training)
        for tensor, bounded in bounds.items():
            assert np.isfinite(bounded.radii).all(), tensor
            assert (np.diff(bounded.radii, axis=0) >= 0).all(), tensor
        for side, compute in (("scratch", by_scratch), ("keras", by_keras)):
            assert_inside(side, compute(layer, inputs, dy, training), bounds, case.radius)


@every_case
def test_the_bounded_value_is_the_layers_own_in_float64(case: Case) -> None:
    layer, inputs = case.build(ordinary)
    dy = upstream(layer, inputs, ordinary)
    for training in (True, False):
        exact, arrays = in_float64(layer, inputs)
        expected = by_scratch(exact, arrays, dy.astype(np.float64), training)
        for tensor, bounded in bounds_of(layer, inputs, dy, training).items():
            np.testing.assert_allclose(bounded.value, expected[tensor], rtol=1e-9, atol=1e-12)


@every_case
def test_the_bounds_are_tight_enough_to_see_a_wrong_number(case: Case) -> None:
    layer, inputs = case.build(ordinary)
    dy = upstream(layer, inputs, ordinary)
    for tensor, bounded in bounds_of(layer, inputs, dy, training=True).items():
        assert bounded.radii[1].max() <= case.share * np.abs(bounded.value).max(), tensor


@every_case
def test_the_likely_radius_holds_on_ordinary_numbers(case: Case) -> None:
    """It may be broken once in ten thousand tensors."""
    for seed in range(6):
        layer, inputs = case.build(ordinary, seed)
        dy = upstream(layer, inputs, ordinary)
        bounds = bounds_of(layer, inputs, dy, training=True)
        for side, compute in (("scratch", by_scratch), ("keras", by_keras)):
            assert_inside(side, compute(layer, inputs, dy, True), bounds, 0)
