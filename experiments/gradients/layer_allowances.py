"""How far each way of differentiating a layer may be off.

Where a layer is linear in a tensor, its gradient is one sum of products. Any evaluation of it
rounds each product at most twice more than the backward does, and the backward, unless it copies,
rounds at least once: it is off by at most three times the backward's bound (Higham 2002, section
3.1).

A softmax and a normalization by the batch are not linear. Their gradient is a sum over all paths
from the tensor to the output, each path a product of local derivatives. The sum of the paths'
magnitudes A bounds every order of evaluation: each is off by at most gamma_n A, n the roundings
on the longest path (Higham 2002, lemma 3.1), those of the forward values included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.bounds import layer_bounds
from experiments.derivatives import Array
from experiments.gradients.subject import Allowance
from experiments.rounding import Precision
from scratch import functional as F  # noqa: N812
from scratch.layers import BatchNormalization, Dense, Layer

FLOAT64 = Precision("float64")

# exp, a complex division, the shift by the maximum and the products around them.
_SOFTMAX_ROUNDINGS = 24
# Root, reciprocal, divisions by the count and the products around them, complex ones included.
_BATCH_NORM_ROUNDINGS = 40


def allowances(
    layer: Layer, inputs: Sequence[Array], dy: Array, training: bool
) -> dict[str, Allowance]:
    """The bounds of one call, by tensor.

    Args:
        layer: In float64.
        inputs: The call's inputs.
        dy: dL/doutput.
        training: The mode.
    """
    bounds = layer_bounds(layer, inputs, dy, training, FLOAT64)
    output = float((np.abs(dy) * bounds.pop("output").radii[1]).sum())
    linear = {
        tensor: Allowance(bounded.radii[1], 3 * bounded.radii[1], output)
        for tensor, bounded in bounds.items()
    }
    activation = getattr(layer, "activation", None)
    if activation is not None and activation.name == "softmax":
        return linear | _softmax(layer, inputs[0], dy, linear)
    if isinstance(layer, BatchNormalization) and training:
        return linear | {"grad_input": _batch_norm(layer, inputs[0], dy, linear["grad_input"])}
    return linear


def softmax_third_derivative(dy: Array, spread: Array) -> Array:
    """At most |d^3L/dt^3| of L = sum(dy softmax(z + t v)), for any z.

    The derivatives by t are moments of v under the probabilities: with w = v - E v, V = E w^2 and
    R the range of v, |L'''| <= max|dy| E|w^3 - 3 w V - E w^3| <= max|dy| (R^3/4 + 3 R^3/8 + R^3/4),
    by V <= R^2/4 (Popoviciu), E|w| <= sqrt(V) and E|w|^3 <= R V. That is below max|dy| R^3.

    Args:
        dy: dL/dsoftmax, (..., classes).
        spread: R, (...).
    """
    return np.abs(dy).max(axis=-1) * spread**3


def batch_norm_third_derivative(x: Array, dy: Array, gamma: Array | float, epsilon: float) -> Array:
    """At most |d^3L/dx^3| along each x of a normalization by the batch.

    With t = x - m, m the mean of the channel's other numbers, the variance plus epsilon is
    a + b t^2 and the sum of dy (x - mean) is A + B t, so that L = (A + B t) / sqrt(a + b t^2). Of
    p(s) = 1 / sqrt(1 + s^2), s = t sqrt(b/a): |p'''| <= 2, |s p'''| <= 1, |p''| <= 1. Hence
    |L'''| <= (b/a)^(3/2) / sqrt(a) (2 |A| + 4 |B| sqrt(a/b)).

    Args:
        x: (..., C).
        dy: dL/doutput, (..., C).
        gamma: (C,).
        epsilon: Of the layer.
    """
    rows, upstream = x.reshape(-1, x.shape[-1]), dy.reshape(-1, x.shape[-1])
    n = len(rows)
    others = (rows.sum(axis=0) - rows) / (n - 1)
    t = rows - others
    b = (n - 1) / n**2
    a = np.maximum(rows.var(axis=0) - b * t**2, 0) + epsilon
    slope = gamma * (upstream - upstream.mean(axis=0))
    weighted = (upstream * rows).sum(axis=0) - others * upstream.sum(axis=0)
    offset = gamma * (weighted - upstream * t)
    bound = (b / a) ** 1.5 / np.sqrt(a) * (2 * np.abs(offset) + 4 * np.abs(slope) * np.sqrt(a / b))
    return bound.reshape(x.shape)


def softmax_paths(z: Array, dy: Array) -> tuple[Array, float]:
    """The paths' magnitudes A by z (..., classes), and the roundings on one of them.

    The shift by the largest logit cancels, but its paths are computed with.
    """
    y = F.softmax(z)
    weighted = (np.abs(dy) * y).sum(axis=-1, keepdims=True)
    largest = z == z.max(axis=-1, keepdims=True)
    magnitude = np.abs(dy) * y + weighted * (y + 2 * largest)
    # A rounded argument of exp is a relative error of its value.
    shift = float((z.max(axis=-1, keepdims=True) - z).max())
    return magnitude, 2 * z.shape[-1] + _SOFTMAX_ROUNDINGS + 2 * shift


def _softmax(layer: Any, x: Array, dy: Array, linear: dict[str, Allowance]) -> dict[str, Allowance]:
    """A softmax on its own, or behind a matrix product."""
    if not isinstance(layer, Dense):
        magnitude, n = softmax_paths(x, dy)
        third = softmax_third_derivative(dy, np.ones(dy.shape[:-1]))
        return {
            "grad_input": replace(
                linear["grad_input"],
                any_order=FLOAT64.gamma(math.ceil(n)) * magnitude,
                third_derivative=np.broadcast_to(third[..., None], dy.shape),
            )
        }
    kernel, bias = layer.weights["kernel"], layer.weights.get("bias", np.zeros(layer.units))
    magnitude, n = softmax_paths(x @ kernel + bias, dy)
    size = np.abs(x) @ np.abs(kernel) + np.abs(bias)
    n += sum(kernel.shape) + len(x) + 2 * (len(kernel) + 1) * float(size.max())
    factor = FLOAT64.gamma(math.ceil(n))
    row = np.abs(dy).max(axis=-1)
    thirds = {
        "grad_input": softmax_third_derivative(dy[:, None], np.ptp(kernel, axis=1)),
        "grad:kernel": np.broadcast_to((np.abs(x) ** 3).T @ row[:, None], kernel.shape),
        "grad:bias": np.full(layer.units, row.sum()),
    }
    paths = {
        "grad_input": magnitude @ np.abs(kernel).T,
        "grad:kernel": np.abs(x).T @ magnitude,
        "grad:bias": magnitude.sum(axis=0),
    }
    return {
        tensor: replace(old, any_order=factor * paths[tensor], third_derivative=thirds[tensor])
        for tensor, old in linear.items()
    }


def _batch_norm(layer: BatchNormalization, x: Array, dy: Array, linear: Allowance) -> Allowance:
    """Through the number itself, the batch's mean and the batch's variance."""
    gamma = layer.weights.get("gamma", np.ones(x.shape[-1]))
    rows, upstream = np.abs(x).reshape(-1, x.shape[-1]), np.abs(dy).reshape(-1, x.shape[-1])
    n = len(rows)
    inverse = 1 / np.sqrt(x.reshape(rows.shape).var(axis=0) + layer.epsilon)
    centred = rows + rows.mean(axis=0)  # At least |x - mean|, with what it cancels.
    direct = inverse * (upstream + upstream.mean(axis=0))
    dvariance = inverse**3 / 2 * (upstream * centred).sum(axis=0)
    magnitude = np.abs(gamma) * (direct + dvariance * 2 * (centred + centred.mean(axis=0)) / n)
    return replace(
        linear,
        any_order=FLOAT64.gamma(4 * n + _BATCH_NORM_ROUNDINGS) * magnitude.reshape(x.shape),
        third_derivative=batch_norm_third_derivative(x, dy, gamma, layer.epsilon),
    )
