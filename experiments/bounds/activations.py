"""Rounding bounds of the activation functions: the output, and dL/dz behind it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experiments.rounding import Array, Bounded, Precision
from scratch import functional as F  # noqa: N812
from scratch.functional import Activation


def activation_bounds(
    activation: Activation, z: Bounded, dy: Array, precision: Precision
) -> tuple[Bounded, Bounded]:
    """Bounds of an activation's output and of dL/dz, from z's own bound."""
    return _ACTIVATION_BOUNDS[activation.name](z, dy, precision)


def _linear(z: Bounded, dy: Array, precision: Precision) -> tuple[Bounded, Bounded]:
    return z, precision.given(dy)


def _relu(z: Bounded, dy: Array, precision: Precision) -> tuple[Bounded, Bounded]:
    """max(z, 0) passes z's error on; where z's sign is in doubt the gradient may be dy or 0."""
    y = Bounded(F.relu(z.value), z.radii)
    dz = precision.given(F.relu_backward(dy, z.value))
    doubt = z.radii[2]
    undecided = (np.abs(z.value) <= doubt) & (doubt > 0)  # A zero given exactly is decided.
    if undecided.any():
        likely, certain, flipping = dz.radii
        flipping = np.where(undecided, np.abs(dy), flipping)
        dz = Bounded(dz.value, np.stack([likely, certain, flipping]))
    return y, dz


def _softmax(z: Bounded, dy: Array, precision: Precision) -> tuple[Bounded, Bounded]:
    """Shifted by the maximum, as both sides compute it (Blanchard, Higham and Higham 2021)."""

    def total(x: Array) -> Array:
        return x.sum(axis=-1, keepdims=True)

    top = z.value.max(axis=-1, keepdims=True)
    largest = Bounded(top, z.radii.max(axis=-1, keepdims=True))
    exponentials = precision.exp(precision.subtract(z, largest))
    classes = z.value.shape[-1]
    # The largest logit's own exponential is 1 but for rounding.
    y = precision.divide(exponentials, precision.sum(exponentials, total, n=classes), floor=0.5)
    gradient = precision.given(dy)
    weighted = precision.sum(precision.multiply(gradient, y), total, n=classes)
    return y, precision.multiply(y, precision.subtract(gradient, weighted))


_ACTIVATION_BOUNDS: dict[str, Callable[[Bounded, Array, Precision], tuple[Bounded, Bounded]]] = {
    "linear": _linear,
    "relu": _relu,
    "softmax": _softmax,
}
