"""Subtraction of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.base import Shape
from scratch.layers.merging import Merging


class Subtract(Merging):
    """The first tensor minus the second, as `keras.layers.Subtract`; see `Merging`.

    Raises:
        ValueError: Another number of inputs than two, or shapes that do not broadcast.
    """

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = [part.shape for part in x]
        return F.subtract(x)

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """The gradient, and its negative."""
        return F.subtract_backward(dy, self.cache)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The inputs' broadcast shape."""
        if len(input_shape) != 2:
            raise ValueError(f"{self} takes exactly two inputs, got {len(input_shape)}.")
        return super().compute_output_shape(input_shape)
