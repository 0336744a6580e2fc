"""NaN and infinite numbers reach what they are part of, and nothing else."""

import numpy as np
import pytest

from scratch.functional.convolution import ALGORITHMS, Pass
from tests.scratch.functional.convolution.bounds import radius
from tests.scratch.functional.convolution.problems import (
    PASSES,
    Case,
    Operands,
    capable,
    in_float64,
    run,
)

CASES = [
    Case((2, 11, 9, 3), (3, 3, 3, 4), padding="same"),
    Case((3, 13, 10, 2), (3, 3, 2, 3)),
    Case((2, 9, 10, 3), (4, 3, 3, 2), (2, 1), (1, 0, 2, 1)),
    Case((2, 7, 9, 4), (2, 3, 2, 6), padding="same", dilation=(2, 1), groups=2),
    Case((2, 7, 5, 3), (1, 1, 3, 4)),
]
SEEN: dict[Pass, tuple[str, ...]] = {
    "forward": ("x", "kernel"),
    "input_gradient": ("dy",),
    "kernel_gradient": ("x", "dy"),
}
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def with_one(given: Operands, operand: str, value: float, seed: int) -> Operands:
    array = getattr(given, operand).copy()
    array.flat[np.random.default_rng(seed).integers(array.size)] = value
    return given._replace(**{operand: array})


def kinds(array: np.ndarray) -> np.ndarray:
    """What each number is: 0 finite, 1 infinite, -1 minus infinite, NaN."""
    return np.where(np.isfinite(array), 0, np.clip(array, -1, 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_stays_where_it_belongs(case: Case, value: float) -> None:
    problem = case.problem("float32")
    able = capable(case, "float32")
    for seed, which in enumerate(PASSES):
        for operand in SEEN[which]:
            given = with_one(case.operands("float32"), operand, value, seed)
            expected = in_float64(which, given, problem)
            assert (kinds(expected) != 0).sum() > 0, "the planted number has no effect"
            for name in (name for name, its in able if its == which):
                found = run(ALGORITHMS[name], which, given, problem)
                np.testing.assert_array_equal(
                    kinds(found), kinds(expected), f"{name} {which} {operand}"
                )
                finite = np.isfinite(expected)
                np.testing.assert_allclose(found[finite], expected[finite], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_what_only_the_transforms_overflow(case: Case) -> None:
    """Numbers near float32's largest, whose convolution is still in its range."""
    given, problem = case.operands("float32"), case.problem("float32")
    huge = given._replace(x=given.x * np.float32(3e36), bias=0 * given.bias)
    for which in ("forward", "kernel_gradient"):
        expected = in_float64(which, huge, problem)
        assert (np.abs(expected) < np.finfo("float32").max).all()
        found = run(ALGORITHMS["winograd"], which, huge, problem)
        allowed = radius(ALGORITHMS["winograd"], which, huge, problem)
        assert (np.abs(found - expected) <= allowed).all(), which


def test_zero_times_infinity_is_no_zero() -> None:
    """Also where the error is zero, at nearly every pixel."""
    case = CASES[0]
    given, problem = with_one(case.operands("float32"), "x", np.inf, 3), case.problem("float32")
    rare = given._replace(dy=given.dy * (given.dy > 2))
    expected = in_float64("kernel_gradient", rare, problem)
    assert np.isnan(expected).any()
    for name, which in capable(case, "float32"):
        if which == "kernel_gradient":
            found = run(ALGORITHMS[name], which, rare, problem)
            np.testing.assert_array_equal(kinds(found), kinds(expected), name)
