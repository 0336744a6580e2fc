"""Permute."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.base import Layer, Shape


class Permute(Layer):
    """The axes in another order, as `keras.layers.Permute`.

    Args:
        dims: Which axis of the input comes at each place behind the batch, counted from 1.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...), with as many axes behind the batch as `dims` names.

    Output shape:
        (batch, ...).

    Raises:
        ValueError: `dims` does not name each axis once, or the input has another rank.
    """

    def __init__(self, dims: Any, *, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"{self}: dims must name each axis behind the batch once, counted from 1, "
                f"got {self.dims}."
            )

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        return F.permute(x, self.dims)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The axes as they were."""
        return F.permute_backward(dy, self.dims)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        if len(input_shape) != len(self.dims) + 1:
            raise ValueError(
                f"{self} takes inputs with {len(self.dims)} axes behind the batch, got shape "
                f"{tuple(input_shape)}."
            )
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"dims": list(self.dims), **super().get_config()}
