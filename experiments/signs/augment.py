"""Light augmentation of training photographs: shifts, mirror, brightness."""

from __future__ import annotations

import numpy as np

_SHIFT = 6  # pixels, either way
_BRIGHTNESS = 0.15  # share of the light, either way


def augment(batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A changed copy of a batch of photographs, each changed on its own.

    A photograph is mirrored with probability 1/2 (a left hand shows the same number as a right
    one), shifted by up to 6 pixels with its border repeated, and its light scaled by 0.85 to 1.15.

    Args:
        batch: (N, H, W, C), uint8 with values 0 to 255, or floating point with values 0 to 1.
        rng: where the changes are drawn from.

    Returns:
        An array of the same shape, dtype and range.
    """
    n, height, width, _ = batch.shape
    shifts = rng.integers(-_SHIFT, _SHIFT + 1, (2, n, 1))
    mirrored = rng.random((n, 1)) < 0.5
    light = rng.uniform(1 - _BRIGHTNESS, 1 + _BRIGHTNESS, (n, 1, 1, 1))

    rows = np.clip(np.arange(height) + shifts[0], 0, height - 1)  # (n, height)
    columns = np.clip(np.arange(width) + shifts[1], 0, width - 1)  # (n, width)
    columns = np.where(mirrored, columns[:, ::-1], columns)
    moved = batch[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    if batch.dtype == np.uint8:
        return np.clip(np.rint(moved * light), 0, 255).astype(np.uint8)
    return np.clip(moved * light.astype(batch.dtype), 0, 1)
