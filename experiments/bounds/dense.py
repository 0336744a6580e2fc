"""Rounding bounds of dense layers: sums of products."""

from __future__ import annotations

from experiments.bounds.activations import activation_bounds
from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Bounded, Precision
from scratch import functional as F  # noqa: N812
from scratch.layers import Dense
from scratch.layers.convolution import Convolution


def dense_bounds(layer: Dense, call: GivenCall) -> Bounds:
    """Bounds of a fully connected layer, its activation and its gradients."""
    p = call.precision
    x, kernel = p.given(call.x), p.given(layer.weights["kernel"])
    features, units = kernel.value.shape
    z = plus_bias(layer, p.dot(F.dense, x, kernel, n=features), p)
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


def plus_bias(layer: Dense | Convolution, z: Bounded, p: Precision) -> Bounded:
    """Add the bias of a layer that has one."""
    return p.add(z, p.given(layer.weights["bias"])) if layer.use_bias else z
