"""Flatten."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.base import Layer, Shape


class Flatten(Layer):
    """(batch, ...) to (batch, features), row-major, channels last: as `keras.layers.Flatten`."""

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x.shape
        return F.flatten(x)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Give the gradient the input's shape again."""
        return F.flatten_backward(dy, self.cache)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, features)."""
        known = None not in input_shape[1:]
        return (input_shape[0], math.prod(input_shape[1:]) if known else None)
