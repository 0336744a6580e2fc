"""Faulty normalization: of a batch, of each example, of groups of channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.faults.fault import Fault
from scratch import layers
from scratch.layers.normalizer import Normalizer, Statistics

Array = np.ndarray


class _AsConstants(Normalizer):
    """The input gradient takes the statistics for constants."""

    def backward(self, dy: Array) -> Array:
        """The gradient of a fixed scaling."""
        *kept, _ = self.cache
        self.cache = (*kept, ())
        return super().backward(dy)


class _Unbiased(Normalizer):
    """The variance is divided by n - 1."""

    def statistics(self, x: Array, axes: tuple[int, ...], training: bool) -> Statistics:
        """The mean and the unbiased variance."""
        mean, variance, axes = super().statistics(x, axes, training)
        n = x.size // mean.size
        return mean, variance * (n / (n - 1)) if axes else variance, axes


class BatchMeanMissing(layers.BatchNormalization):
    """The input gradient forgets that the batch's mean depends on the input."""

    def backward(self, dy: Array) -> Array:
        """Leave - mean(dy) out of dx."""
        dx = super().backward(dy)
        _, _, variance, axes = self.cache
        if not axes:
            return dx
        gamma, _ = self.parameters(dy.shape)
        return dx + gamma / np.sqrt(variance + self.epsilon) * dy.mean(axis=axes, keepdims=True)


class StatisticsAsConstants(_AsConstants, layers.BatchNormalization):
    """The input gradient takes the batch's statistics for constants, as in inference."""


class OtherEpsilon(layers.BatchNormalization):
    """Another framework's epsilon: 1e-5 where Keras has 1e-3."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Normalize with the other epsilon."""
        return self._with_other_epsilon(super().forward, x, training)

    def backward(self, dy: Array) -> Array:
        """The gradient of that."""
        return self._with_other_epsilon(super().backward, dy)

    def _with_other_epsilon(self, compute: Callable[..., Array], *arguments: Any) -> Array:
        right, self.epsilon = self.epsilon, 1e-5
        try:
            return compute(*arguments)
        finally:
            self.epsilon = right


class UnbiasedVariance(_Unbiased, layers.BatchNormalization):
    """The batch's variance divided by n - 1."""


class MovingStatisticsInTraining(layers.BatchNormalization):
    """The moving statistics in training too, as if it were inference."""

    def forward(self, x: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Normalize as in inference."""
        return super().forward(x, training=False)


class LayerStatisticsAsConstants(_AsConstants, layers.LayerNormalization):
    """The input gradient takes each example's statistics for constants."""


class LayerVarianceUnbiased(_Unbiased, layers.LayerNormalization):
    """Each example's variance divided by n - 1, as `torch.std` does."""


class LayerBatchStatistics(layers.LayerNormalization):
    """Averages over all but the last axis, the batch among them: batch normalization."""

    def averaged_axes(self, rank: int) -> tuple[int, ...]:
        """The axes that are meant to be kept."""
        right = super().averaged_axes(rank)
        return tuple(axis for axis in range(rank) if axis not in right)


class EpsilonOutsideRoot(layers.LayerNormalization):
    """Divides by sqrt(variance) + epsilon."""

    def statistics(self, x: Array, axes: tuple[int, ...], training: bool) -> Statistics:
        """The mean, and a variance that leads to this."""
        mean, variance, axes = super().statistics(x, axes, training)
        # Plus epsilon, its root is that.
        return mean, (np.sqrt(variance) + self.epsilon) ** 2 - self.epsilon, axes


class GroupsInterleaved(layers.GroupNormalization):
    """Every k-th channel is of one group, not k channels that lie next to each other."""

    def averaged_axes(self, rank: int) -> tuple[int, ...]:
        """The groups are behind the channels of a group."""
        return tuple(axis for axis in range(1, rank + 1) if axis != self.axis % rank + 1)

    def grouped_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """With the channels as (channels of a group, groups)."""
        channels, grouped = self.axis % len(shape), super().grouped_shape(shape)
        groups, size = grouped[channels : channels + 2]
        return (*grouped[:channels], size, groups, *grouped[channels + 2 :])


class GroupsWithoutPositions(layers.GroupNormalization):
    """Averages over the channels of a group alone, at each position of the image."""

    def averaged_axes(self, rank: int) -> tuple[int, ...]:
        """A group's channels."""
        return (self.axis % rank + 1,)


_BATCH = ("signs_deep", "norm4")
_ALL = ("output", "grad_input", "grad:gamma")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "batch-mean-missing",
        "the input gradient ignored that the batch mean depends on the input",
        BatchMeanMissing,
        ("grad_input",),
        _BATCH,
    ),
    Fault(
        "statistics-as-constants",
        "the input gradient took the batch statistics for constants",
        StatisticsAsConstants,
        ("grad_input",),
        _BATCH,
    ),
    Fault(
        "other-epsilon",
        "epsilon was 1e-5, another framework's",
        OtherEpsilon,
        _ALL,
        _BATCH,
    ),
    Fault(
        "unbiased-variance",
        "the batch variance was divided by n - 1",
        UnbiasedVariance,
        _ALL,
        _BATCH,
    ),
    Fault(
        "moving-statistics-in-training",
        "the moving statistics were used in training",
        MovingStatisticsInTraining,
        _ALL,
        _BATCH,
    ),
    Fault(
        "layer-statistics-as-constants",
        "the input gradient took each example's statistics for constants",
        LayerStatisticsAsConstants,
        ("grad_input",),
        ("specimen_normalized", "layer_norm"),
    ),
    Fault(
        "layer-variance-unbiased",
        "each example's variance was divided by n - 1",
        LayerVarianceUnbiased,
        _ALL,
        ("specimen_normalized", "layer_norm"),
    ),
    Fault(
        "layer-batch-statistics",
        "it had averaged over the batch and the positions, as batch normalization does",
        LayerBatchStatistics,
        _ALL,
        ("specimen_normalized", "layer_norm"),
    ),
    Fault(
        "epsilon-outside-root",
        "epsilon was added to the root of the variance, not under it",
        EpsilonOutsideRoot,
        _ALL,
        ("specimen_normalized", "layer_norm"),
    ),
    Fault(
        "groups-interleaved",
        "every k-th channel was of one group, not neighbouring channels",
        GroupsInterleaved,
        _ALL,
        ("specimen_normalized", "group_norm"),
    ),
    Fault(
        "groups-without-positions",
        "each position of the image was normalized by itself",
        GroupsWithoutPositions,
        _ALL,
        ("specimen_normalized", "group_norm"),
    ),
)
