"""Faulty scaling by given numbers, or by one learned for each channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.faults.fault import Fault
from scratch import layers

Array = np.ndarray


class OffsetBeforeScale(layers.Rescaling):
    """(x + offset) scale where x scale + offset is meant."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Scale the offset as well."""
        y = super().forward(x, training)
        scale, offset = self.scale.astype(x.dtype), self.offset.astype(x.dtype)
        return y + offset * (scale - 1)


class DividedByVariance(layers.Normalization):
    """Divides by the variance, not by its root."""

    def statistics(self, shape: Sequence[int]) -> tuple[Array, Array]:
        """The mean, and the variance in the deviation's place."""
        mean, deviation = super().statistics(shape)
        return mean, np.square(deviation)


class ScaleGradientAveraged(layers.LayerScale):
    """gamma's gradient is a mean over the positions, not a sum."""

    def backward(self, dy: Array) -> Array:
        """Divide it by how many there are."""
        dx = super().backward(dy)
        self.gradients["gamma"] = self.gradients["gamma"] / (dy.size // dy.shape[-1])
        return dx


class ResidualGradientUnscaled(layers.CustomScaleLayer):
    """The residual gets the whole gradient, as in an addition."""

    def backward(self, dy: Array) -> list[Array]:
        """The gradient, twice."""
        return [dy, dy]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "offset-before-scale",
        "the offset was added before the input was scaled",
        OffsetBeforeScale,
        ("output",),
        ("specimen_normalized", "rescaled"),
    ),
    Fault(
        "divided-by-variance",
        "it had divided by the variance, not by its root",
        DividedByVariance,
        ("output", "grad_input"),
        ("specimen_normalized", "standardized"),
    ),
    Fault(
        "scale-gradient-averaged",
        "the gradient of gamma was a mean over the positions",
        ScaleGradientAveraged,
        ("grad:gamma",),
        ("specimen_normalized", "layer_scale"),
    ),
    Fault(
        "residual-gradient-unscaled",
        "the residual's gradient was not scaled",
        ResidualGradientUnscaled,
        ("grad_input:1",),
        ("specimen_normalized", "scaled_sum"),
    ),
)
