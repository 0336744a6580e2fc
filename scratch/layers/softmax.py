"""Softmax along any axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratch.functional import activations
from scratch.layers.activation_layer import ActivationLayer
from scratch.layers.base import Shape


class Softmax(ActivationLayer):
    """exp(x) / sum exp(x), as `keras.layers.Softmax`.

    Args:
        axis: The axis to sum over, or several.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        Any that has these axes.

    Output shape:
        The input's.

    Raises:
        ValueError: The input does not have the axes, or one is named twice.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        summed = axis if isinstance(axis, int) else tuple(axis)
        super().__init__(activations.get("softmax", axis=summed), name=name, dtype=dtype)
        self.axis = axis if isinstance(axis, int) else list(axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        rank = len(input_shape)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        places = {axis % rank for axis in axes if -rank <= axis < rank}
        if not axes or len(places) != len(axes):
            raise ValueError(
                f"{self}: axis must name axes of its input, each once, got axis={self.axis} for "
                f"shape {tuple(input_shape)}."
            )
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"axis": self.axis, **super().get_config()}
