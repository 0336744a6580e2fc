"""Rounding bounds of the convolutions: every tensor is a sum of products (Higham 2002, 3.1).

How many products n there are, with kh kw cells in a window, C and F channels before and after it
(of one group, where there are groups) and P windows in the batch:

| layer | output | dx | dkernel |
|---|---|---|---|
| convolution | kh kw C | kh kw F | P |
| depthwise, M kernels a channel | kh kw | kh kw M | P |
| transposed | kh kw C | kh kw F | P |

Where the scratch side computes by Winograd's algorithm, `winograd` says what that adds.

A separable convolution is two of them; what lies in between is computed, by NumPy as by
TensorFlow, and its error goes through the second, and through both gradients' paths back.
"""

from __future__ import annotations

import math
from functools import partial

from experiments.bounds.activations import activation_bounds
from experiments.bounds.call import Bounds, GivenCall
from experiments.bounds.dense import plus_bias
from experiments.bounds.winograd import with_winograd
from experiments.rounding import Array, Bounded
from scratch import functional as F  # noqa: N812
from scratch.functional.convolution import Pass, Problem, chosen
from scratch.functional.windows import windows_over
from scratch.layers import Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from scratch.layers.convolution import Convolution


def convolution_bounds(layer: Convolution, call: GivenCall) -> Bounds:
    """Bounds of a convolution with one kernel, its activation and its gradients."""
    p = call.precision
    x, kernel = p.given(call.x), p.given(layer.weights["kernel"])
    forward, backward = _products(layer)
    transposed = isinstance(layer, Conv2DTranspose)
    to_output, to_input = _PASSES[::-1] if transposed else _PASSES
    problem = _problem(layer, call)

    def as_chosen(standard: Bounded, which: Pass, a: Bounded, b: Bounded) -> Bounded:
        if problem is None or chosen(which, problem).elementwise:
            return standard
        return with_winograd(standard, which, a, b, problem, p)

    def input_gradient(dz: Array, kernel: Array) -> Array:
        return layer.input_gradient(dz, kernel, call.x.shape[1:-1])

    product = p.dot(layer.product, x, kernel, n=forward)
    z = plus_bias(layer, as_chosen(product, to_output, x, kernel), p)
    y, dz = activation_bounds(layer.activation, z, call.dy, p)
    dx = p.dot(input_gradient, dz, kernel, n=backward)
    outputs = math.prod(call.dy.shape[:-1])
    windows = math.prod(call.x.shape[:-1]) if transposed else outputs
    dkernel = p.dot(layer.kernel_gradient, dz, x, n=windows)
    sides = (x, dz) if transposed else (dz, x)
    bounds = {
        "output": y,
        "grad_input": as_chosen(dx, to_input, dz, kernel),
        "grad:kernel": as_chosen(dkernel, "kernel_gradient", *sides),
    }
    if layer.use_bias:
        bounds["grad:bias"] = p.sum(dz, F.conv2d_bias_gradient, n=outputs)
    return bounds


def separable_bounds(layer: SeparableConv2D, call: GivenCall) -> Bounds:
    """Bounds of a depthwise and a 1x1 convolution behind it, their activation and gradients."""
    p = call.precision
    x = p.given(call.x)
    depthwise, pointwise = (p.given(layer.weights[f"{name}_kernel"]) for name in _STAGES)
    area, multiplier = math.prod(layer.kernel_size), layer.depth_multiplier
    between, filters = pointwise.value.shape[2:]
    middle = p.dot(partial(F.depthwise_conv2d, **layer.geometry), x, depthwise, n=area)
    z = plus_bias(layer, p.dot(F.conv2d, middle, pointwise, n=between), p)
    y, dz = activation_bounds(layer.activation, z, call.dy, p)

    def to_middle(dz: Array, kernel: Array) -> Array:
        return F.conv2d_input_gradient(dz, kernel, dz.shape[1:3])

    def to_pointwise(dz: Array, middle: Array) -> Array:
        return F.conv2d_kernel_gradient(dz, middle, (1, 1))

    def to_depthwise(dmiddle: Array, x: Array) -> Array:
        return F.depthwise_conv2d_kernel_gradient(dmiddle, x, layer.kernel_size, **layer.geometry)

    def to_input(dmiddle: Array, kernel: Array) -> Array:
        size = call.x.shape[1:3]
        return F.depthwise_conv2d_input_gradient(dmiddle, kernel, size, **layer.geometry)

    positions = math.prod(call.dy.shape[:3])
    dmiddle = p.dot(to_middle, dz, pointwise, n=filters)
    bounds = {
        "output": y,
        "grad_input": p.dot(to_input, dmiddle, depthwise, n=area * multiplier),
        "grad:depthwise_kernel": p.dot(to_depthwise, dmiddle, x, n=positions),
        "grad:pointwise_kernel": p.dot(to_pointwise, dz, middle, n=positions),
    }
    if layer.use_bias:
        bounds["grad:bias"] = p.sum(dz, F.conv2d_bias_gradient, n=positions)
    return bounds


_STAGES = ("depthwise", "pointwise")
_PASSES: tuple[Pass, Pass] = ("forward", "input_gradient")
"""How a convolution computes its output and dx; a transposed one has them the other way round."""


def _problem(layer: Convolution, call: GivenCall) -> Problem | None:
    """The convolution of images that the twins compute, in their dtype; None if it is another."""
    if type(layer) not in (Conv2D, Conv2DTranspose):
        return None
    image = call.dy if isinstance(layer, Conv2DTranspose) else call.x
    options = {"groups": 1, **layer.geometry}
    groups = options.pop("groups")
    windows = windows_over(image.shape[1:3], layer.kernel_size, **options)
    filters = layer.weights["kernel"].shape[3]
    return Problem(windows, len(image), image.shape[3], filters, groups, call.precision.dtype)


def _products(layer: Convolution) -> tuple[int, int]:
    """How many products an output number is the sum of, and a number of dx."""
    area = math.prod(layer.kernel_size)
    into, out = layer.weights["kernel"].shape[-2:]
    if isinstance(layer, DepthwiseConv2D):
        return area, area * out
    if isinstance(layer, Conv2DTranspose):
        return area * out, area * into
    return area * into, area * out // layer.geometry["groups"]
