"""Addition of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.base import Layer, Shape


class Add(Layer):
    """The sum of a list of tensors of one shape, as `keras.layers.Add` (a residual connection).

    Input shape:
        A list of equal shapes.

    Output shape:
        That shape.

    Raises:
        ValueError: Fewer than two inputs, or unequal shapes.
    """

    takes_list = True

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = len(x)
        return F.add(x)

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """Every input gets the whole gradient."""
        return F.add_backward(dy, self.cache)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The inputs' common shape."""
        shapes = [tuple(shape) for shape in input_shape]
        if len(shapes) < 2 or len(set(shapes)) != 1:
            raise ValueError(f"{self} takes at least two inputs of one shape, got {shapes}.")
        return shapes[0]
