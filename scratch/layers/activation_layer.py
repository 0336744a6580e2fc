"""What activations that are layers of their own share."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch.functional import activations
from scratch.layers.base import Layer, Shape


class ActivationLayer(Layer):
    """A layer that is an activation function and nothing else.

    Args:
        activation: What it computes.
        name: See `Layer`.
        dtype: See `Layer`.
    """

    def __init__(
        self,
        activation: activations.Activation,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.activation = activation

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        y = self.activation.forward(x)
        self.cache = (x, y)
        return y

    def forward_over(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """See `Layer.forward_over`."""
        if self.activation.over is None:
            return self.forward(x, training)
        self._prepare(x)
        y = self.activation.over(x)
        self.cache = (y, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The activation's own derivative."""
        return self.activation.backward(dy, *self.cache)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        return tuple(input_shape)

    def _check_not_negative(self, **arguments: float | None) -> None:
        """Refuse what Keras refuses; NaN too."""
        for argument, value in arguments.items():
            if value is None or not value >= 0:
                raise ValueError(f"{self}: {argument} must be at least 0, got {value!r}.")
