"""What the layers with a sliding window share: their arguments and their geometry."""

from __future__ import annotations

from typing import Any

from scratch.functional import Padding, output_size, resolve_padding
from scratch.layers.arguments import Pair, image_shape, pair
from scratch.layers.base import Layer


class Window2D(Layer):
    """Base of convolution and pooling: a window of `window_size` that moves by `strides`."""

    window_size: Pair
    strides: Pair
    padding: str
    dilation_rate: Pair = (1, 1)
    paddings: tuple[str, ...] = ("valid", "same")

    def _set_window(self, size: Pair, strides: int | Pair, padding: str) -> None:
        if padding not in self.paddings:
            known = " or ".join(f'"{name}"' for name in self.paddings)
            raise ValueError(f"{self}: padding must be {known}, got {padding!r}.")
        self.window_size = size
        self.strides = pair(strides, self, "strides")
        self.padding = padding

    @property
    def _zeros(self) -> Padding:
        """`padding` as functions take it."""
        return self.padding

    def _output_size(self, input_shape: Any) -> tuple[int | None, int | None]:
        """(H, W) of the output; each is None where the input's is."""
        height, width, _ = image_shape(self, input_shape)
        known = (
            self._one_window(0) if height is None else height,
            self._one_window(1) if width is None else width,
        )
        geometry = (self.window_size, self.strides)
        pads = resolve_padding(self._zeros, known, *geometry, self.dilation_rate)
        try:
            size = output_size(known, *geometry, pads, self.dilation_rate)
        except ValueError as error:
            raise ValueError(f"{self} on input {tuple(input_shape)}: {error}") from None
        return None if height is None else size[0], None if width is None else size[1]

    def _one_window(self, axis: int) -> int:
        """A stand-in for an unknown size: just large enough for one window."""
        return (self.window_size[axis] - 1) * self.dilation_rate[axis] + 1
