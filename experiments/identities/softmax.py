"""Probabilities sum to 1: source C's softmax, summed over the classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from experiments.rounding import Precision
from scratch import functional
from scratch.reference import theory

_ROWS = 200
_SPREAD = 10.0  # Standard deviation of the logits: from even odds to near certainty.
# k: a division rounds once; a product with Eigen's reciprocal, one Newton step from an estimate, is
# off by less than 7 u (`experiments.rounding`).
_QUOTIENT = 7
_FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "reference": theory.softmax,
    "scratch": functional.softmax,
    "keras": lambda z: np.asarray(keras.ops.softmax(z)),
}


def softmax_rows(classes: tuple[int, ...], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A row for every number of classes, dtype and implementation.

    The bound: with a computed sum S (1 + theta_(n-1)) of n exponentials, whatever these are, and
    quotients off by (1 + theta_k), the quotients sum to (1 + theta_k) / (1 + theta_(n-1)), within
    gamma_(k+2(n-1)) of 1 (Higham 2002, lemma 3.3). The check's own sum in float64 adds gamma_n.
    """
    rows = []
    for n in classes:
        logits = rng.standard_normal((_ROWS, n)) * _SPREAD
        for dtype in ("float32", "float64"):
            bound = Precision(dtype).gamma(_QUOTIENT + 2 * (n - 1)) + Precision("float64").gamma(n)
            for name, softmax in _FUNCTIONS.items():
                sums = softmax(logits.astype(dtype)).sum(axis=1, dtype=np.float64)
                furthest = float(np.abs(sums - 1).max())
                rows.append(
                    {
                        "classes": n,
                        "dtype": dtype,
                        "computed_by": name,
                        "rows_of_logits": _ROWS,
                        "sums_to_one": furthest <= bound,
                        "furthest_from_one": furthest,
                        "share_of_bound": furthest / bound,
                    }
                )
    return rows
