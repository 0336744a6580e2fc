"""Upsampling."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.arguments import Pair, image_shape, interpolation_name, pair
from scratch.layers.base import Layer, Shape


class UpSampling2D(Layer):
    """The image enlarged by whole factors, as `keras.layers.UpSampling2D`.

    Args:
        size: One factor or (vertical, horizontal).
        interpolation: "nearest" (every pixel repeated) or "bilinear".
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height * size[0], width * size[1], channels).

    Raises:
        ValueError: A factor is below 1, or another interpolation.
    """

    def __init__(
        self,
        size: int | Pair = (2, 2),
        *,
        interpolation: str = "nearest",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.size = pair(size, self, "size")
        self.interpolation = interpolation_name(interpolation, self)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = height, width = x.shape[1:3]
        size = (height * self.size[0], width * self.size[1])
        return F.resize2d(x, size, self.interpolation)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Every pixel gathers the gradients of what it was used for."""
        return F.resize2d_backward(dy, self.cache, self.interpolation)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        height, width, channels = image_shape(self, input_shape)
        return (
            input_shape[0],
            None if height is None else height * self.size[0],
            None if width is None else width * self.size[1],
            channels,
        )

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "size": list(self.size),
            "interpolation": self.interpolation,
            **super().get_config(),
        }
