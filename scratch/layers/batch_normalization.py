"""Batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import initializers
from scratch.layers.normalizer import Normalizer, Statistics


class BatchNormalization(Normalizer):
    """Normalizes each channel over the batch, as `keras.layers.BatchNormalization`.

    In training with the batch's mean and biased variance, which also move the moving statistics;
    otherwise, and where it is frozen, with the moving statistics. Ioffe and Szegedy 2015,
    algorithms 1 and 2.

    Args:
        axis: The axis of the channels.
        momentum: moving = moving * momentum + batch * (1 - momentum).
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: Name, instance or config of an initializer.
        gamma_initializer: The same.
        moving_mean_initializer: The same.
        moving_variance_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...).

    Output shape:
        The input's.

    Raises:
        ValueError: The input has no such axis, or its size along it is unknown.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        parameters = (epsilon, center, scale, beta_initializer, gamma_initializer)
        super().__init__(*parameters, name=name, dtype=dtype)
        self.axis = axis
        self.momentum = momentum
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Any) -> None:
        """Create gamma, beta, moving_mean and moving_variance, each (channels,)."""
        super().build(input_shape)
        shape = self._weight_shape(input_shape)
        self.add_weight("moving_mean", shape, self.moving_mean_initializer, trainable=False)
        self.add_weight("moving_variance", shape, self.moving_variance_initializer, trainable=False)

    def forward_over(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """See `Layer.forward_over`; in training `backward` needs x."""
        return self._normalized(x, training, over=not training)

    def scale_and_shift(self) -> tuple[np.ndarray, np.ndarray]:
        """What multiplies and shifts each channel outside training, both (channels,)."""
        mean, variance = self.weights["moving_mean"], self.weights["moving_variance"]
        gamma, beta = self.weights.get("gamma", np.ones_like(mean)), self.weights.get("beta")
        return F.scale_and_shift(mean, variance, gamma, beta, self.epsilon)

    def averaged_axes(self, rank: int) -> tuple[int, ...]:
        """All but the channels'."""
        return tuple(axis for axis in range(rank) if axis != self.axis % rank)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            **super().get_config(),
        }

    def statistics(self, x: np.ndarray, axes: tuple[int, ...], training: bool) -> Statistics:
        """The batch's, which move the moving ones, or the moving ones, which are constants."""
        moving = [self.weights[name] for name in ("moving_mean", "moving_variance")]
        if not (training and self.trainable):
            shape = self.broadcast_shape(x.shape)
            mean, variance = (statistic.copy().reshape(shape) for statistic in moving)
            return mean, variance, ()
        mean, variance = F.moments(x, axes)
        for old, new in zip(moving, (mean, variance), strict=True):
            old[...] = old * self.momentum + new.reshape(old.shape) * (1.0 - self.momentum)
        return mean, variance, axes

    def _weight_axes(self) -> tuple[int, ...]:
        return (self.axis,)
