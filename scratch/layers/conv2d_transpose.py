"""Two-dimensional transposed convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.layers.arguments import Pair, image_shape, pair
from scratch.layers.base import Shape
from scratch.layers.convolution import Convolution, Sides


class Conv2DTranspose(Convolution):
    """`activation(conv2d_transpose(x, kernel) + bias)`, as `keras.layers.Conv2DTranspose`.

    Args:
        filters: Output channels.
        kernel_size: One integer or (height, width).
        strides: One integer or (vertical, horizontal): how much larger the output is.
        padding: "valid" or "same", of the convolution that this one transposes.
        output_padding: One integer or (vertical, horizontal), pixels added to the output at the
            bottom and right, fewer than the strides; None lets `strides` decide.
        dilation_rate: One integer or (vertical, horizontal).
        activation: A name that `scratch.functional.activations.get` knows, or None.
        use_bias: Whether to add a bias.
        kernel_initializer: Name, instance or config of an initializer.
        bias_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new_height, new_width, filters).

    Raises:
        ValueError: An argument out of range.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Pair,
        strides: int | Pair = (1, 1),
        padding: str = "valid",
        output_padding: int | Pair | None = None,
        *,
        dilation_rate: int | Pair = (1, 1),
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_at_least(f"{self}: filters", filters, 1)
        self.filters = int(filters)
        self._set_window(pair(kernel_size, self, "kernel_size"), strides, padding)
        self.dilation_rate = pair(dilation_rate, self, "dilation_rate")
        self.output_padding: Pair | None = None
        if output_padding is not None:
            self.output_padding = pair(output_padding, self, "output_padding", least=0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{self}: output_padding must be below strides={self.strides}, "
                    f"got {output_padding!r}."
                )
        self._set_end(activation, use_bias, bias_initializer)
        self.kernel_initializer = initializers.get(kernel_initializer)

    def build(self, input_shape: Any) -> None:
        """Create kernel (kh, kw, filters, channels) and bias (filters,)."""
        self.features = self._channels(input_shape)
        shape = (*self.kernel_size, self.filters, self.features)
        self._add_kernel("kernel", shape, self.kernel_initializer)
        self._add_bias(self.filters)
        self.built = True

    def product(
        self, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None
    ) -> np.ndarray:
        """See `Convolution.product`."""
        height, width = self._output_side(0, x.shape[1]), self._output_side(1, x.shape[2])
        return F.conv2d_transpose(x, kernel, (height, width), bias, **self.geometry)

    def input_gradient(self, dz: np.ndarray, kernel: np.ndarray, input_size: Sides) -> np.ndarray:  # noqa: ARG002
        """See `Convolution.input_gradient`."""
        return F.conv2d_transpose_input_gradient(dz, kernel, **self.geometry)

    def kernel_gradient(self, dz: np.ndarray, x: np.ndarray) -> np.ndarray:
        """See `Convolution.kernel_gradient`."""
        return F.conv2d_transpose_kernel_gradient(dz, x, self.kernel_size, **self.geometry)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_height, new_width, filters)."""
        self._channels(input_shape)
        sides = enumerate(image_shape(self, input_shape)[:2])
        size = [None if length is None else self._output_side(i, length) for i, length in sides]
        return (input_shape[0], *size, self.filters)

    def _output_side(self, side: int, length: int) -> int:
        """One side of the output.

        Raises:
            ValueError: No convolution of an output of that size gives the input.
        """
        stride = self.strides[side]
        extra = None if self.output_padding is None else self.output_padding[side]
        size = F.transposed_output_size(
            length, self.kernel_size[side], stride, self.padding, extra, self.dilation_rate[side]
        )
        if self.padding == "same" and -(-size // stride) != length:
            raise ValueError(
                f'{self}: with padding "same" and a kernel that spans an even number of pixels '
                f"output_padding must be at least 1, got {self.output_padding}."
            )
        return size

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        extra = self.output_padding
        return {
            "filters": self.filters,
            "output_padding": None if extra is None else list(extra),
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            **super().get_config(),
        }
