"""What the global pooling layers share."""

from __future__ import annotations

from typing import Any

from scratch.layers.base import Layer, Shape


class GlobalPooling(Layer):
    """Base of the layers that reduce a whole image, or sequence, to one number per channel.

    Args:
        keepdims: Keep the reduced axes with length 1.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels); of the 1D layers (batch, steps, channels).

    Output shape:
        (batch, channels), with the reduced axes in between if `keepdims`.

    Raises:
        ValueError: An input of another rank.
    """

    rank = 4

    def __init__(
        self, *, keepdims: bool = False, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.keepdims = keepdims

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """See the class."""
        if len(input_shape) != self.rank:
            wanted = "images (batch, height, width" if self.rank == 4 else "(batch, steps"
            raise ValueError(f"{self} takes {wanted}, channels), got shape {tuple(input_shape)}.")
        between = (1,) * (self.rank - 2) if self.keepdims else ()
        return (input_shape[0], *between, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"keepdims": self.keepdims, **super().get_config()}
