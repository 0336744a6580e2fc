"""A learned scale for each channel."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.layers.arguments import input_features
from scratch.layers.base import Layer, Shape


class LayerScale(Layer):
    """`x * gamma`, as the layer of that name in `keras.applications.convnext`.

    Touvron et al. 2021, "Going deeper with image transformers", section 2.1.

    Args:
        init_values: What gamma starts from.
        projection_dim: Channels.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ..., projection_dim).

    Output shape:
        The input's.

    Raises:
        ValueError: `projection_dim` below 1, or the input has other channels.
    """

    def __init__(
        self,
        init_values: float,
        projection_dim: int,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_at_least(f"{self}: projection_dim", projection_dim, 1)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, input_shape: Any) -> None:
        """Create gamma, (projection_dim,)."""
        self.features = input_features(self, input_shape)
        self.add_weight("gamma", (self.projection_dim,), initializers.Constant(self.init_values))
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x
        return F.layer_scale(x, self.weights["gamma"])

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The gradient, scaled; gamma's is the sum of dy x over all positions."""
        dx, dgamma = F.layer_scale_backward(dy, self.cache, self.weights["gamma"])
        self.gradients["gamma"] = dgamma
        return dx

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        if input_features(self, input_shape) != self.projection_dim:
            raise ValueError(
                f"{self} scales {self.projection_dim} channels, got shape {tuple(input_shape)}."
            )
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "init_values": self.init_values,
            "projection_dim": self.projection_dim,
            **super().get_config(),
        }
