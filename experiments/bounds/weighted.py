"""Rounding bounds of the layers with a kernel: sums of products.

The number of products n is kh kw Cin for a convolution's output, kh kw Cout for its input
gradient, and N H W for its kernel's; Cin and Cout are those of one group.
"""

from __future__ import annotations

import math
from functools import partial

from experiments.bounds.activations import activation_bounds
from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded, Precision
from scratch import functional as F  # noqa: N812
from scratch.layers import Conv2D, Dense


def conv2d_bounds(layer: Conv2D, call: GivenCall) -> Bounds:
    """Bounds of a convolution, its activation and its gradients."""
    p = call.precision
    x, kernel = p.given(call.x), p.given(layer.weights["kernel"])
    height, width, channels, filters = kernel.value.shape
    area = height * width
    forward = partial(F.conv2d, **layer.geometry)
    z = _plus_bias(layer, p.dot(forward, x, kernel, n=area * channels), p)
    y, dz = activation_bounds(layer.activation, z, call.dy, p)

    def kernel_gradient(dz: Array, x: Array) -> Array:
        return F.conv2d_kernel_gradient(dz, x, layer.kernel_size, **layer.geometry)

    def input_gradient(dz: Array, kernel: Array) -> Array:
        return F.conv2d_input_gradient(dz, kernel, call.x.shape[1:3], **layer.geometry)

    positions = math.prod(call.dy.shape[:3])
    bounds = {
        "output": y,
        "grad_input": p.dot(input_gradient, dz, kernel, n=area * filters // layer.groups),
        "grad:kernel": p.dot(kernel_gradient, dz, x, n=positions),
    }
    if layer.use_bias:
        bounds["grad:bias"] = p.sum(dz, F.conv2d_bias_gradient, n=positions)
    return bounds


def dense_bounds(layer: Dense, call: GivenCall) -> Bounds:
    """Bounds of a fully connected layer, its activation and its gradients."""
    p = call.precision
    x, kernel = p.given(call.x), p.given(layer.weights["kernel"])
    features, units = kernel.value.shape
    z = _plus_bias(layer, p.dot(F.dense, x, kernel, n=features), p)
    y, dz = activation_bounds(layer.activation, z, call.dy, p)
    rows = call.dy.size // units
    bounds = {
        "output": y,
        "grad_input": p.dot(F.dense_input_gradient, dz, kernel, n=units),
        "grad:kernel": p.dot(F.dense_kernel_gradient, dz, x, n=rows),
    }
    if layer.use_bias:
        bounds["grad:bias"] = p.sum(dz, F.dense_bias_gradient, n=rows)
    return bounds


def _plus_bias(layer: Conv2D | Dense, z: Bounded, p: Precision) -> Bounded:
    return p.add(z, p.given(layer.weights["bias"])) if layer.use_bias else z
