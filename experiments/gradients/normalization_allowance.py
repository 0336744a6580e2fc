"""The nonlinear part of a normalization: third derivatives, and the paths of its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from experiments.derivatives import Array
from experiments.gradients.subject import Allowance
from experiments.rounding import Precision
from scratch.layers.normalizer import Normalizer

# Root, reciprocal, divisions by the count and the products around them, complex ones included.
_ROUNDINGS = 40


def third_derivative(
    x: Array, g: Array, axes: Sequence[int], epsilon: float, centred: bool = True
) -> Array:
    """At most |d^3L/dx^3| along each x of a normalization over `axes`, L = sum(g z).

    With t = x - m, m the mean of the n - 1 other numbers, the variance plus epsilon is a + b t^2
    and the sum of g (x - mean) is A + B t, so that L = (A + B t) / sqrt(a + b t^2). Of
    p(s) = 1 / sqrt(1 + s^2), s = t sqrt(b/a): |p'''| <= 2, |s p'''| <= 1, |p''| <= 1. Hence
    |L'''| <= (b/a)^(3/2) / sqrt(a) (2 |A| + 4 |B| sqrt(a/b)).

    Args:
        x: Any shape.
        g: dL/dz, z being the normalized x: gamma dL/doutput.
        axes: What is averaged over.
        epsilon: Of the layer.
        centred: Whether z is x - mean and not x, over the root of the variance plus epsilon.
    """

    def total(values: Array) -> Array:
        return values.sum(axis=tuple(axes), keepdims=True)

    n = x.size // total(x).size
    others = (total(x) - x) / (n - 1)
    t = x - others
    b = (n - 1) / n**2
    a = np.maximum(x.var(axis=tuple(axes), keepdims=True) - b * t**2, 0) + epsilon
    slope = g - total(g) / n if centred else g
    value = total(g * x) - (others + t / n) * total(g) if centred else total(g * x)
    offset = value - slope * t
    return (b / a) ** 1.5 / np.sqrt(a) * (2 * np.abs(offset) + 4 * np.abs(slope) * np.sqrt(a / b))


def normalization_allowance(
    layer: Normalizer, x: Array, dy: Array, precision: Precision, linear: Allowance
) -> Allowance:
    """Of the input gradient: through the number itself, the mean and the variance.

    Args:
        layer: In float64, averaging over its input.
        x: Its input.
        dy: dL/doutput.
        precision: float64.
        linear: What would hold if the statistics were constants.
    """
    shape, axes = layer.grouped_shape(x.shape), layer.averaged_axes(x.ndim)
    gamma, _ = layer.parameters(x.shape)
    numbers, g = x.reshape(shape), gamma * dy.reshape(shape)
    size, upstream = np.abs(numbers), np.abs(g)

    def mean(values: Array) -> Array:
        return values.mean(axis=axes, keepdims=True)

    n = x.size // mean(size).size
    inverse = 1 / np.sqrt(numbers.var(axis=axes, keepdims=True) + layer.epsilon)
    centred = size + mean(size)  # At least |x - mean|, with what it cancels.
    direct = inverse * (upstream + mean(upstream))
    through_variance = inverse**3 * mean(upstream * centred) * (centred + mean(centred))
    bend = third_derivative(numbers, g, axes, layer.epsilon, layer.centred)
    return replace(
        linear,
        any_order=precision.gamma(4 * n + _ROUNDINGS)
        * (direct + through_variance).reshape(x.shape),
        third_derivative=bend.reshape(x.shape),
    )
