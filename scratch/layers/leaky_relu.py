"""Leaky rectified linear units."""

from __future__ import annotations

from typing import Any

from scratch.functional import activations
from scratch.layers.activation_layer import ActivationLayer


class LeakyReLU(ActivationLayer):
    """x above 0, negative_slope x below, as `keras.layers.LeakyReLU`; at 0 the slope is the latter.

    Args:
        negative_slope: The slope below 0; TensorFlow keeps it in float32.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Raises:
        ValueError: `negative_slope` is negative.
    """

    def __init__(
        self,
        negative_slope: float = 0.3,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        activation = activations.get("leaky_relu", negative_slope=negative_slope)
        super().__init__(activation, name=name, dtype=dtype)
        self._check_not_negative(negative_slope=negative_slope)
        self.negative_slope = negative_slope

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"negative_slope": self.negative_slope, **super().get_config()}
