"""Rows that are long enough for NumPy to add one and the same row to all of them.

What broadcasts over rows shorter than NumPy's buffer, of 8,192 numbers, is copied there again and
again, which takes as long as the arithmetic.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

LONG = 2**13
TOO_LONG = 2**16
"""Numbers that are dear to write before they are added."""


@lru_cache(maxsize=1024)
def rows_beside(count: int, length: int) -> int:
    """How many of `count` rows of `length` numbers, side by side, make one that is long enough.

    It divides `count`: the least that makes a long row, or else the most that makes a short one.
    """
    small = [n for n in range(1, isqrt(count) + 1) if count % n == 0]
    divisors = sorted({*small, *(count // n for n in small)})
    enough = next((n for n in divisors if n * length >= LONG), count)
    if enough * length <= TOO_LONG:
        return enough
    return max(n for n in divisors if n == 1 or n * length < LONG)
