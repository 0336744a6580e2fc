"""Batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import initializers
from scratch.layers.arguments import input_features
from scratch.layers.base import Layer, Shape


class BatchNormalization(Layer):
    """Normalizes each channel, as `keras.layers.BatchNormalization` with axis -1.

    In training with the batch's mean and biased variance, which also move the moving statistics;
    otherwise with the moving statistics. Ioffe and Szegedy 2015, algorithms 1 and 2.

    Args:
        momentum: moving = moving * momentum + batch * (1 - momentum).
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ..., channels).

    Output shape:
        The input's.
    """

    def __init__(
        self,
        *,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale

    def build(self, input_shape: Any) -> None:
        """Create gamma, beta, moving_mean and moving_variance, each (channels,)."""
        self.features = input_features(self, input_shape)
        shape = (self.features,)
        if self.scale:
            self.add_weight("gamma", shape, initializers.Ones())
        if self.center:
            self.add_weight("beta", shape, initializers.Zeros())
        self.add_weight("moving_mean", shape, initializers.Zeros(), trainable=False)
        self.add_weight("moving_variance", shape, initializers.Ones(), trainable=False)
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """See the class."""
        self._prepare(x)
        moving_mean, moving_variance = self.weights["moving_mean"], self.weights["moving_variance"]
        if training:
            mean, variance = F.batch_norm_statistics(x)
            for moving, batch in ((moving_mean, mean), (moving_variance, variance)):
                moving[...] = moving * self.momentum + batch * (1.0 - self.momentum)
        else:
            mean, variance = moving_mean.copy(), moving_variance.copy()
        self.cache = (x, mean, variance, training)
        gamma, beta = self.weights.get("gamma"), self.weights.get("beta")
        return F.batch_norm(x, mean, variance, gamma, beta, self.epsilon)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Ioffe and Szegedy 2015, section 3, in closed form; in inference a scaling."""
        x, mean, variance, training = self.cache
        differentiate = (
            F.batch_norm_training_backward if training else F.batch_norm_inference_backward
        )
        dx, dgamma, dbeta = differentiate(
            dy, x, mean, variance, self.weights.get("gamma"), self.epsilon
        )
        if self.scale:
            self.gradients["gamma"] = dgamma
        if self.center:
            self.gradients["beta"] = dbeta
        return dx

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        input_features(self, input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **super().get_config(),
        }
