"""Zero padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.arguments import border, image_shape
from scratch.layers.base import Layer, Shape


class ZeroPadding2D(Layer):
    """Rows and columns of zeros around the image, as `keras.layers.ZeroPadding2D`.

    Args:
        padding: One integer, (vertical, horizontal), or ((top, bottom), (left, right)).
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, top + height + bottom, left + width + right, channels).

    Raises:
        ValueError: `padding` has another form or a negative number.
    """

    def __init__(
        self,
        padding: Any = (1, 1),
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.pads = border(padding, self, "padding")

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        return F.pad2d(x, self.pads)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Cut the border off again."""
        return F.pad2d_backward(dy, self.pads)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        height, width, channels = image_shape(self, input_shape)
        top, bottom, left, right = self.pads
        return (
            input_shape[0],
            None if height is None else height + top + bottom,
            None if width is None else width + left + right,
            channels,
        )

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        top, bottom, left, right = self.pads
        return {"padding": [[top, bottom], [left, right]], **super().get_config()}
