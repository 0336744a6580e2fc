"""Rounding bounds of layers that scale and shift by given numbers.

Both sides compute the same expressions; TensorFlow may add the products of LayerScale's gradient
in any order.
"""

from __future__ import annotations

import numpy as np

from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded
from scratch import layers


def rescaling_bounds(layer: layers.Rescaling, call: GivenCall) -> Bounds:
    """Bounds of x scale + offset."""
    p = call.precision
    scale, offset = p.constant(layer.scale), p.constant(layer.offset)
    return {
        "output": p.add(p.multiply(p.given(call.x), scale), offset),
        "grad_input": p.multiply(p.given(call.dy), scale),
    }


def fixed_normalization_bounds(layer: layers.Normalization, call: GivenCall) -> Bounds:
    """Bounds of (x - mean) / deviation, or of its inverse x deviation + mean.

    The deviation is off by at most two roundings: its own, and half of what rounding an option
    changed in the variance.
    """
    p = call.precision
    numbers, root = layer.statistics(call.x.shape)
    mean = p.given(numbers) if layer.mean is None else p.constant(numbers)
    deviation = p.round(root, np.zeros((3, *root.shape)), n=2)
    x, dy = p.given(call.x), p.given(call.dy)
    if layer.invert:
        output = p.add(p.multiply(x, deviation), mean)
        return {"output": output, "grad_input": p.multiply(dy, deviation)}
    floor = float(root.min()) / 2
    return {
        "output": p.divide(p.subtract(x, mean), deviation, floor),
        "grad_input": p.divide(dy, deviation, floor),
    }


def layer_scale_bounds(layer: layers.LayerScale, call: GivenCall) -> Bounds:
    """Bounds of x gamma and its gradients."""
    p, gamma = call.precision, call.precision.given(layer.weights["gamma"])
    bounds = {
        "output": p.multiply(p.given(call.x), gamma),
        "grad_input": p.multiply(p.given(call.dy), gamma),
    }
    if layer.trainable:
        products = p.multiply(p.given(call.dy), p.given(call.x))
        count = call.x.size // call.x.shape[-1]
        bounds["grad:gamma"] = p.sum(products, _to_channels, n=count)
    return bounds


def custom_scale_bounds(layer: layers.CustomScaleLayer, call: GivenCall) -> Bounds:
    """Bounds of x[0] + x[1] scale."""
    p = call.precision
    shortcut, residual = (p.given(x) for x in call.inputs)
    return {
        "output": p.add(shortcut, _scaled(call, residual, layer.scale)),
        "grad_input": Bounded(call.dy, np.zeros((3, *call.dy.shape))),
        "grad_input:1": _scaled(call, p.given(call.dy), layer.scale),
    }


def _scaled(call: GivenCall, a: Bounded, scale: float) -> Bounded:
    return call.precision.multiply(a, call.precision.constant(np.array(scale)))


def _to_channels(values: Array) -> Array:
    return values.reshape(-1, values.shape[-1]).sum(axis=0)
