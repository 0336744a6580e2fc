"""Two-dimensional convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.functional import activations
from scratch.layers.arguments import Pair, image_shape, input_features, pair
from scratch.layers.base import Shape
from scratch.layers.windows import Window2D


class Conv2D(Window2D):
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
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    @property
    def kernel_size(self) -> Pair:
        """(height, width) of the kernel."""
        return self.window_size

    @property
    def geometry(self) -> dict[str, Any]:
        """The options that every function of `functional.conv` takes."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation": self.dilation_rate,
            "groups": self.groups,
        }

    def build(self, input_shape: Any) -> None:
        """Create kernel (kh, kw, channels / groups, filters) and bias (filters,)."""
        self.features = self._channels(input_shape)
        shape = (*self.kernel_size, self.features // self.groups, self.filters)
        self.add_weight("kernel", shape, self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self.bias_initializer)
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        z = F.conv2d(x, self.weights["kernel"], self.weights.get("bias"), **self.geometry)
        y = self.activation.forward(z)
        self.cache = (x, z, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source A, equations 1 to 3, behind the activation's own derivative."""
        x, z, y = self.cache
        dz = self.activation.backward(dy, z, y)
        self.gradients["kernel"] = F.conv2d_kernel_gradient(
            dz, x, self.kernel_size, **self.geometry
        )
        if self.use_bias:
            self.gradients["bias"] = F.conv2d_bias_gradient(dz)
        return F.conv2d_input_gradient(dz, self.weights["kernel"], x.shape[1:3], **self.geometry)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_height, new_width, filters)."""
        self._channels(input_shape)
        return (input_shape[0], *self._output_size(input_shape), self.filters)

    def _channels(self, input_shape: Any) -> int:
        """The input's channels, checked."""
        image_shape(self, input_shape)
        channels = input_features(self, input_shape)
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
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
            "groups": self.groups,
            "activation": self.activation.name,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            **super().get_config(),
        }
