"""The batches that both twins are given: shuffled, and augmented, once for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.signs.augment import augment
from scratch.batches import batches, epoch_order


@dataclass(frozen=True)
class Batch:
    """What one training step sees.

    Attributes:
        epoch: Its epoch, from 1.
        x: Photographs, (N, H, W, C), in the models' dtype.
        y: Class numbers, (N,).
    """

    epoch: int
    x: np.ndarray
    y: np.ndarray


def epoch_batches(
    x: np.ndarray,
    y: np.ndarray,
    *,
    epochs: int,
    seed: int,
    batch_size: int = 64,
    augmented: bool = False,
) -> Iterator[Batch]:
    """Every batch of `epochs` epochs, in the order in which `scratch`'s `fit` visits them.

    Args:
        x: All photographs, (N, H, W, C).
        y: Their class numbers, (N,).
        epochs: How often every photograph is seen.
        seed: What orders and augmentation depend on, besides the epoch.
        batch_size: The last batch of an epoch may be smaller.
        augmented: Whether photographs are shifted, mirrored and lightened by chance; see
            `experiments.signs.augment`.
    """
    for epoch in range(epochs):
        rng = np.random.default_rng([seed, epoch, 1])  # [seed, epoch] is the order's
        for indices in batches(epoch_order(len(x), seed, epoch), batch_size):
            photographs = augment(x[indices], rng) if augmented else x[indices]
            yield Batch(epoch + 1, photographs, y[indices])
