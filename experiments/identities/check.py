"""Holding the two sides of an equality against one another, in integers and in floating point."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.identities.cases import Case, Operands, by_x
from experiments.identities.equalities import Equality
from experiments.identities.twins import Scratch, Twin
from experiments.rounding import Precision

DTYPES = ("float32", "float64")


def check(equality: Equality, case: Case, given: Operands, twin: Twin) -> dict[str, Any]:
    """A row: whether the sides are the same in integers, and how near they are in floats.

    Args:
        equality: What to check.
        case: A geometry that it applies to.
        given: Whole numbers for it.
        twin: Who computes the convolutions.

    Raises:
        ValueError: The sides differ in shape: there is nothing to compare.
    """
    left, right = _sides(equality, case, given, twin)
    row: dict[str, Any] = {
        "identity": equality.name,
        "source": equality.source,
        **case.labels(),
        # An equality of matrices brings its own padding.
        **({"padding": "wide", "output": by_x(left.shape)} if equality.planes_only else {}),
        "computed_by": twin.name,
        "numbers": left.size,
        "exact": bool((left == right).all()),
        "largest_difference": int(np.abs(left - right).max()),
    }
    for dtype in DTYPES:
        left, right = _sides(equality, case, given.floats(dtype), twin)
        difference = np.abs(left.astype(np.float64) - right.astype(np.float64))
        bound = _bound(equality, case, given.floats(dtype), dtype)
        row[f"{dtype}_difference"] = float(difference.max())
        row[f"{dtype}_share_of_bound"] = _largest_share(difference, bound)
    return row


def _sides(equality: Equality, case: Case, given: Operands, twin: Twin) -> Any:
    left, right = equality.sides(twin, case, given)
    if left.shape != right.shape:
        raise ValueError(
            f"'{equality.name}' by {twin.name}: the sides are {left.shape} and {right.shape}."
        )
    return left, right


def _bound(equality: Equality, case: Case, given: Operands, dtype: str) -> np.ndarray:
    """How far apart rounding can bring the sides: gamma_n times the sum of absolute values.

    Both sides are the same exact sum, computed in different orders: (1 + theta_a) and
    (1 + theta_b) on every term, hence apart by at most gamma_a + gamma_b <= gamma_(a+b) of its
    magnitude (Higham 2002, lemmas 3.1 and 3.3). The magnitudes are sums of positive numbers in
    float64, themselves low by at most gamma_n.
    """
    n = equality.roundings(case)
    magnitude, _ = equality.sides(Scratch(), case, given.magnitudes())
    return Precision(dtype).gamma(n) * magnitude / (1 - Precision("float64").gamma(n))


def _largest_share(difference: np.ndarray, bound: np.ndarray) -> float:
    """The largest difference / bound; where the bound is 0 both sides must be exact zeros."""
    if (difference[bound == 0] > 0).any():
        return float("inf")
    return float((difference / np.where(bound == 0, 1.0, bound)).max())
