"""Inverted dropout: what is kept is scaled up, so inference needs no change.

Srivastava et al. (2014), section 10, in the form frameworks use.
"""

from __future__ import annotations

import numpy as np


def dropout(x: np.ndarray, mask: np.ndarray, rate: float) -> np.ndarray:
    """Keep x / (1 - rate) where `mask`, put 0 elsewhere.

    Args:
        x: Any shape.
        mask: bool, x's shape, True where a number is kept.
        rate: The share that is dropped, 0 <= rate < 1.

    Returns:
        x's shape.

    Raises:
        ValueError: `rate` is outside [0, 1).
    """
    return _keep(x, mask, rate)


def dropout_backward(dy: np.ndarray, mask: np.ndarray, rate: float) -> np.ndarray:
    """dL/dx of `dropout`: the same mask and scale on dy."""
    return _keep(dy, mask, rate)


def _keep(values: np.ndarray, mask: np.ndarray, rate: float) -> np.ndarray:
    if not 0 <= rate < 1:
        raise ValueError(f"dropout's rate must be in [0, 1), got {rate}.")
    return np.where(mask, values * (1 / (1 - rate)), 0)
