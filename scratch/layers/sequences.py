"""Convolutions of sequences: those of images, on images of one row."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch.initializers import Initializer
from scratch.layers.base import Shape
from scratch.layers.convolution import Convolution, Sides

One = int | tuple[int]


def across(value: Any) -> Any:
    """One number, or a tuple of one, as (vertical, horizontal) of an image of one row."""
    number = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    return (1, number)


class SequenceConvolution(Convolution):
    """Makes a convolution of sequences (batch, steps, channels) of the image convolution behind it.

    To be named before that class among the bases. Kernels have no axis for the height.
    """

    def product(
        self, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None
    ) -> np.ndarray:
        """See `Convolution.product`."""
        return super().product(x[:, None], kernel[None], bias)[:, 0]

    def input_gradient(self, dz: np.ndarray, kernel: np.ndarray, input_size: Sides) -> np.ndarray:
        """See `Convolution.input_gradient`."""
        return super().input_gradient(dz[:, None], kernel[None], (1, *input_size))[:, 0]

    def kernel_gradient(self, dz: np.ndarray, x: np.ndarray) -> np.ndarray:
        """See `Convolution.kernel_gradient`."""
        return super().kernel_gradient(dz[:, None], x[:, None])[0]

    def build(self, input_shape: Any) -> None:
        """The image convolution's weights, kernels without their height of 1."""
        super().build(self._one_row(input_shape))

    def _add_kernel(self, name: str, shape: tuple[int, ...], initializer: Initializer) -> None:
        super()._add_kernel(name, shape[1:], initializer)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_steps, new_channels)."""
        batch, _, steps, channels = super().compute_output_shape(self._one_row(input_shape))
        return batch, steps, channels

    def _one_row(self, input_shape: Any) -> Shape:
        if len(input_shape) != 3:
            raise ValueError(
                f"{self} takes sequences (batch, steps, channels), got shape {tuple(input_shape)}."
            )
        batch, steps, channels = input_shape
        return batch, 1, steps, channels

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        config = super().get_config()
        pairs = ("kernel_size", "strides", "dilation_rate")
        return {**config, **{option: config[option][1:] for option in pairs}}
