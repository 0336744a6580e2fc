"""Activations that work number by number: how they bend, and their derivatives from the textbook.

Both are independent of `scratch.functional`: the derivatives are closed forms in the math module.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.derivatives import Array
from experiments.gradients.subject import Allowance
from experiments.rounding import Precision
from scratch.functional import Activation

# The longest chain is mish's: exp, log1p, tanh, complex ones included, and the products between.
_ROUNDINGS = 48

# The sum of the magnitudes of all paths through one number, of every function but exp.
_PATHS = 2.0

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

_LARGEST_THIRD: dict[str, float] = {
    "gelu": 0.79,  # 0.7788 at 0.792
    "gelu_tanh": 0.79,  # 0.7767 at 0.788
    "mish": 0.6,  # 0.5884 at 0.716
    "selu": _SELU_SCALE * _SELU_ALPHA,  # exp(z) <= 1
    "sigmoid": 1 / 8,  # at 0
    "silu": 0.31,  # 0.3082 at -1.032
    "softplus": 1 / (6 * math.sqrt(3)),  # of s (1 - s) (1 - 2 s), s = (3 - sqrt 3) / 6
    "softsign": 6.0,  # 6 / (1 + |z|)^4
    "tanh": 2.0,  # at 0
}
"""At most |f'''| anywhere; those without a formula beside them are rounded up from a fine grid."""


def elementwise_allowance(
    activation: Activation, z: Array, dy: Array, precision: Precision, linear: Allowance
) -> Allowance:
    """The bounds of an activation's gradient by its input.

    Args:
        activation: One that works number by number.
        z: Its input.
        dy: dL/doutput.
        precision: The arithmetic.
        linear: The bounds were it linear, which hold for functions in straight pieces.
    """
    third = _largest_third(activation, z)
    if third is None:
        return linear
    paths = np.exp(z) if activation.name == "exponential" else _PATHS
    order = precision.gamma(_ROUNDINGS) * np.abs(dy) * paths
    return replace(linear, any_order=linear.any_order + order, third_derivative=np.abs(dy) * third)


def _largest_third(activation: Activation, z: Array) -> float | None:
    """None where the function is at most quadratic between its kinks."""
    if activation.name == "elu":
        return float(activation.parameters.get("alpha", 1.0))
    if activation.name == "exponential":
        return math.exp(float(z.max()) + 1)  # No step is longer than 1.
    return _LARGEST_THIRD.get(activation.name)


def derivative(activation: Activation, z: Array) -> Array:
    """sigma'(z), number by number.

    Raises:
        KeyError: The activation does not work number by number.
    """
    slope = _DERIVATIVES[activation.name]
    return np.array([slope(v, **activation.parameters) for v in z.flat]).reshape(z.shape)


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _logistic_slope(z: float) -> float:
    return 1 / (2 + 2 * math.cosh(z))


def _relu(
    z: float,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> float:
    if z > threshold:
        return float(max_value is None or z < max_value)
    return negative_slope


def _leaky_relu(z: float, negative_slope: float = 0.2) -> float:
    return 1.0 if z > 0 else float(np.float32(negative_slope))


def _silu(z: float) -> float:
    return _sigmoid(z) + z * _logistic_slope(z)


def _gelu(z: float) -> float:
    root = float(np.float32(math.sqrt(0.5)))
    bell = 2 / math.sqrt(math.pi) * math.exp(-((z * root) ** 2))
    return 0.5 * (1 + math.erf(z * root)) + 0.5 * z * root * bell


def _gelu_tanh(z: float) -> float:
    cubic, scale = float(np.float32(0.044715)), math.sqrt(2 / math.pi)
    inner = scale * (z + cubic * z**3)
    slope = scale * (1 + 3 * cubic * z**2) / math.cosh(inner) ** 2
    return 0.5 * (1 + math.tanh(inner)) + 0.5 * z * slope


def _mish(z: float) -> float:
    inner = math.log1p(math.exp(z))
    return math.tanh(inner) + z * _sigmoid(z) / math.cosh(inner) ** 2


_DERIVATIVES: Mapping[str, Callable[..., Any]] = {
    "elu": lambda z, alpha=1.0: 1.0 if z > 0 else alpha * math.exp(z),
    "exponential": math.exp,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "hard_sigmoid": lambda z: 1 / 6 if -3 < z < 3 else 0.0,
    "hard_silu": lambda z: (2 * z + 3) / 6 if -3 < z < 3 else float(z >= 3),
    "leaky_relu": _leaky_relu,
    "linear": lambda _z: 1.0,
    "mish": _mish,
    "relu": _relu,
    "relu6": lambda z: _relu(z, 6.0),
    "selu": lambda z: _SELU_SCALE * (1.0 if z > 0 else _SELU_ALPHA * math.exp(z)),
    "sigmoid": _logistic_slope,
    "silu": _silu,
    "softplus": _sigmoid,
    "softsign": lambda z: 1 / (1 + abs(z)) ** 2,
    "tanh": lambda z: 1 / math.cosh(z) ** 2,
}
