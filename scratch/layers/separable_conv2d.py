"""Two-dimensional separable convolution."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.layers.arguments import Pair, pair
from scratch.layers.base import Shape
from scratch.layers.convolution import Convolution


class SeparableConv2D(Convolution):
    """`activation(conv2d(depthwise_conv2d(x)) + bias)`, as `keras.layers.SeparableConv2D`.

    The first convolution mixes pixels, the second, 1x1, mixes channels; nothing lies in between.
    Chollet (2017), "Xception", section 1.

    Args:
        filters: Output channels.
        kernel_size: One integer or (height, width).
        strides: One integer or (vertical, horizontal).
        padding: "valid" or "same" (TensorFlow's rule: the extra pixel at the bottom and right).
        dilation_rate: One integer or (vertical, horizontal).
        depth_multiplier: Depthwise kernels for each input channel.
        activation: A name that `scratch.functional.activations.get` knows, or None.
        use_bias: Whether to add a bias.
        depthwise_initializer: Name, instance or config of an initializer.
        pointwise_initializer: The same.
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

    option_names: ClassVar[dict[str, str]] = {
        "depthwise_kernel": "depthwise",
        "pointwise_kernel": "pointwise",
    }

    def __init__(
        self,
        filters: int,
        kernel_size: int | Pair,
        strides: int | Pair = (1, 1),
        padding: str = "valid",
        *,
        dilation_rate: int | Pair = (1, 1),
        depth_multiplier: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_at_least(f"{self}: filters", filters, 1)
        check_at_least(f"{self}: depth_multiplier", depth_multiplier, 1)
        self.filters = int(filters)
        self.depth_multiplier = int(depth_multiplier)
        self._set_window(pair(kernel_size, self, "kernel_size"), strides, padding)
        self.dilation_rate = pair(dilation_rate, self, "dilation_rate")
        self._set_end(activation, use_bias, bias_initializer)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)

    def build(self, input_shape: Any) -> None:
        """Create the kernels and bias (filters,).

        depthwise_kernel is (kh, kw, channels, multiplier), pointwise_kernel (1, 1, channels *
        multiplier, filters).
        """
        self.features = self._channels(input_shape)
        depthwise = (*self.kernel_size, self.features, self.depth_multiplier)
        pointwise = (1, 1, self.features * self.depth_multiplier, self.filters)
        self._add_kernel("depthwise_kernel", depthwise, self.depthwise_initializer)
        self._add_kernel("pointwise_kernel", pointwise, self.pointwise_initializer)
        self._add_bias(self.filters)
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        middle = F.depthwise_conv2d(x, self.weights["depthwise_kernel"], **self.geometry)
        z = F.conv2d(middle, self.weights["pointwise_kernel"], self.weights.get("bias"))
        y = self.activation.forward(z)
        self.cache = (x, z, y, middle)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Through the 1x1 convolution first, then through the depthwise one."""
        x, z, y, middle = self.cache
        dz = self.activation.backward(dy, z, y)
        dmiddle = self.to_middle(dz, middle)
        self.gradients["depthwise_kernel"] = F.depthwise_conv2d_kernel_gradient(
            dmiddle, x, self.kernel_size, **self.geometry
        )
        self.gradients["pointwise_kernel"] = F.conv2d_kernel_gradient(dz, middle, (1, 1))
        if self.use_bias:
            self.gradients["bias"] = F.conv2d_bias_gradient(dz)
        kernel = self.weights["depthwise_kernel"]
        return F.depthwise_conv2d_input_gradient(dmiddle, kernel, x.shape[1:3], **self.geometry)

    def to_middle(self, dz: np.ndarray, middle: np.ndarray) -> np.ndarray:
        """dL/dmiddle of what the depthwise convolution gave, from dL/dz behind the other one."""
        return F.conv2d_input_gradient(dz, self.weights["pointwise_kernel"], middle.shape[1:3])

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, new_height, new_width, filters)."""
        self._channels(input_shape)
        return (input_shape[0], *self._output_size(input_shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": initializers.serialize(self.depthwise_initializer),
            "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
            **super().get_config(),
        }
