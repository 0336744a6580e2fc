"""Convolutions by Winograd's algorithm: the definition's bound does not hold, their own does."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from scratch.functional.convolution import ALGORITHMS, Pass, using_algorithm
from scratch.layers import LAYERS
from tests.experiments.bounds.cases import Case as LayerCase
from tests.experiments.bounds.draws import DATA, near_underflow, ordinary
from tests.experiments.bounds.sides import (
    PRECISION,
    assert_inside,
    bounds_of,
    by_keras,
    by_scratch,
    upstream,
)
from tests.scratch.functional.convolution.bounds import radius
from tests.scratch.functional.convolution.problems import Case, Operands

CASES = {
    "same": LayerCase("Conv2D", {"filters": 5, "kernel_size": 3, "padding": "same"}),
    "valid_relu": LayerCase(
        "Conv2D", {"filters": 3, "kernel_size": 3, "activation": "relu"}, ((2, 11, 9, 4),)
    ),
    "many_channels": LayerCase("Conv2D", {"filters": 33, "kernel_size": 3}, ((1, 9, 6, 40),)),
    "transposed": LayerCase("Conv2DTranspose", {"filters": 5, "kernel_size": 3}),
    "transposed_same": LayerCase(
        "Conv2DTranspose", {"filters": 3, "kernel_size": 3, "padding": "same"}
    ),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@every_case
@pytest.mark.parametrize("data", DATA)
def test_both_sides_stay_inside(case: LayerCase, data: str) -> None:
    layer, inputs = case.build(DATA[data])
    dy = upstream(layer, inputs, near_underflow if data == "near_underflow" else ordinary)
    with using_algorithm("winograd"):
        bounds = bounds_of(layer, inputs, dy, True)
        for tensor, bounded in bounds.items():
            assert np.isfinite(bounded.radii).all(), tensor
            assert (np.diff(bounded.radii, axis=0) >= 0).all(), tensor
        assert_inside("scratch", by_scratch(layer, inputs, dy, True), bounds, case.radius)
    assert_inside("keras", by_keras(layer, inputs, dy, True), bounds, case.radius)


@every_case
def test_the_likely_radius_holds_on_ordinary_numbers(case: LayerCase) -> None:
    for seed in range(4):
        layer, inputs = case.build(ordinary, seed)
        dy = upstream(layer, inputs, ordinary)
        with using_algorithm("winograd"):
            found, bounds = by_scratch(layer, inputs, dy, True), bounds_of(layer, inputs, dy, True)
        assert_inside("scratch", found, bounds, 0)


def test_the_definitions_bound_does_not_hold() -> None:
    layer, inputs = CASES["same"].build(DATA["of_all_sizes"])
    dy = upstream(layer, inputs, ordinary)
    with using_algorithm("winograd"):
        found = by_scratch(layer, inputs, dy, True)
    with using_algorithm("exact"):
        bounds = bounds_of(layer, inputs, dy, True)
    with pytest.raises(AssertionError, match="scratch output"):
        assert_inside("scratch", {"output": found["output"]}, {"output": bounds["output"]}, 2)


@every_case
def test_a_wrong_number_is_outside(case: LayerCase) -> None:
    layer, inputs = case.build(ordinary)
    dy = upstream(layer, inputs, ordinary)
    with using_algorithm("winograd"):
        for tensor, bounded in bounds_of(layer, inputs, dy, True).items():
            assert bounded.radii[1].max() <= 2e-3 * np.abs(bounded.value).max(), tensor


@dataclass(frozen=True)
class Computed:
    """What a layer's tensor is by the algorithms: a pass, with its operands in its order."""

    which: Pass
    tensor: str
    transposed: bool = False


@pytest.mark.parametrize(
    "computed",
    [
        Computed("forward", "output"),
        Computed("input_gradient", "grad_input"),
        Computed("kernel_gradient", "grad:kernel"),
        Computed("input_gradient", "output", transposed=True),
        Computed("forward", "grad_input", transposed=True),
        Computed("kernel_gradient", "grad:kernel", transposed=True),
    ],
    ids=str,
)
def test_what_is_added_is_the_algorithms_bound(computed: Computed) -> None:
    """Against the same magnitudes by einsum, one axis after the other."""
    case = Case((2, 9, 6, 4), (3, 3, 4, 5), padding="same")
    given = case.operands("float32")._replace(bias=np.zeros(5, np.float32))
    name, filters = ("Conv2DTranspose", 4) if computed.transposed else ("Conv2D", 5)
    options: dict[str, Any] = {"padding": "same", "use_bias": False, "dtype": "float32"}
    layer = LAYERS[name](filters, 3, **options)
    x, dy = (given.dy, given.x) if computed.transposed else (given.x, given.dy)
    layer.build(x.shape)
    layer.weights["kernel"][...] = given.kernel
    radii = {}
    for algorithm in ("exact", "winograd"):
        with using_algorithm(algorithm):
            radii[algorithm] = bounds_of(layer, [x], dy, True)[computed.tensor].radii[1]
    expected = _one_sided(computed.which, given, case)
    np.testing.assert_allclose(radii["winograd"] - radii["exact"], expected, rtol=1e-4)


def _one_sided(which: Pass, given: Operands, case: Case) -> np.ndarray:
    """The algorithm's bound without what the tests of the algorithms add to it."""
    twice = radius(ALGORITHMS["winograd"], which, given, case.problem("float32"))
    n = {"forward": 4 + 53, "input_gradient": 5 + 53, "kernel_gradient": 2 * 3 * 2 + 60}[which]
    biased = PRECISION.gamma(n + (which == "forward"))
    return twice / 2 * PRECISION.gamma(n) / biased
