"""Convolutions whose gradients are wrong."""

from __future__ import annotations

import numpy as np

from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.functional import resolve_padding

Array = np.ndarray


class StrideIgnoredInBackward(layers.Conv2D):
    """Backward windows start at h, w instead of h * stride, w * stride (source B's code)."""

    def backward(self, dy: Array) -> Array:
        """The gradients of a convolution that moves by one."""
        x, z, y = self.cache
        dz = self.activation.backward(dy, z, y)
        height, width = dz.shape[1:3]
        reach = [
            n + (k - 1) * d
            for n, k, d in zip((height, width), self.kernel_size, self.dilation_rate, strict=True)
        ]
        pads = resolve_padding(
            self.padding, x.shape[1:3], self.kernel_size, self.strides, self.dilation_rate
        )
        padded = F.pad2d(x, pads)
        seen = padded[:, : reach[0], : reach[1]]
        options = {**self.geometry, "strides": (1, 1), "padding": "valid"}
        self.gradients["kernel"] = F.conv2d_kernel_gradient(dz, seen, self.kernel_size, **options)
        if self.use_bias:
            self.gradients["bias"] = F.conv2d_bias_gradient(dz)
        dx = np.zeros_like(padded)
        dx[:, : reach[0], : reach[1]] = F.conv2d_input_gradient(
            dz, self.weights["kernel"], seen.shape[1:3], **options
        )
        return F.pad2d_backward(dx, pads)


class InputGradientKernelNotTurned(layers.Conv2D):
    """The input gradient slides the kernel as it is, without the 180-degree turn."""

    def backward(self, dy: Array) -> Array:
        """Compute dx by the turned kernel, which turns it once too often."""
        super().backward(dy)
        x, z, y = self.cache
        kernel = np.ascontiguousarray(self.weights["kernel"][::-1, ::-1])
        dz = self.activation.backward(dy, z, y)
        return F.conv2d_input_gradient(dz, kernel, x.shape[1:3], **self.geometry)


class InputGradientUndilated(layers.Conv2D):
    """The input gradient is a wide convolution of dy as it is (source E's `Conv2D.backward`).

    Strides leave gaps between the windows, which zeros between the numbers of dy would stand for.
    """

    def backward(self, dy: Array) -> Array:
        """Compute dx as of a convolution that moves by one: for other strides it is too small."""
        super().backward(dy)
        x, z, y = self.cache
        dz = self.activation.backward(dy, z, y)
        pads = resolve_padding(
            self.padding, x.shape[1:3], self.kernel_size, self.strides, self.dilation_rate
        )
        sides = zip(dz.shape[1:3], self.kernel_size, self.dilation_rate, strict=True)
        height, width = (n + (k - 1) * d for n, k, d in sides)
        size = (height - pads[0] - pads[1], width - pads[2] - pads[3])
        options = {**self.geometry, "strides": (1, 1), "padding": pads}
        return F.conv2d_input_gradient(dz, self.weights["kernel"], size, **options)


class FirstPatchGradient(layers.Conv2D):
    """The kernel's gradient comes from the first output position alone."""

    def backward(self, dy: Array) -> Array:
        """Right input and bias gradients; dW of one patch an image."""
        dx = super().backward(dy)
        x, z, y = self.cache
        first = np.zeros_like(dy)
        first[:, 0, 0] = self.activation.backward(dy, z, y)[:, 0, 0]
        self.gradients["kernel"] = F.conv2d_kernel_gradient(
            first, x, self.kernel_size, **self.geometry
        )
        return dx


class BiasGradientAveraged(layers.Conv2D):
    """The bias gradient is the mean over positions where it should be the sum."""

    def backward(self, dy: Array) -> Array:
        """Right but for db."""
        dx = super().backward(dy)
        self.gradients["bias"] = self.gradients["bias"] / dy[..., 0].size
        return dx


class ReluDerivativeForgotten(layers.Conv2D):
    """The gradient passes the activation as if it were linear."""

    def backward(self, dy: Array) -> Array:
        """The convolution's gradients for dz = dy."""
        activation, self.activation = self.activation, F.get_activation("linear")
        try:
            return super().backward(dy)
        finally:
            self.activation = activation


FAULTS: tuple[Fault, ...] = (
    Fault(
        "stride-ignored-in-backward",
        "the backward windows moved by one pixel instead of the stride",
        StrideIgnoredInBackward,
        ("grad_input", "grad:kernel"),
        ("ng_example", "conv2"),
        source="B",
        functions=("conv_backward",),
    ),
    Fault(
        "input-gradient-kernel-not-turned",
        "the input gradient used the kernel without turning it",
        InputGradientKernelNotTurned,
        ("grad_input",),
        ("vgg_mini", "conv1_2"),
    ),
    Fault(
        "input-gradient-undilated",
        "the input gradient was a wide convolution of dy without zeros for the stride",
        InputGradientUndilated,
        ("grad_input",),
        ("ng_example", "conv2"),
        source="E",
        functions=("Conv2D.backward",),
    ),
    Fault(
        "first-patch-gradient",
        "the kernel gradient came from the first patch only",
        FirstPatchGradient,
        ("grad:kernel",),
        ("signs_convnet", "conv2"),
    ),
    Fault(
        "bias-gradient-averaged",
        "the bias gradient was averaged over positions instead of summed",
        BiasGradientAveraged,
        ("grad:bias",),
        ("signs_convnet", "conv2"),
    ),
    Fault(
        "relu-derivative-forgotten",
        "the activation's derivative was left out",
        ReluDerivativeForgotten,
        ("grad_input", "grad:kernel", "grad:bias"),
        ("specimen", "conv"),
    ),
)
