"""Concatenation of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.base import Layer, Shape


class Concatenate(Layer):
    """Tensors joined along one axis, as `keras.layers.Concatenate` (an inception block's end).

    Args:
        axis: The axis to join along, the last by default.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        A list of shapes that differ in `axis` alone.

    Output shape:
        The same, with the sum in `axis`.

    Raises:
        ValueError: No input, or shapes that differ elsewhere.
    """

    takes_list = True

    def __init__(
        self, axis: int = -1, *, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.axis = axis

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = [part.shape[self.axis] for part in x]
        return F.concatenate(x, self.axis)

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """Cut the gradient where the inputs were joined."""
        return F.concatenate_backward(dy, self.cache, self.axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        shapes = [tuple(shape) for shape in input_shape]
        rank = min(map(len, shapes), default=0)
        axis = self.axis % rank if -rank <= self.axis < rank else None
        others = {tuple(n for i, n in enumerate(shape) if i != axis) for shape in shapes}
        if axis is None or len(others) != 1:
            raise ValueError(
                f"{self} takes one or more inputs whose shapes differ in axis {self.axis} alone, "
                f"got {shapes}."
            )
        sizes = [shape[axis] for shape in shapes]
        joined = None if None in sizes else sum(sizes)
        return (*shapes[0][:axis], joined, *shapes[0][axis + 1 :])

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"axis": self.axis, **super().get_config()}
