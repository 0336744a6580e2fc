"""What max and average pooling share."""

from __future__ import annotations

from typing import Any

from scratch.layers.arguments import Pair, image_shape, pair
from scratch.layers.base import Shape
from scratch.layers.sequences import One, across
from scratch.layers.windows import Window2D


class Pooling2D(Window2D):
    """Base of the pooling layers; holds their arguments.

    Args:
        pool_size: One integer or (height, width).
        strides: One integer or (vertical, horizontal); `pool_size` when None.
        padding: "valid" or "same"; padding is never the maximum and never counted in an average.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new_height, new_width, channels).
    """

    def __init__(
        self,
        pool_size: int | Pair,
        strides: int | Pair | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        size = pair(pool_size, self, "pool_size")
        self._set_window(size, size if strides is None else strides, padding)

    @property
    def pool_size(self) -> Pair:
        """(height, width) of the window."""
        return self.window_size

    @property
    def geometry(self) -> dict[str, Any]:
        """The options that every function of `functional.pooling` takes."""
        return {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_height, new_width, channels)."""
        _, _, channels = image_shape(self, input_shape)
        return (input_shape[0], *self._output_size(input_shape), channels)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "pool_size": list(self.pool_size),
            "strides": list(self.strides),
            "padding": self.padding,
            **super().get_config(),
        }


class SequencePooling(Pooling2D):
    """Base of the pooling layers of sequences: those of images, on images of one row.

    Args:
        pool_size: Steps that a window covers.
        strides: Steps between windows; `pool_size` when None.
        padding: See `Pooling2D`.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new_steps, channels).
    """

    def __init__(
        self,
        pool_size: One,
        strides: One | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        steps = None if strides is None else across(strides)
        super().__init__(across(pool_size), steps, padding, name=name, dtype=dtype)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_steps, channels)."""
        if len(input_shape) != 3:
            raise ValueError(
                f"{self} takes sequences (batch, steps, channels), got shape {tuple(input_shape)}."
            )
        batch, steps, channels = input_shape
        batch, _, steps, channels = super().compute_output_shape((batch, 1, steps, channels))
        return batch, steps, channels

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        config = super().get_config()
        return {**config, "pool_size": config["pool_size"][1:], "strides": config["strides"][1:]}
