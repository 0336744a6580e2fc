"""Multiplication of tensors."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.merging import Merging


class Multiply(Merging):
    """The product of tensors, as `keras.layers.Multiply` (a gate); see `Merging`."""

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x
        return F.multiply(x)

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """Every input gets the gradient times the other factors."""
        return F.multiply_backward(dy, self.cache)
