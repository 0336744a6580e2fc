"""No bit of a result depends on how many threads computed it."""

import pytest

from scratch.functional.convolution import ALGORITHMS
from tests.scratch.functional.convolution.problems import LARGE, Case, capable, run
from tests.scratch.functional.oracles import assert_alike_on_any_threads

BY_BLAS = ("textbook",)
"""What leaves its threads to BLAS, which may part sums as it likes."""


@pytest.mark.parametrize("case", LARGE, ids=str)
def test_bitwise_the_same_on_any_number_of_threads(case: Case) -> None:
    given, problem = case.operands("float32"), case.problem("float32")
    for name, which in capable(case, "float32"):
        if name in BY_BLAS:
            continue
        assert_alike_on_any_threads(
            lambda name=name, which=which: [run(ALGORITHMS[name], which, given, problem)],
            f"{name} {which}",
        )
