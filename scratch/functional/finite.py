"""Whether an array has infinite numbers or NaN."""

from __future__ import annotations

import numpy as np


def all_finite(a: np.ndarray) -> bool:
    """Whether no number is infinite or NaN, nor so large that the sum of squares is."""
    numbers = a.reshape(-1)
    return bool(np.isfinite(np.dot(numbers, numbers)))
