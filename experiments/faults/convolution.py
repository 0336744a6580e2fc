"""Faulty convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.functional import resolve_padding

Array = np.ndarray


class PaddingShifted(layers.Conv2D):
    """`same` with the extra pixel at the top and left, as if padding were symmetric from there."""

    @property
    def geometry(self) -> dict[str, Any]:
        """The right options with the four pad numbers turned round."""
        size = self._input_size
        top, bottom, left, right = resolve_padding(
            self.padding, size, self.kernel_size, self.strides, self.dilation_rate
        )
        return {**super().geometry, "padding": (bottom, top, right, left)}

    def forward(self, x: Array, training: bool = False) -> Array:
        """Remember the size that the padding depends on."""
        self._input_size = x.shape[1:3]
        return super().forward(x, training)


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


class BiasPerProduct(layers.Conv2D):
    """The bias is added to each of the kh kw Cin products (source A's conv_single_step)."""

    def forward(self, x: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Add the bias once for every product."""
        self._prepare(x)
        kernel = self.weights["kernel"]
        z = F.conv2d(x, kernel, **self.geometry)
        z = z + kernel[..., 0].size * self.weights["bias"]
        y = self.activation.forward(z)
        self.cache = (x, z, y)
        return y


class _OtherKernel(layers.Conv2D):
    """Computes with its kernel's cells in another order."""

    @staticmethod
    def reordered(kernel: Array) -> Array:
        raise NotImplementedError

    def forward(self, x: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Convolve with the reordered kernel."""
        self._prepare(x)
        kernel = self.reordered(self.weights["kernel"])
        z = F.conv2d(x, kernel, self.weights.get("bias"), **self.geometry)
        y = self.activation.forward(z)
        self.cache = (x, z, y)
        return y


class KernelTurned(_OtherKernel):
    """A true convolution, kernel turned by 180 degrees, where frameworks cross-correlate."""

    @staticmethod
    def reordered(kernel: Array) -> Array:
        """Both spatial axes reversed."""
        return np.ascontiguousarray(kernel[::-1, ::-1])


class KernelTransposed(_OtherKernel):
    """Height and width of the kernel exchanged."""

    @staticmethod
    def reordered(kernel: Array) -> Array:
        """The spatial axes exchanged, for square kernels."""
        return np.ascontiguousarray(kernel.swapaxes(0, 1))


class InputGradientKernelNotTurned(layers.Conv2D):
    """The input gradient slides the kernel as it is, without the 180-degree turn."""

    def backward(self, dy: Array) -> Array:
        """Compute dx by the turned kernel, which turns it once too often."""
        super().backward(dy)
        x, z, y = self.cache
        kernel = np.ascontiguousarray(self.weights["kernel"][::-1, ::-1])
        dz = self.activation.backward(dy, z, y)
        return F.conv2d_input_gradient(dz, kernel, x.shape[1:3], **self.geometry)


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
