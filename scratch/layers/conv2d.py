"""Two-dimensional convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.layers.arguments import Pair, pair
from scratch.layers.base import Shape
from scratch.layers.convolution import Convolution, Sides


class Conv2D(Convolution):
    """`activation(conv2d(x, kernel) + bias)`, as `keras.layers.Conv2D`.

    Args:
        filters: Output channels.
        kernel_size: One integer or (height, width).
        strides: One integer or (vertical, horizontal).
        padding: "valid" or "same" (TensorFlow's rule: the extra pixel at the bottom and right).
        dilation_rate: One integer or (vertical, horizontal).
        groups: Channels are split in this many groups, each with filters of its own.
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
        ValueError: An argument out of range, or channels that `groups` does not divide.

    Example:
        >>> Conv2D(8, 3, padding="same")(Input((64, 64, 3))).shape
        (None, 64, 64, 8)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Pair,
        strides: int | Pair = (1, 1),
        padding: str = "valid",
        *,
        dilation_rate: int | Pair = (1, 1),
        groups: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_at_least(f"{self}: filters", filters, 1)
        check_at_least(f"{self}: groups", groups, 1)
        if filters % groups:
            raise ValueError(
                f"{self}: filters must be a multiple of groups, got filters={filters}, "
                f"groups={groups}."
            )
        self.filters = int(filters)
        self._set_window(pair(kernel_size, self, "kernel_size"), strides, padding)
        self.dilation_rate = pair(dilation_rate, self, "dilation_rate")
        self.groups = int(groups)
        self._set_end(activation, use_bias, bias_initializer)
        self.kernel_initializer = initializers.get(kernel_initializer)

    @property
    def geometry(self) -> dict[str, Any]:
        """The options that every function of `functional.conv` takes."""
        return {**super().geometry, "groups": self.groups}

    def build(self, input_shape: Any) -> None:
        """Create kernel (kh, kw, channels / groups, filters) and bias (filters,)."""
        self.features = self._channels(input_shape)
        shape = (*self.kernel_size, self.features // self.groups, self.filters)
        self._add_kernel("kernel", shape, self.kernel_initializer)
        self._add_bias(self.filters)
        self.built = True

    def product(
        self, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None
    ) -> np.ndarray:
        """See `Convolution.product`."""
        return F.conv2d(x, kernel, bias, **self.geometry)

    def input_gradient(self, dz: np.ndarray, kernel: np.ndarray, input_size: Sides) -> np.ndarray:
        """See `Convolution.input_gradient`."""
        return F.conv2d_input_gradient(dz, kernel, input_size, **self.geometry)

    def kernel_gradient(self, dz: np.ndarray, x: np.ndarray) -> np.ndarray:
        """See `Convolution.kernel_gradient`."""
        return F.conv2d_kernel_gradient(dz, x, self.kernel_size, **self.geometry)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_height, new_width, filters)."""
        self._channels(input_shape)
        return (input_shape[0], *self._output_size(input_shape), self.filters)

    def _channels(self, input_shape: Any) -> int:
        """The input's channels, checked."""
        channels = super()._channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{self}: the input's channels must be a multiple of groups={self.groups}, "
                f"got shape {tuple(input_shape)}."
            )
        return channels

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "filters": self.filters,
            "groups": self.groups,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            **super().get_config(),
        }
