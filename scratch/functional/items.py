"""Several neighbouring numbers as one item, which NumPy copies in one piece, twice as fast."""

from __future__ import annotations

import numpy as np


def items(a: np.ndarray, length: int, shape: tuple[int, ...], steps: tuple[int, ...]) -> np.ndarray:
    """An array of items that lie anywhere in another array, and may overlap.

    Args:
        a: Contiguous.
        length: Numbers of an item.
        shape: Of the array of items.
        steps: In bytes, along each of its axes, from a's first number.
    """
    return np.ndarray(shape, f"V{length * a.itemsize}", a, 0, steps)


def pixels(a: np.ndarray) -> np.ndarray:
    """(..., C) as (...) of pixels, an item each."""
    return a.view(f"V{a.shape[-1] * a.itemsize}")[..., 0]
