"""A residual connection with a scaled residual."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.base import Layer, Shape


class CustomScaleLayer(Layer):
    """`x[0] + x[1] * scale`, as that layer in `keras.applications.inception_resnet_v2`.

    Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual connections on
    learning", section 3.3.

    Args:
        scale: Of the second input.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        A list of two equal shapes.

    Output shape:
        That shape.

    Raises:
        ValueError: Not two inputs, or unequal shapes.
    """

    takes_list = True

    def __init__(self, scale: float, *, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.scale = scale

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        shortcut, residual = x
        return F.add_scaled(shortcut, residual, self.scale)

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """The gradient, and the gradient scaled."""
        return list(F.add_scaled_backward(dy, self.scale))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The inputs' common shape."""
        shapes = [tuple(shape) for shape in input_shape]
        if len(shapes) != 2 or len(set(shapes)) != 1:
            raise ValueError(f"{self} takes two inputs of one shape, got {shapes}.")
        return shapes[0]

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"scale": self.scale, **super().get_config()}
