"""Two variants on the same photographs and from the same seeds: is one really better?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

# Student's t, 97.5 %, by the number of seeds: one degree of freedom less.
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306}


class Paired(NamedTuple):
    """What two variants' answers to the same photographs say.

    A difference can be luck in two ways, and each has its own measure: other seeds would train
    other networks (the interval), and other photographs would be read otherwise (the p-value).

    Attributes:
        difference: Mean difference of accuracy, first minus second.
        low: Lower end of its 95 % interval over the seeds (Student 1908).
        high: The upper end.
        better: Photographs that the first read right in more seeds than the second.
        worse: Those that it read right in fewer.
        p_value: Of the two-sided sign test of `better` against `worse`.
    """

    difference: float
    low: float
    high: float
    better: int
    worse: int
    p_value: float


def paired(first: np.ndarray, second: np.ndarray) -> Paired:
    """Compare two variants, photograph by photograph.

    Photographs are what was drawn by chance, so they are counted and not the answers: a photograph
    counts once however many seeds read it. With one seed that is McNemar's exact test (1947).

    Args:
        first: Whether each answer is right, bool, (seeds, photographs).
        second: The same of the other variant, with the same seeds and photographs.

    Raises:
        ValueError: The two differ in shape, or there are fewer than 2 or more than 9 seeds.
    """
    if len(first) not in STUDENT:
        raise ValueError(f"An interval over seeds takes 2 to 9 of them, got {len(first)}.")
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(
            "Pairs need the same seeds and photographs: got answers of shape "
            f"{first.shape} and {second.shape}."
        )
    by_seed = first.mean(axis=1) - second.mean(axis=1)
    by_photograph = first.sum(axis=0) - second.sum(axis=0)
    half = STUDENT[len(first)] * by_seed.std(ddof=1) / math.sqrt(len(first))
    better, worse = int((by_photograph > 0).sum()), int((by_photograph < 0).sum())
    return Paired(
        float(by_seed.mean()),
        float(by_seed.mean() - half),
        float(by_seed.mean() + half),
        better,
        worse,
        float(sign_test(better, worse)),
    )


def sign_test(better: int, worse: int) -> Fraction:
    """The two-sided p-value of `better` against `worse` when either were as likely, exactly."""
    n = better + worse
    tail = sum(math.comb(n, k) for k in range(min(better, worse) + 1))
    return min(Fraction(1), Fraction(2 * tail, 2**n))
