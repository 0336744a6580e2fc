"""Global average pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.arguments import image_shape
from scratch.layers.base import Layer, Shape


class GlobalAveragePooling2D(Layer):
    """The mean of each channel over the whole image, as `keras.layers.GlobalAveragePooling2D`.

    Args:
        keepdims: Keep height and width as 1.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, channels), or (batch, 1, 1, channels) with `keepdims`.
    """

    def __init__(
        self, *, keepdims: bool = False, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.keepdims = keepdims

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x.shape[1:3]
        return F.global_average_pool2d(x, self.keepdims)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Spread the gradient evenly over the image."""
        return F.global_average_pool2d_backward(dy, self.cache, self.keepdims)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        _, _, channels = image_shape(self, input_shape)
        middle = (1, 1) if self.keepdims else ()
        return (input_shape[0], *middle, channels)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"keepdims": self.keepdims, **super().get_config()}
