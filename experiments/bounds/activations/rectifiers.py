"""Rounding bounds of the activations in straight pieces, and of PReLU, which learns one.

A piece passes z's error on times its slope. Which piece it is, is a choice; where z is too near to
a kink, the outermost radius allows for both.
"""

from __future__ import annotations

import numpy as np

from experiments.bounds.activations.kinks import in_doubt, position, turned
from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded, Precision, exactly, widest
from scratch import functional as F  # noqa: N812
from scratch.layers import PReLU

Both = tuple[Bounded, Bounded]


def relu(
    z: Bounded,
    dy: Array,
    precision: Precision,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> Both:
    """max(z, 0) is exact, and so is dy or 0; with options both are as Keras composes them."""
    if negative_slope and max_value is None and not threshold:
        return leaky_relu(z, dy, precision, negative_slope)
    p = precision
    slope = F.relu_backward(np.ones_like(dy), z.value, max_value, negative_slope, threshold)
    dz = _times(dy, slope, p)
    y = Bounded(F.relu(z.value, max_value, 0.0, threshold), z.radii)
    if max_value is not None:
        dz = turned(dz, in_doubt(position(z, max_value)), dy, p)
    if negative_slope:
        below = p.subtract(p.constant(np.array(threshold)), z)
        radii = np.where(below.value + below.radii > 0, below.radii, 0.0)
        below = Bounded(np.maximum(below.value, 0), radii)
        y = p.subtract(y, p.scale(below, negative_slope))
    undecided = in_doubt(position(z, threshold))
    steeper = max(1.0, negative_slope)
    return turned(y, undecided, threshold, p), turned(dz, undecided, steeper * dy, p)


def relu6(z: Bounded, dy: Array, precision: Precision) -> Both:
    """Exact on all three pieces."""
    return relu(z, dy, precision, max_value=6.0)


def leaky_relu(z: Bounded, dy: Array, precision: Precision, negative_slope: float = 0.2) -> Both:
    """One product below 0."""
    slope = float(np.float32(negative_slope))
    below = precision.scale(z, slope)
    radii = np.where(z.value > 0, z.radii, below.radii)
    undecided = in_doubt(z)
    # Beyond the kink z's error counts by the steeper slope.
    radii = np.where(undecided, np.maximum(z.radii, below.radii), radii)
    y = Bounded(F.leaky_relu(z.value, negative_slope), radii)
    dz = _times(dy, np.where(z.value > 0, 1.0, slope), precision)
    return y, turned(dz, undecided, (1 - slope) * dy, precision)


def prelu_bounds(layer: PReLU, call: GivenCall) -> Bounds:
    """One product below 0; the slopes' gradient is a sum over the batch and the shared axes."""
    p = call.precision
    x, dy, alpha = p.given(call.x), p.given(call.dy), p.given(layer.weights["alpha"][None])
    negative = Bounded(np.minimum(x.value, 0), np.where(x.value < 0, x.radii, 0.0))
    below = p.multiply(alpha, negative)
    # A positive x that TensorFlow takes for zero is lost.
    above = Bounded(np.maximum(x.value, 0), np.where(x.value > 0, x.radii, 0.0))
    slope = np.where(x.value > 0, 1.0, np.where(x.value < 0, alpha.value, 0.0))
    dx = p.multiply(dy, Bounded(slope, np.where(x.value < 0, alpha.radii, 0.0)))
    dx = turned(dx, in_doubt(x), np.maximum(1, np.abs(alpha.value)) * call.dy, p)
    shared = tuple(axis for axis, n in enumerate(alpha.value.shape) if n == 1)

    def over(terms: Array) -> Array:
        return terms.sum(axis=shared).reshape(layer.weights["alpha"].shape)

    count = call.x.size // max(alpha.value.size, 1)
    return {
        "output": p.add(above, below),
        "grad_input": dx,
        "grad:alpha": p.sum(p.multiply(dy, negative), over, n=count),
    }


def hard_sigmoid(z: Bounded, dy: Array, precision: Precision) -> Both:
    """A ReLU6 of z + 3, divided by 6; which piece it is, the rounded sum decides."""
    shifted = _shifted(z, precision)
    inside = (shifted.value > 0) & (shifted.value < 6)
    dz = precision.scale(_times(dy, inside, precision), 1 / 6)
    return _gate(shifted, precision), turned(dz, _at_ends(shifted), dy / 6, precision)


def hard_silu(z: Bounded, dy: Array, precision: Precision) -> Both:
    """The product with z, differentiated as one: the slope jumps by 1/2 at either end."""
    p = precision
    shifted = _shifted(z, p)
    gate = _gate(shifted, p)
    inside = (shifted.value > 0) & (shifted.value < 6)
    through = p.scale(Bounded(z.value * inside, z.radii * inside), 1 / 6)
    # TensorFlow multiplies each term by dy before it adds them.
    gradient = p.given(dy)
    ours = p.multiply(gradient, p.add(gate, through))
    dz = widest(ours, p.add(p.multiply(gradient, gate), p.multiply(gradient, through)))
    bend = (0.5 + z.radii[2] / 3) * dy
    return p.multiply(z, gate), turned(dz, _at_ends(shifted), bend, p)


def _times(dy: Array, factor: Array, precision: Precision) -> Bounded:
    """Dy times slopes that are exactly 0 or 1, or else are rounded."""
    given, size = precision.given(dy), np.abs(factor)
    product = Bounded(dy * factor, given.radii * size)
    rounded = precision.round(product.value, product.radii, n=2)
    return Bounded(product.value, np.where((size == 0) | (size == 1), product.radii, rounded.radii))


def _shifted(z: Bounded, precision: Precision) -> Bounded:
    return precision.add(z, exactly(np.array(3.0)))


def _gate(shifted: Bounded, precision: Precision) -> Bounded:
    """min(max(z + 3, 0), 6) / 6; what is cut off for certain has no error."""
    low, high = shifted.value - shifted.radii, shifted.value + shifted.radii
    radii = np.where((high <= 0) | (low >= 6), 0.0, shifted.radii)
    return precision.scale(Bounded(np.clip(shifted.value, 0, 6), radii), 1 / 6)


def _at_ends(shifted: Bounded) -> Array:
    return in_doubt(shifted) | in_doubt(Bounded(shifted.value - 6, shifted.radii))
