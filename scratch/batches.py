"""Which samples an epoch visits, in which order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def epoch_order(samples: int, seed: int | None, epoch: int) -> np.ndarray:
    """The order of the samples in an epoch: as given if `seed` is None, else shuffled.

    The permutation depends on `(seed, epoch)` alone, so that training resumed at an epoch visits
    what an uninterrupted run visits.
    """
    if seed is None:
        return np.arange(samples)
    return np.random.default_rng([seed, epoch]).permutation(samples)


def batches(order: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Consecutive pieces of `order`; the last one may be smaller, as in Keras."""
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def batch_count(samples: int, batch_size: int) -> int:
    """How many pieces `batches` yields."""
    return -(-samples // batch_size)


def validation_start(samples: int, validation_split: float) -> int:
    """Index of the first validation sample: the last part of the data, as in Keras.

    Raises:
        ValueError: The split is not in [0, 1), or leaves no sample on one of its sides.
    """
    if not 0.0 <= validation_split < 1.0:
        raise ValueError(f"validation_split must be in [0, 1), got {validation_split}.")
    start = int(np.floor(samples * (1.0 - validation_split)))
    if validation_split and not 0 < start < samples:
        raise ValueError(
            f"validation_split={validation_split} of {samples} samples leaves {start} to train on "
            f"and {samples - start} to validate on; both must be at least 1."
        )
    return start
