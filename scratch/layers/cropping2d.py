"""Cropping."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.arguments import border, image_shape
from scratch.layers.base import Layer, Shape


class Cropping2D(Layer):
    """Rows and columns cut off the image, as `keras.layers.Cropping2D`.

    Args:
        cropping: One integer, (vertical, horizontal), or ((top, bottom), (left, right)).
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height - top - bottom, width - left - right, channels).

    Raises:
        ValueError: `cropping` has another form or a negative number, or nothing is left.
    """

    def __init__(
        self,
        cropping: Any = ((0, 0), (0, 0)),
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.crops = border(cropping, self, "cropping")

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        return F.crop2d(x, self.crops)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Zeros where the image was cut off."""
        return F.crop2d_backward(dy, self.crops)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        height, width, channels = image_shape(self, input_shape)
        top, bottom, left, right = self.crops
        sizes = [
            None if size is None else size - cut
            for size, cut in ((height, top + bottom), (width, left + right))
        ]
        if any(size is not None and size < 1 for size in sizes):
            raise ValueError(
                f"{self} cuts (top, bottom, left, right) {self.crops} off an image of shape "
                f"{tuple(input_shape)}: nothing is left."
            )
        return (input_shape[0], *sizes, channels)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        top, bottom, left, right = self.crops
        return {"cropping": [[top, bottom], [left, right]], **super().get_config()}
