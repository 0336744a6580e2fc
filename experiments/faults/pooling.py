"""Faulty pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.functional import resolve_padding
from scratch.functional.windows import windows_over
from scratch.layers.pooling import Pooling2D

Array = np.ndarray


class AllTiesGetGradient(layers.MaxPooling2D):
    """Every tied maximum of a window gets the whole gradient (sources A and B)."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Keep input and output, which the mask is made from."""
        y = super().forward(x, training)
        self.cache = (x, y)
        return y

    def backward(self, dy: Array) -> Array:
        """One mask for each cell of the window."""
        x, y = self.cache
        dx = np.zeros_like(x)
        for argmax in range(self.pool_size[0] * self.pool_size[1]):
            place = np.full(dy.shape, argmax, np.int32)
            cell = F.max_pool2d_backward(np.ones_like(dy), place, x.shape[1:3], **self.geometry)
            value = F.max_pool2d_backward(y, place, x.shape[1:3], **self.geometry)
            sent = F.max_pool2d_backward(dy, place, x.shape[1:3], **self.geometry)
            dx += np.where((cell > 0) & (value == x), sent, 0)
        return dx


def _overwritten(
    layer: Pooling2D, input_shape: tuple[int, ...], sent: Callable[[int, Any], Array]
) -> Array:
    """Write every window's gradients over what earlier windows have written.

    The last window in row-major order to reach a pixel reaches it with its own earliest cell, so
    that writing cell by cell, the last one first, leaves what writing window by window leaves.

    Args:
        layer: The pooling layer.
        input_shape: (N, H, W, C).
        sent: (index of the cell, its outputs) -> what these outputs send to that cell.
    """
    _, height, width, _ = input_shape
    windows = windows_over((height, width), layer.pool_size, layer.strides, layer.padding)
    cells = list(windows.cells())
    dx = np.zeros(input_shape)
    for i, j, at_output, at_input in reversed(cells):
        dx[at_input] = sent(i * layer.pool_size[1] + j, at_output)
    return dx


class MaxPoolOverwrites(layers.MaxPooling2D):
    """Where windows overlap, the last one's gradient replaces the others' (max)."""

    def backward(self, dy: Array) -> Array:
        """Write instead of adding up."""
        argmax, x = self.argmax(), self.cache[0]

        def sent(cell: int, at_output: Any) -> Array:
            return dy[at_output] * (argmax[at_output] == cell)

        return _overwritten(self, x.shape, sent).astype(dy.dtype)


class AveragePoolOverwrites(layers.AveragePooling2D):
    """Where windows overlap, their weights add up, but the last one's gradient is all that is left.

    That is what source A printed for its overlapping windows.
    """

    def backward(self, dy: Array) -> Array:
        """The last gradient to reach a pixel, times the weights of all windows there."""
        shape = (len(dy), *self.cache, dy.shape[3])
        last = _overwritten(self, shape, lambda _cell, at: dy[at]).astype(dy.dtype)
        weights = F.average_pool2d_backward(np.ones_like(dy), self.cache, **self.geometry)
        return last * weights


class AverageCountsPadding(layers.AveragePooling2D):
    """The average divides by the whole window, padding counted."""

    def _share(self, x_shape: tuple[int, ...], dtype: np.dtype) -> Array:
        """How much of each window lies inside the image."""
        _, height, width, _ = x_shape
        ones = np.ones((1, height, width, 1), dtype)
        pads = resolve_padding(self.padding, (height, width), self.pool_size, self.strides)
        options = {**self.geometry, "padding": "valid"}
        return F.average_pool2d(F.pad2d(ones, pads), **options)

    def forward(self, x: Array, training: bool = False) -> Array:
        """The right average, thinned where the window leaves the image."""
        self._thin = self._share(x.shape, x.dtype)
        return super().forward(x, training) * self._thin

    def backward(self, dy: Array) -> Array:
        """The gradient of that."""
        return super().backward(dy * self._thin)


class GlobalAverageUnscaled(layers.GlobalAveragePooling2D):
    """The gradient of a mean without its 1 / (H W)."""

    def backward(self, dy: Array) -> Array:
        """The gradient of a sum."""
        height, width = self.cache
        return super().backward(dy) * (height * width)


class GlobalMaximumToAll(layers.GlobalMaxPooling2D):
    """Every pixel gets the gradient of its channel's maximum, evenly, as if that were a mean."""

    def backward(self, dy: Array) -> Array:
        """Spread over the image."""
        x, _ = self.cache
        return F.global_average_pool_backward(dy, x.shape[1:-1])


FAULTS: tuple[Fault, ...] = (
    Fault(
        "all-ties-get-the-gradient",
        "every tied maximum got the gradient",
        AllTiesGetGradient,
        ("grad_input",),
        ("signs_convnet", "pool1"),
        source="A, B",
        functions=("create_mask_from_window", "pool_backward"),
    ),
    Fault(
        "overlapping-max-windows-overwrite",
        "overlapping pooling windows overwrote each other's gradient",
        MaxPoolOverwrites,
        ("grad_input",),
        ("specimen", "max_pool"),
    ),
    Fault(
        "overlapping-average-windows-overwrite",
        "overlapping pooling windows overwrote each other's gradient",
        AveragePoolOverwrites,
        ("grad_input",),
        ("specimen", "average_pool"),
        source="A",
        functions=("distribute_value", "pool_backward"),
    ),
    Fault(
        "average-counts-padding",
        "the average counted the padding",
        AverageCountsPadding,
        ("output", "grad_input"),
        ("specimen", "average_pool"),
    ),
    Fault(
        "global-average-unscaled",
        "the gradient of the mean was not divided by the number of pixels",
        GlobalAverageUnscaled,
        ("grad_input",),
        ("signs_deep", "average"),
    ),
    Fault(
        "global-maximum-to-all",
        "the gradient of the maximum was spread over all pixels",
        GlobalMaximumToAll,
        ("grad_input",),
        ("specimen_branches", "maximum_of_all"),
    ),
)
