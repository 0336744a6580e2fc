"""Elementwise functions that need float64 on the way, without a float64 copy of the whole array."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_BLOCK = 1 << 15  # A block and its temporaries stay in a core's cache.


def in_float64(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Apply an elementwise function in float64, block by block.

    The result is rounded once, to x's dtype.

    Args:
        function: From a flat array to one of its size; it is also given complex128.
        x: float32, float64 or complex128, any shape.
    """
    y = np.empty(x.shape, x.dtype)
    wide = np.promote_types(x.dtype, np.float64)
    given, computed = x.reshape(-1), y.reshape(-1)
    for start in range(0, x.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        computed[block] = function(given[block].astype(wide, copy=False))
    return y
