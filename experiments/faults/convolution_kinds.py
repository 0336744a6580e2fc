"""Depthwise, separable and transposed convolutions that compute something else."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.faults.convolution import ShiftedPadding
from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.functional import resolve_padding

Array = np.ndarray


class DepthwisePaddingShifted(ShiftedPadding, layers.DepthwiseConv2D):
    """See `ShiftedPadding`."""


class DepthwiseOutputsByKernel(layers.DepthwiseConv2D):
    """All channels' first outputs, then their second ones, where each channel's lie together."""

    def product(self, x: Array, kernel: Array, bias: Array | None = None) -> Array:
        """The right outputs in the other order."""
        y = super().product(x, kernel)
        by_channel = y.reshape(*y.shape[:3], -1, self.depth_multiplier)
        y = by_channel.swapaxes(3, 4).reshape(y.shape)
        return y if bias is None else y + bias

    def input_gradient(self, dz: Array, kernel: Array, input_size: tuple[Any, ...]) -> Array:
        """Of that order."""
        return super().input_gradient(self._by_channel(dz), kernel, input_size)

    def kernel_gradient(self, dz: Array, x: Array) -> Array:
        """Of that order."""
        return super().kernel_gradient(self._by_channel(dz), x)

    def _by_channel(self, dz: Array) -> Array:
        by_kernel = dz.reshape(*dz.shape[:3], self.depth_multiplier, -1)
        return by_kernel.swapaxes(3, 4).reshape(dz.shape)


class DepthwiseGradientAveraged(layers.DepthwiseConv2D):
    """The kernel's gradient is a mean over the batch."""

    def kernel_gradient(self, dz: Array, x: Array) -> Array:
        """The right sum, divided by the number of images."""
        return super().kernel_gradient(dz, x) / len(x)


class SeparableReluBetween(layers.SeparableConv2D):
    """A ReLU behind the depthwise convolution, as in MobileNet's blocks."""

    def forward(self, x: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Cut what the depthwise convolution gives off at zero."""
        self._prepare(x)
        middle = F.relu(F.depthwise_conv2d(x, self.weights["depthwise_kernel"], **self.geometry))
        z = F.conv2d(middle, self.weights["pointwise_kernel"], self.weights.get("bias"))
        y = self.activation.forward(z)
        self.cache = (x, z, y, middle)
        return y

    def to_middle(self, dz: Array, middle: Array) -> Array:
        """Through the ReLU as well."""
        return F.relu_backward(super().to_middle(dz, middle), middle)


class TransposedKernelTurned(layers.Conv2DTranspose):
    """The kernel turned by 180 degrees, as if a convolution over x with zeros put in between."""

    def product(self, x: Array, kernel: Array, bias: Array | None = None) -> Array:
        """With the turned kernel."""
        return super().product(x, _turned(kernel), bias)

    def input_gradient(self, dz: Array, kernel: Array, input_size: tuple[Any, ...]) -> Array:
        """With the turned kernel."""
        return super().input_gradient(dz, _turned(kernel), input_size)

    def kernel_gradient(self, dz: Array, x: Array) -> Array:
        """Turned back."""
        return _turned(super().kernel_gradient(dz, x))


class TransposedPaddingShifted(layers.Conv2DTranspose):
    """What `same` cuts off more on one side is cut off at the top and left."""

    @property
    def geometry(self) -> dict[str, Any]:
        """The right options with the four pad numbers turned round."""
        top, bottom, left, right = resolve_padding(
            self.padding, self._size, self.kernel_size, self.strides, self.dilation_rate
        )
        return {**super().geometry, "padding": (bottom, top, right, left)}

    def forward(self, x: Array, training: bool = False) -> Array:
        """Remember the output's size, which the padding depends on."""
        self._size = self._output_side(0, x.shape[1]), self._output_side(1, x.shape[2])
        return super().forward(x, training)


def _turned(kernel: Array) -> Array:
    return np.ascontiguousarray(kernel[::-1, ::-1])


_KERNEL = ("output", "grad_input", "grad:kernel")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "depthwise-padding-shifted",
        "`same` padding put its extra pixel at the top and left",
        DepthwisePaddingShifted,
        _KERNEL,
        ("specimen", "depthwise"),
    ),
    Fault(
        "depthwise-outputs-by-kernel",
        "outputs were sorted by kernel instead of by channel",
        DepthwiseOutputsByKernel,
        _KERNEL,
        ("specimen", "depthwise"),
    ),
    Fault(
        "depthwise-gradient-averaged",
        "the kernel gradient was averaged over the batch instead of summed",
        DepthwiseGradientAveraged,
        ("grad:kernel",),
        ("specimen", "depthwise"),
    ),
    Fault(
        "separable-relu-between",
        "a ReLU stood between the depthwise and the 1x1 convolution",
        SeparableReluBetween,
        ("output", "grad_input", "grad:depthwise_kernel", "grad:pointwise_kernel"),
        ("specimen", "separable"),
    ),
    Fault(
        "transposed-kernel-turned",
        "the kernel was turned by 180 degrees",
        TransposedKernelTurned,
        _KERNEL,
        ("specimen", "transposed"),
    ),
    Fault(
        "transposed-padding-shifted",
        "what `same` cuts off more on one side was cut off at the top and left",
        TransposedPaddingShifted,
        _KERNEL,
        ("specimen", "transposed"),
    ),
)
