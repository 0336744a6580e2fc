"""No bit of a result depends on how many threads computed it."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from scratch.functional.convolution import ALGORITHMS
from tests.scratch.functional.convolution.problems import LARGE, Case, capable, run

BY_BLAS = ("textbook",)
"""What leaves its threads to BLAS, which may part sums as it likes."""


@pytest.mark.parametrize("case", LARGE, ids=str)
def test_bitwise_the_same_on_any_number_of_threads(case: Case) -> None:
    given, problem = case.operands("float32"), case.problem("float32")
    for name, which in capable(case, "float32"):
        if name in BY_BLAS:
            continue
        results = []
        for threads in (1, 2, 3):
            with threadpool_limits(threads, user_api="blas"):
                results.append(run(ALGORITHMS[name], which, given, problem))
        for other in results[1:]:
            np.testing.assert_array_equal(other, results[0], f"{name} {which}")
