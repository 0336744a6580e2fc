"""Rounding bounds of the activation functions: the output, and dL/dz behind it."""

from __future__ import annotations

from collections.abc import Callable

from experiments.bounds.activations import (
    exponential_units,
    gelus,
    rectifiers,
    sigmoids,
    softmaxes,
)
from experiments.rounding import Array, Bounded, Precision
from scratch.functional import Activation


def activation_bounds(
    activation: Activation, z: Bounded, dy: Array, precision: Precision
) -> tuple[Bounded, Bounded]:
    """Bounds of an activation's output and of dL/dz, from z's own bound."""
    return _ACTIVATION_BOUNDS[activation.name](z, dy, precision, **activation.parameters)


def _linear(z: Bounded, dy: Array, precision: Precision) -> tuple[Bounded, Bounded]:
    return z, precision.given(dy)


_ACTIVATION_BOUNDS: dict[str, Callable[..., tuple[Bounded, Bounded]]] = {
    "elu": exponential_units.elu,
    "exponential": sigmoids.exponential,
    "gelu": gelus.gelu,
    "gelu_tanh": gelus.gelu_tanh,
    "hard_sigmoid": rectifiers.hard_sigmoid,
    "hard_silu": rectifiers.hard_silu,
    "leaky_relu": rectifiers.leaky_relu,
    "linear": _linear,
    "log_softmax": softmaxes.log_softmax,
    "mish": sigmoids.mish,
    "relu": rectifiers.relu,
    "relu6": rectifiers.relu6,
    "selu": exponential_units.selu,
    "sigmoid": sigmoids.sigmoid,
    "silu": sigmoids.silu,
    "softmax": softmaxes.softmax,
    "softplus": sigmoids.softplus,
    "softsign": sigmoids.softsign,
    "tanh": sigmoids.tanh,
}
