"""Pooling whose windows lie elsewhere, are another number, or share what is each one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.functional import resolve_padding
from scratch.functional.padding import Size
from scratch.layers.pooling import Pooling2D

Array = np.ndarray


def _windows(
    layer: Pooling2D, input_size: Size, strides: Size, outputs: Size
) -> tuple[tuple[slice, slice, slice], dict[str, Any]]:
    """`outputs` windows that begin where the layer's do, but move by `strides`.

    Returns:
        The part of the images that they see, and the options that pool it so.
    """
    top, _, left, _ = resolve_padding(layer.padding, input_size, layer.pool_size, layer.strides)
    reach = [
        (n - 1) * stride + size - before
        for n, stride, size, before in zip(
            outputs, strides, layer.pool_size, (top, left), strict=True
        )
    ]
    bottom, right = (max(0, end - n) for end, n in zip(reach, input_size, strict=True))
    seen = (slice(None), slice(min(reach[0], input_size[0])), slice(min(reach[1], input_size[1])))
    pads = (top, bottom, left, right)
    return seen, {"pool_size": layer.pool_size, "strides": strides, "padding": pads}


class MaxPoolStrideIgnored(layers.MaxPooling2D):
    """Backward windows start at h, w instead of h * stride, w * stride (source B's code)."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Keep the input, in which the backward windows look for their maxima."""
        y = super().forward(x, training)
        self.cache = x
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient of a pooling that moves by one."""
        x = self.cache
        seen, options = _windows(self, x.shape[1:3], (1, 1), dy.shape[1:3])
        _, argmax = F.max_pool2d(x[seen], **options)
        dx = np.zeros_like(x)
        dx[seen] = F.max_pool2d_backward(dy, argmax, x[seen].shape[1:3], **options)
        return dx


class AveragePoolStrideIgnored(layers.AveragePooling2D):
    """Backward windows start at h, w instead of h * stride, w * stride (source B's code)."""

    def backward(self, dy: Array) -> Array:
        """The gradient of a pooling that moves by one."""
        dx = np.zeros((len(dy), *self.cache, dy.shape[3]), dy.dtype)
        seen, options = _windows(self, self.cache, (1, 1), dy.shape[1:3])
        dx[seen] = F.average_pool2d_backward(dy, dx[seen].shape[1:3], **options)
        return dx


class MovesByPoolSize(layers.MaxPooling2D):
    """Windows lie side by side, whatever the stride (source D's `pooling`)."""

    @property
    def geometry(self) -> dict[str, Any]:
        """The right options but for the stride."""
        return {**super().geometry, "strides": self.pool_size}

    def backward(self, dy: Array) -> Array:
        """The gradient of that, if dy is of that output's shape."""
        _check_upstream(dy, self.cache[1].shape)
        return super().backward(dy)


class ChannelsByHeight(layers.MaxPooling2D):
    """The output has as many channels as the image has rows (source D's `pooling`).

    Fewer channels leave the rest zero; more do not fit.
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """Right numbers, channel by channel, in an array of the wrong size."""
        y = super().forward(x, training)
        out = np.zeros((x.shape[1], *y.shape[:3]), y.dtype)  # (H, N, Ho, Wo)
        for channel in range(y.shape[3]):
            out[channel] = y[..., channel]
        return np.moveaxis(out, 0, -1)


class SizeByStride(layers.MaxPooling2D):
    """The output has H // stride rows, whatever the window (source E's `MaxPooling`).

    Windows that leave the image are cut off at its edge.
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """As many windows as the stride divides off."""
        super().forward(x, training)
        outputs = (x.shape[1] // self.strides[0], x.shape[2] // self.strides[1])
        if 0 in outputs:
            y = np.zeros((len(x), *outputs, x.shape[3]), x.dtype)
            self.cache = (y, y.astype(np.int32), None)
            return y
        seen, options = _windows(self, x.shape[1:3], self.strides, outputs)
        y, argmax = F.max_pool2d(x[seen], **options)
        self.cache = (x, argmax, (seen, options))
        return y

    def backward(self, dy: Array) -> Array:
        """The gradient of that, if dy is of that output's shape."""
        x, argmax, layout = self.cache
        _check_upstream(dy, argmax.shape)
        dx = np.zeros_like(x)
        if layout:
            seen, options = layout
            dx[seen] = F.max_pool2d_backward(dy, argmax, x[seen].shape[1:3], **options)
        return dx


class SharedMaximumMask(layers.MaxPooling2D):
    """One mask marks the maxima of all windows, and each window uses all of it (source E)."""

    def backward(self, dy: Array) -> Array:
        """Send dy to every marked cell of its window, its own maximum or a neighbour's."""
        argmax, size = self.argmax(), self.cache[0].shape[1:3]
        mask = F.max_pool2d_backward(np.ones_like(dy), argmax, size, **self.geometry) > 0
        dx = np.zeros(mask.shape, dy.dtype)
        for cell in range(self.pool_size[0] * self.pool_size[1]):
            dx += F.max_pool2d_backward(dy, np.full_like(argmax, cell), size, **self.geometry)
        return dx * mask


class GradientRepeatedByStride(layers.MaxPooling2D):
    """dy is blown up by `np.repeat` with the stride, then masked (source E's `MaxPooling`).

    That is right only where the windows tile the image: f = stride, and stride divides H and W.
    """

    def backward(self, dy: Array) -> Array:
        """Repeat and mask; NumPy refuses sizes that do not fit."""
        argmax, size = self.argmax(), self.cache[0].shape[1:3]
        mask = F.max_pool2d_backward(np.ones_like(dy), argmax, size, **self.geometry) > 0
        return dy.repeat(self.strides[0], axis=1).repeat(self.strides[1], axis=2) * mask


def _check_upstream(dy: Array, expected: tuple[int, ...]) -> None:
    if dy.shape != expected:
        raise ValueError(f"The upstream gradient is {dy.shape}, the layer's output {expected}.")


_BACKWARD = "the backward windows of pooling moved by one pixel instead of the stride"

FAULTS: tuple[Fault, ...] = (
    Fault(
        "max-pool-stride-ignored-in-backward",
        _BACKWARD,
        MaxPoolStrideIgnored,
        ("grad_input",),
        ("signs_convnet", "pool1"),
        source="B",
        functions=("pool_backward",),
    ),
    Fault(
        "average-pool-stride-ignored-in-backward",
        _BACKWARD,
        AveragePoolStrideIgnored,
        ("grad_input",),
        ("specimen", "average_pool"),
        source="B",
        functions=("pool_backward",),
    ),
    Fault(
        "pool-moves-by-its-size",
        "the pooling windows moved by their own size instead of the stride",
        MovesByPoolSize,
        ("output", "grad_input"),
        ("specimen", "max_pool"),
        source="D",
        functions=("pooling",),
    ),
    Fault(
        "channels-by-height",
        "the output of pooling had as many channels as its input has rows",
        ChannelsByHeight,
        ("output",),
        ("signs_convnet", "pool1"),
        source="D",
        functions=("pooling",),
    ),
    Fault(
        "pool-size-by-stride",
        "the output of pooling had h // stride rows whatever the window",
        SizeByStride,
        ("output", "grad_input"),
        ("specimen", "max_pool"),
        source="E",
        functions=("MaxPooling.forward",),
    ),
    Fault(
        "shared-maximum-mask",
        "one mask of all windows' maxima was used in each pooling window",
        SharedMaximumMask,
        ("grad_input",),
        ("specimen", "max_pool"),
        source="E",
        functions=("MaxPooling.forward", "MaxPooling.backward"),
    ),
    Fault(
        "gradient-repeated-by-stride",
        "the gradient of pooling was repeated by the stride and masked",
        GradientRepeatedByStride,
        ("grad_input",),
        ("specimen", "max_pool"),
        source="E",
        functions=("MaxPooling.backward",),
    ),
)
