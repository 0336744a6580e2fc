"""How far each way of differentiating a layer may be off.

Where a layer is linear in a tensor, its gradient is one sum of products. Any evaluation of it
rounds each product at most twice more than the backward does, and the backward, unless it copies,
rounds at least once: it is off by at most three times the backward's bound (Higham 2002, section
3.1).

A softmax and a normalization by the input's own statistics are not linear. Their gradient is a
sum over all paths from the tensor to the output, each path a product of local derivatives. The sum
of the paths' magnitudes A bounds every order of evaluation: each is off by at most gamma_n A, n the
roundings on the longest path (Higham 2002, lemma 3.1), those of the forward values included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.bounds import layer_bounds
from experiments.derivatives import Array
from experiments.gradients.elementwise import elementwise_allowance
from experiments.gradients.normalization_allowance import normalization_allowance
from experiments.gradients.subject import Allowance
from experiments.rounding import Precision
from scratch import functional as F  # noqa: N812
from scratch.layers import BatchNormalization, Dense, Layer
from scratch.layers.normalizer import Normalizer

FLOAT64 = Precision("float64")

# exp, a complex division, the shift by the maximum and the products around them.
_SOFTMAX_ROUNDINGS = 24


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
    if activation is not None and activation.name == "log_softmax":
        return linear | {"grad_input": _log_softmax(inputs[0], dy, linear["grad_input"])}
    if activation is not None and not layer.weights:
        dx = elementwise_allowance(activation, inputs[0], dy, FLOAT64, linear["grad_input"])
        return linear | {"grad_input": dx}
    if isinstance(layer, Normalizer) and (training or not isinstance(layer, BatchNormalization)):
        dx = normalization_allowance(layer, inputs[0], dy, FLOAT64, linear["grad_input"])
        return linear | {"grad_input": dx}
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


def as_rows(x: Array, axis: int | tuple[int, ...]) -> Array:
    """The axes that a softmax sums over as the last one: (..., classes)."""
    axes = (axis,) if isinstance(axis, int) else axis
    moved = np.moveaxis(x, axes, range(-len(axes), 0))
    return moved.reshape(*moved.shape[: -len(axes)], -1)


def from_rows(rows: Array, axis: int | tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """`as_rows` undone, for an array of `shape`."""
    axes = (axis,) if isinstance(axis, int) else axis
    sizes = tuple(shape[a] for a in axes)
    return np.moveaxis(rows.reshape(*rows.shape[:-1], *sizes), range(-len(axes), 0), axes)


def _log_softmax(z: Array, dy: Array, linear: Allowance) -> Allowance:
    """Bounds of dy - y sum dy along the last axis.

    The third derivative of log sum exp by one logit is y (1 - y) (1 - 2 y), at most 1 / (6 sqrt 3).
    """
    weight = np.abs(dy).sum(axis=-1, keepdims=True)
    _, n = softmax_paths(z, dy)
    third = np.broadcast_to(np.abs(dy.sum(axis=-1, keepdims=True)) / (6 * math.sqrt(3)), dy.shape)
    magnitude = np.abs(dy) + 2 * weight  # The shift by the largest logit cancels, with paths of 1.
    return replace(
        linear, any_order=FLOAT64.gamma(math.ceil(n)) * magnitude, third_derivative=third
    )


def _softmax(layer: Any, x: Array, dy: Array, linear: dict[str, Allowance]) -> dict[str, Allowance]:
    """A softmax on its own, or behind a matrix product."""
    if not isinstance(layer, Dense):
        axis = layer.activation.parameters.get("axis", -1)
        magnitude, n = softmax_paths(as_rows(x, axis), as_rows(dy, axis))
        third = np.abs(dy).max(axis=axis, keepdims=True)  # By one logit: R = 1.
        return {
            "grad_input": replace(
                linear["grad_input"],
                any_order=FLOAT64.gamma(math.ceil(n)) * from_rows(magnitude, axis, x.shape),
                third_derivative=np.broadcast_to(third, dy.shape),
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
