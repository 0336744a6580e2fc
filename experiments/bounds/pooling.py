"""Rounding bounds of the pooling layers.

Where windows overlap, a cell's gradient is a sum of as many terms as windows reach it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded
from scratch import functional as F  # noqa: N812
from scratch.layers import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)

# A division by the number of cells, or a product with the rounded reciprocal.
_DIVISION = 2


def max_pooling_bounds(layer: MaxPooling2D, call: GivenCall) -> Bounds:
    """A maximum is exact; which cell it is, is in doubt only where subnormals count as zeros."""
    x = call.precision.given(call.x)
    y, argmax = F.max_pool2d(x.value, **layer.geometry)
    doubt = np.zeros(y.shape) if x.exact else F.max_pool2d(x.radii[2], **layer.geometry)[0]

    def sent_to(argmax: Array, dy: Array) -> Array:
        return F.max_pool2d_backward(dy, argmax, call.x.shape[1:3], **layer.geometry)

    windows = _most_windows_on_a_cell(layer)
    dy = call.precision.given(call.dy)
    dx = call.precision.sum(dy, partial(sent_to, argmax), n=windows - 1)
    undecided = (np.abs(y) <= doubt) & (doubt > 0)
    if undecided.any():
        disputed = np.abs(call.dy) * undecided
        cells = range(math.prod(layer.pool_size))
        moved = sum(sent_to(np.full_like(argmax, cell), disputed) for cell in cells)
        flipping = call.precision.round(dx.value, dx.radii + moved, n=windows).radii[2]
        dx = Bounded(dx.value, np.stack([*dx.radii[:2], flipping]))
    # A cell that counts as zero may win, and is returned as it is: twice the doubt.
    output = Bounded(y, np.broadcast_to(2 * doubt, (3, *y.shape)))
    return {"output": output, "grad_input": dx}


def average_pooling_bounds(layer: AveragePooling2D, call: GivenCall) -> Bounds:
    """A sum over the window's cells, divided by their number."""

    def spread(dy: Array) -> Array:
        return F.average_pool2d_backward(dy, call.x.shape[1:3], **layer.geometry)

    p = call.precision
    average = partial(F.average_pool2d, **layer.geometry)
    cells, windows = math.prod(layer.pool_size), _most_windows_on_a_cell(layer)
    return {
        "output": p.sum(p.given(call.x), average, n=cells - 1 + _DIVISION),
        "grad_input": p.sum(p.given(call.dy), spread, n=windows - 1 + _DIVISION),
    }


def global_average_pooling_bounds(layer: GlobalAveragePooling2D, call: GivenCall) -> Bounds:
    """A sum over the image, divided by the number of pixels."""
    size = call.x.shape[1:-1]

    def spread(dy: Array) -> Array:
        return F.global_average_pool_backward(dy, size)

    p = call.precision
    average = partial(F.global_average_pool, keepdims=layer.keepdims)
    return {
        "output": p.sum(p.given(call.x), average, n=math.prod(size) - 1 + _DIVISION),
        "grad_input": p.sum(p.given(call.dy), spread, n=_DIVISION),
    }


def global_max_pooling_bounds(layer: GlobalMaxPooling2D, call: GivenCall) -> Bounds:
    """A maximum is exact; tied ones share by a rounded reciprocal, and a product with it.

    Which cells are tied is in doubt only where subnormals count as zeros.
    """
    p, x = call.precision, call.x
    given, dy = p.given(x), p.given(call.dy)
    y = F.global_max_pool(x, layer.keepdims)
    doubt = np.zeros(y.shape) if given.exact else F.global_max_pool(given.radii[2], layer.keepdims)
    dx = p.sum(dy, lambda dy: F.global_max_pool_backward(dy, x, y), n=_DIVISION)
    undecided = (np.abs(y) <= doubt) & (doubt > 0)
    if undecided.any():
        size, channels = x.shape[1:-1], x.shape[-1]
        in_doubt = (np.abs(call.dy) * undecided).reshape(len(x), *[1] * len(size), channels)
        widest = doubt.reshape(in_doubt.shape)
        flipping = p.round(dx.value, dx.radii + in_doubt * (np.abs(x) <= widest)).radii[2]
        dx = Bounded(dx.value, np.stack([*dx.radii[:2], flipping]))
    output = Bounded(y, np.broadcast_to(2 * doubt, (3, *y.shape)))
    return {"output": output, "grad_input": dx}


def of_sequences(bounds: Callable[[Any, GivenCall], Bounds]) -> Callable[[Any, GivenCall], Bounds]:
    """The bounds of a pooling of sequences, from those of images of one row."""

    def of_one_row(layer: Any, call: GivenCall) -> Bounds:
        image = replace(call, inputs=(call.x[:, None],), dy=call.dy[:, None])
        return {
            tensor: Bounded(bounded.value[:, 0], bounded.radii[:, :, 0])
            for tensor, bounded in bounds(layer, image).items()
        }

    return of_one_row


def _most_windows_on_a_cell(layer: MaxPooling2D | AveragePooling2D) -> int:
    sides = zip(layer.pool_size, layer.strides, strict=True)
    return math.prod(math.ceil(size / stride) for size, stride in sides)
