"""Reshape."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from scratch.data_checks import check_at_least
from scratch.layers.base import Layer, Shape


class Reshape(Layer):
    """The same numbers in another shape, row-major, as `keras.layers.Reshape`.

    Args:
        target_shape: One sample's new shape; one size may be -1, which follows from the others.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...).

    Output shape:
        (batch, *target_shape).

    Raises:
        TypeError: A size is not a whole number.
        ValueError: A size is below -1 or two are -1; or the input has another number of values.
    """

    def __init__(
        self, target_shape: Any, *, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        sizes = tuple(target_shape)
        for size in sizes:
            check_at_least(f"{self}: target_shape", size, -1)
        if sizes.count(-1) > 1:
            raise ValueError(f"{self}: only one size of target_shape can be -1, got {sizes}.")
        self.target_shape = tuple(int(size) for size in sizes)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x.shape
        return x.reshape(cast(tuple[int, ...], self.compute_output_shape(x.shape)))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Give the gradient the input's shape again."""
        return dy.reshape(self.cache)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, *target_shape)."""
        batch, *sizes = input_shape
        if None in sizes:
            return (batch, *(None if size == -1 else size for size in self.target_shape))
        values = math.prod(sizes)
        known = math.prod(size for size in self.target_shape if size != -1)
        missing = values // known if known and -1 in self.target_shape else 1
        if known * missing != values:
            raise ValueError(
                f"{self} cannot give {values} values of shape {tuple(input_shape)} the shape "
                f"{self.target_shape} behind the batch."
            )
        return (batch, *(missing if size == -1 else size for size in self.target_shape))

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"target_shape": list(self.target_shape), **super().get_config()}
