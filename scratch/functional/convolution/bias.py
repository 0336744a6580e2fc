"""A bias added where the output still is in the cache."""

from __future__ import annotations

import numpy as np

_LENGTH = 512
"""Numbers in a row for which NumPy's inner loop outweighs what comes around it."""


def add_bias(y: np.ndarray, bias: np.ndarray | None) -> None:
    """Add a number to each channel, in place.

    NumPy adds as many numbers at a time as the bias has. Few channels are added as a row of many
    pixels with the bias repeated.

    Args:
        y: (..., W, C), contiguous.
        bias: (C,) or None.
    """
    if bias is None:
        return
    width, channels = y.shape[-2:]
    if channels >= _LENGTH:
        y += bias
    else:
        rows = y.reshape(-1, width * channels)
        rows += np.tile(bias, width)
