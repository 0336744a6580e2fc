"""Arrays that are views, with gaps between their numbers, give what their copies give."""

import numpy as np
import pytest

from scratch.functional.convolution import ALGORITHMS
from tests.scratch.functional.convolution.problems import (
    SMALL,
    Case,
    capable,
    run,
)


def with_gaps(a: np.ndarray) -> np.ndarray:
    """The same numbers, every second one of a larger array along each axis."""
    wide = np.full([2 * size for size in a.shape], np.nan, a.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in a.shape)]
    view[...] = a
    return view


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_views_with_gaps(case: Case) -> None:
    given, problem = case.operands("float32"), case.problem("float32")
    views = given.map(with_gaps)
    for name, which in capable(case, "float32"):
        of_copies = run(ALGORITHMS[name], which, given, problem)
        of_views = run(ALGORITHMS[name], which, views, problem)
        np.testing.assert_allclose(of_views, of_copies, rtol=1e-4, atol=1e-4, err_msg=name)
