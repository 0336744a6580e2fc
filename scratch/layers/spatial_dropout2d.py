"""Spatial dropout."""

from __future__ import annotations

from typing import Any

from scratch.layers.arguments import image_shape
from scratch.layers.base import Shape
from scratch.layers.dropout import BaseDropout


class SpatialDropout2D(BaseDropout):
    """Whole channels of an image dropped, as `keras.layers.SpatialDropout2D` (Tompson et al. 2014).

    See `BaseDropout` for the arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        The input's.
    """

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """One number for each image and channel."""
        return (shape[0], 1, 1, shape[3])

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        image_shape(self, input_shape)
        return super().compute_output_shape(input_shape)
