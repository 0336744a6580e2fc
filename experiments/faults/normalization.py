"""Faulty batch normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers

Array = np.ndarray


class BatchMeanMissing(layers.BatchNormalization):
    """The input gradient forgets that the batch's mean depends on the input."""

    def backward(self, dy: Array) -> Array:
        """Leave - mean(dy) out of dx."""
        dx = super().backward(dy)
        _, mean, variance, training = self.cache
        if not training:
            return dx
        scale = F.batch_norm(
            np.ones_like(mean), np.zeros_like(mean), variance, self.weights.get("gamma"), None,
            self.epsilon,
        )  # fmt: skip
        return dx + scale * (F.conv2d_bias_gradient(dy) / (dy.size // dy.shape[-1]))


class StatisticsAsConstants(layers.BatchNormalization):
    """The input gradient takes the batch's statistics for constants, as in inference."""

    def backward(self, dy: Array) -> Array:
        """The gradient of a fixed scaling."""
        x, mean, variance, _ = self.cache
        self.cache = (x, mean, variance, False)
        return super().backward(dy)


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


class UnbiasedVariance(layers.BatchNormalization):
    """The batch's variance divided by n - 1."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Normalize by the unbiased variance."""
        if not training:
            return super().forward(x, training)
        super().forward(x, training)
        x, mean, variance, _ = self.cache
        n = x.size // x.shape[-1]
        variance = variance * (n / (n - 1))
        self.cache = (x, mean, variance, True)
        gamma, beta = self.weights.get("gamma"), self.weights.get("beta")
        return F.batch_norm(x, mean, variance, gamma, beta, self.epsilon)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "batch-mean-missing",
        "the input gradient ignored that the batch mean depends on the input",
        BatchMeanMissing,
        ("grad_input",),
        ("signs_deep", "norm4"),
    ),
    Fault(
        "statistics-as-constants",
        "the input gradient took the batch statistics for constants",
        StatisticsAsConstants,
        ("grad_input",),
        ("signs_deep", "norm4"),
    ),
    Fault(
        "other-epsilon",
        "epsilon was 1e-5, another framework's",
        OtherEpsilon,
        ("output", "grad_input", "grad:gamma"),
        ("signs_deep", "norm4"),
    ),
    Fault(
        "unbiased-variance",
        "the batch variance was divided by n - 1",
        UnbiasedVariance,
        ("output", "grad_input", "grad:gamma"),
        ("signs_deep", "norm4"),
    ),
)
