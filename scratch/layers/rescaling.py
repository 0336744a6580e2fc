"""Scaling by fixed numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.base import Layer, Shape


class Rescaling(Layer):
    """`x * scale + offset`, as `keras.layers.Rescaling`.

    Args:
        scale: A number, or nested lists of numbers that broadcast against the input.
        offset: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...).

    Output shape:
        The input's.

    Raises:
        ValueError: `scale` or `offset` is not made of numbers, or does not broadcast against the
            input without widening it.
    """

    def __init__(
        self,
        scale: Any,
        offset: Any = 0.0,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.scale = self._numbers("scale", scale)
        self.offset = self._numbers("offset", offset)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        return F.rescale(x, self.scale.astype(x.dtype), self.offset.astype(x.dtype))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The gradient, scaled."""
        return F.rescale_backward(dy, self.scale.astype(dy.dtype))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        shape = tuple(input_shape)
        for option, numbers in (("scale", self.scale), ("offset", self.offset)):
            # Against sizes from the last axis on; what is unknown may be the right one.
            sizes = shape[len(shape) - numbers.ndim :]
            fits = numbers.ndim <= len(shape) and all(
                size in (1, given) or (given is None and axis > 0)
                for axis, (size, given) in enumerate(
                    zip(numbers.shape, sizes, strict=True), len(shape) - numbers.ndim
                )
            )
            if not fits:
                raise ValueError(
                    f"{self}: {option} of shape {numbers.shape} does not broadcast against inputs "
                    f"of shape {shape}."
                )
        return shape

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "scale": self.scale.tolist(),
            "offset": self.offset.tolist(),
            **super().get_config(),
        }

    def _numbers(self, option: str, value: Any) -> np.ndarray:
        try:
            return np.asarray(value, np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{self}: {option} must be a number or nested lists of numbers, got {value!r}."
            ) from None
