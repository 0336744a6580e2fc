"""Resizing."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.data_checks import check_at_least
from scratch.layers.arguments import image_shape, interpolation_name
from scratch.layers.base import Layer, Shape


class Resizing(Layer):
    """The image in another size, as `keras.layers.Resizing` with a batch of images.

    Args:
        height: Of the output.
        width: Of the output.
        interpolation: "bilinear" or "nearest".
        crop_to_aspect_ratio: Cut the image to the output's aspect ratio first, around its middle.
        pad_to_aspect_ratio: Surround the image to the output's aspect ratio first.
        fill_value: What it is surrounded with.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, any height, any width, channels).

    Output shape:
        (batch, height, width, channels).

    Raises:
        ValueError: A size is below 1, another interpolation, or both ways to keep the aspect ratio.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        *,
        fill_value: float = 0.0,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_at_least(f"{self}: height", height, 1)
        check_at_least(f"{self}: width", width, 1)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                f"{self}: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True."
            )
        self.height, self.width = int(height), int(width)
        self.interpolation = interpolation_name(interpolation, self)
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_value = fill_value

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        crops, pads = self.margins(x.shape[1:3])
        kept = F.pad2d(F.crop2d(x, crops), pads, self.fill_value)
        self.cache = (crops, pads, kept.shape[1:3])
        return F.resize2d(kept, (self.height, self.width), self.interpolation)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Every pixel gathers the gradients of what it was used for; zero where it was cut off."""
        crops, pads, size = self.cache
        kept = F.resize2d_backward(dy, size, self.interpolation)
        return F.crop2d_backward(F.pad2d_backward(kept, pads), crops)

    def margins(self, size: F.Size) -> tuple[F.Pads, F.Pads]:
        """What is cut off an image of `size` (height, width), and what is put around it."""
        height, width = size
        # In float32 and towards zero, as Keras.
        fitting_height = int(np.float32(width * self.height) / np.float32(self.width))
        fitting_width = int(np.float32(height * self.width) / np.float32(self.height))
        crops = pads = (0, 0, 0, 0)
        if self.crop_to_aspect_ratio:
            rows, columns = (max(fitting_height, 1), max(fitting_width, 1))
            top, left = max(height - rows, 0) // 2, max(width - columns, 0) // 2
            bottom, right = max(height - rows, 0) - top, max(width - columns, 0) - left
            crops = (top, bottom, left, right)
        elif self.pad_to_aspect_ratio:
            above, beside = max(fitting_height - height, 0) // 2, max(fitting_width - width, 0) // 2
            pads = (above, above, beside, beside)
        return crops, pads

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        *_, channels = image_shape(self, input_shape)
        return (input_shape[0], self.height, self.width, channels)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "height": self.height,
            "width": self.width,
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_value": self.fill_value,
            **super().get_config(),
        }
