"""Every algorithm computes every convolution that it says it can, within its derived bound."""

import numpy as np
import pytest
from hypothesis import given, settings

from scratch import reference
from scratch.functional.convolution import ALGORITHMS, Pass
from tests.scratch.functional.convolution.bounds import radius
from tests.scratch.functional.convolution.problems import (
    LARGE,
    PASSES,
    SMALL,
    Case,
    Operands,
    capable,
    cases,
    in_float64,
    run,
)
from tests.scratch.functional.oracles import assert_same, plain_kernel

DTYPES = ("float32", "float64")


def assert_within_bounds(case: Case, dtype: str) -> None:
    given, problem = case.operands(dtype), case.problem(dtype)
    expected = {which: in_float64(which, given, problem) for which in PASSES}
    radii: dict[tuple[Pass, bool], np.ndarray] = {}
    for name, which in capable(case, dtype):
        algorithm = ALGORITHMS[name]
        found = run(algorithm, which, given, problem)
        assert found.dtype == np.dtype(dtype), (name, which)
        assert found.shape == expected[which].shape, (name, which)
        key = which, algorithm.elementwise
        if key not in radii:
            radii[key] = radius(algorithm, which, given, problem)
        error = np.abs(found.astype(np.float64) - expected[which])
        assert (error <= radii[key]).all(), (name, which, (error / radii[key]).max())


def by_loops(case: Case, given: Operands) -> dict[Pass, np.ndarray]:
    x, kernel, bias, dy = given
    geometry = {"stride": case.strides, "pad": case.problem().windows.pads}
    plain = plain_kernel(kernel, case.dilation, case.groups)
    y, cache = reference.conv_forward(x, plain, bias.reshape(1, 1, 1, -1), geometry)
    dx, dplain, _ = reference.conv_backward(dy, cache)
    return {"forward": y, "input_gradient": dx, "kernel_gradient": dplain}


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_against_the_definition(case: Case) -> None:
    given, problem = case.operands(), case.problem()
    expected = by_loops(case, given)
    used = plain_kernel(np.ones(case.kernel), case.dilation, case.groups)
    for name, which in capable(case):
        found = run(ALGORITHMS[name], which, given, problem)
        if which == "kernel_gradient":
            found = plain_kernel(found, case.dilation, case.groups)
            assert_same(name, found, expected[which] * used)
        else:
            assert_same(f"{name} {which}", found, expected[which])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [*SMALL, *LARGE], ids=str)
def test_within_the_bound(case: Case, dtype: str) -> None:
    assert_within_bounds(case, dtype)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_any_geometry_within_the_bound(case: Case) -> None:
    assert_within_bounds(case, "float32")


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_passes_are_adjoint(case: Case) -> None:
    """<dy, conv(x, k)> = <dx, x> = <dk, k>, without any rounding on small integers."""
    integers = (
        case.operands().map(lambda a: np.round(3 * a))._replace(bias=np.zeros(case.kernel[3]))
    )
    problem = case.problem()
    for name, which in capable(case):
        found = run(ALGORITHMS[name], which, integers, problem)
        partner = dict(zip(PASSES, (integers.dy, integers.x, integers.kernel), strict=True))[which]
        products = in_float64("forward", integers, problem) * integers.dy
        assert (found * partner).sum() == products.sum(), (name, which)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_is_tried_in_every_pass_it_has(name: str) -> None:
    algorithm = ALGORITHMS[name]
    has = {"forward": algorithm.forward, "kernel_gradient": algorithm.kernel_gradient}
    has["input_gradient"] = algorithm.input_gradient or algorithm.forward
    for grid in (SMALL, LARGE):
        tried = {
            which for case in grid for found, which in capable(case, "float32") if found == name
        }
        assert tried == {which for which, function in has.items() if function}


def test_a_mostly_zero_error() -> None:
    """What `sparse` is for; some images have none at all."""
    case = Case((3, 9, 8, 4), (4, 3, 4, 5), padding="same")
    given, problem = case.operands(), case.problem()
    dy = given.dy * (given.dy > 2)
    dy[1] = 0
    expected = in_float64("kernel_gradient", given._replace(dy=dy), problem)
    for name, which in capable(case):
        if which == "kernel_gradient":
            found = ALGORITHMS[name].gradient_of_kernel(dy, given.x, problem)
            assert_same(name, found, expected)
