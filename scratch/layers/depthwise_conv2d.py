"""Two-dimensional depthwise convolution."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.layers.arguments import Pair, pair
from scratch.layers.base import Shape
from scratch.layers.convolution import Convolution, Sides


class DepthwiseConv2D(Convolution):
    """`activation(depthwise_conv2d(x, kernel) + bias)`, as `keras.layers.DepthwiseConv2D`.

    Args:
        kernel_size: One integer or (height, width).
        strides: One integer or (vertical, horizontal).
        padding: "valid" or "same" (TensorFlow's rule: the extra pixel at the bottom and right).
        depth_multiplier: Kernels, and so outputs, for each input channel.
        dilation_rate: One integer or (vertical, horizontal).
        activation: A name that `scratch.functional.activations.get` knows, or None.
        use_bias: Whether to add a bias.
        depthwise_initializer: Name, instance or config of an initializer, of the kernel.
        bias_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new_height, new_width, channels * depth_multiplier).

    Raises:
        ValueError: An argument out of range.
    """

    option_names: ClassVar[dict[str, str]] = {"kernel": "depthwise"}

    def __init__(
        self,
        kernel_size: int | Pair,
        strides: int | Pair = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        *,
        dilation_rate: int | Pair = (1, 1),
        activation: str | None = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_at_least(f"{self}: depth_multiplier", depth_multiplier, 1)
        self.depth_multiplier = int(depth_multiplier)
        self._set_window(pair(kernel_size, self, "kernel_size"), strides, padding)
        self.dilation_rate = pair(dilation_rate, self, "dilation_rate")
        self._set_end(activation, use_bias, bias_initializer)
        self.depthwise_initializer = initializers.get(depthwise_initializer)

    def build(self, input_shape: Any) -> None:
        """Create kernel (kh, kw, channels, multiplier) and bias (channels * multiplier,)."""
        self.features = self._channels(input_shape)
        shape = (*self.kernel_size, self.features, self.depth_multiplier)
        self._add_kernel("kernel", shape, self.depthwise_initializer)
        self._add_bias(self.features * self.depth_multiplier)
        self.built = True

    def product(
        self, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None
    ) -> np.ndarray:
        """See `Convolution.product`."""
        return F.depthwise_conv2d(x, kernel, bias, **self.geometry)

    def input_gradient(self, dz: np.ndarray, kernel: np.ndarray, input_size: Sides) -> np.ndarray:
        """See `Convolution.input_gradient`."""
        return F.depthwise_conv2d_input_gradient(dz, kernel, input_size, **self.geometry)

    def kernel_gradient(self, dz: np.ndarray, x: np.ndarray) -> np.ndarray:
        """See `Convolution.kernel_gradient`."""
        return F.depthwise_conv2d_kernel_gradient(dz, x, self.kernel_size, **self.geometry)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_height, new_width, channels * depth_multiplier)."""
        channels = self._channels(input_shape) * self.depth_multiplier
        return (input_shape[0], *self._output_size(input_shape), channels)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": initializers.serialize(self.depthwise_initializer),
            **super().get_config(),
        }
