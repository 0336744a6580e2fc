"""Convolutions whose output is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.faults.fault import Fault
from scratch import config, layers
from scratch import functional as F  # noqa: N812
from scratch.functional import resolve_padding
from scratch.layers.convolution import Convolution

Array = np.ndarray


class ShiftedPadding(Convolution):
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


class PaddingShifted(ShiftedPadding, layers.Conv2D):
    """See `ShiftedPadding`."""


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
    """Computes with another kernel than its own."""

    @staticmethod
    def used(kernel: Array) -> Array:
        raise NotImplementedError

    def forward(self, x: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Convolve with the other kernel."""
        self._prepare(x)
        kernel = self.used(self.weights["kernel"])
        z = F.conv2d(x, kernel, self.weights.get("bias"), **self.geometry)
        y = self.activation.forward(z)
        self.cache = (x, z, y)
        return y


class KernelTurned(_OtherKernel):
    """A true convolution, kernel turned by 180 degrees, where frameworks cross-correlate."""

    @staticmethod
    def used(kernel: Array) -> Array:
        """Both spatial axes reversed."""
        return np.ascontiguousarray(kernel[::-1, ::-1])


class KernelTransposed(_OtherKernel):
    """Height and width of the kernel exchanged."""

    @staticmethod
    def used(kernel: Array) -> Array:
        """The spatial axes exchanged, for square kernels."""
        return np.ascontiguousarray(kernel.swapaxes(0, 1))


class KernelDrawnAnew(_OtherKernel):
    """Every call draws a kernel of its own (source D's `convolution`)."""

    @staticmethod
    def used(kernel: Array) -> Array:
        """Normal numbers in the kernel's shape."""
        return config.random_generator().standard_normal(kernel.shape).astype(kernel.dtype)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "padding-shifted",
        "`same` padding put its extra pixel at the top and left",
        PaddingShifted,
        ("output", "grad_input", "grad:kernel"),
        ("signs_convnet", "conv1"),
    ),
    Fault(
        "bias-per-product",
        "the bias was added once for each product of the window",
        BiasPerProduct,
        ("output",),
        ("signs_convnet", "conv2"),
        source="A",
        functions=("conv_single_step", "conv_forward"),
    ),
    Fault(
        "kernel-turned",
        "the kernel was turned by 180 degrees",
        KernelTurned,
        ("output",),
        ("vgg_mini", "conv1_1"),
    ),
    Fault(
        "kernel-transposed",
        "height and width of the kernel were exchanged",
        KernelTransposed,
        ("output",),
        ("vgg_mini", "conv1_1"),
    ),
    Fault(
        "kernel-drawn-anew",
        "the kernel was drawn anew in every call",
        KernelDrawnAnew,
        ("output",),
        ("vgg_mini", "conv1_1"),
        source="D",
        functions=("convolution",),
        repeatable=False,
    ),
)
