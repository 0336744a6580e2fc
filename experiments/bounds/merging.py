"""Rounding bounds of the layers that merge tensors.

The gradient of an input that was broadcast is a sum over its copies. Keras merges one input after
the other; in any order a sum of k takes k - 1 roundings, and so does a product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial, reduce
from itertools import accumulate

import numpy as np

from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded, Precision, exactly
from scratch import functional as F  # noqa: N812
from scratch.layers import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract


def add_bounds(_layer: Add, call: GivenCall) -> Bounds:
    """A sum; its gradient is copied, or summed over the copies."""
    gradients = [_handed_back(call.dy, x, call.precision) for x in call.inputs]
    return {"output": _total(call), **_input_gradients(gradients)}


def subtract_bounds(_layer: Subtract, call: GivenCall) -> Bounds:
    """A difference."""
    p = call.precision
    first, second = (p.given(x) for x in F.broadcastable(call.inputs))
    signed = zip((call.dy, -call.dy), call.inputs, strict=True)
    gradients = [_handed_back(dy, x, p) for dy, x in signed]
    return {"output": p.subtract(first, second), **_input_gradients(gradients)}


def average_bounds(_layer: Average, call: GivenCall) -> Bounds:
    """A sum, divided by the number of inputs or multiplied with its rounded reciprocal."""
    p, share = call.precision, 1 / len(call.inputs)
    dy = p.scale(p.given(call.dy), share)
    gradients = [_summed(dy, x, p) for x in call.inputs]
    return {"output": p.scale(_total(call), share), **_input_gradients(gradients)}


def multiply_bounds(_layer: Multiply, call: GivenCall) -> Bounds:
    """A product; both sides take the gradient factor by factor from the right."""
    p = call.precision
    factors = [p.given(x) for x in F.broadcastable(call.inputs)]
    products = list(accumulate(factors, p.multiply))
    dy, gradients = p.given(call.dy), []
    for before, factor in zip(products[-2::-1], factors[:0:-1], strict=True):
        gradients.append(_summed(p.multiply(dy, before), factor.value, p))
        dy = _summed(p.multiply(dy, factor), before.value, p)
    gradients.append(dy)
    shaped = [_summed(g, x, p) for g, x in zip(reversed(gradients), call.inputs, strict=True)]
    return {"output": products[-1], **_input_gradients(shaped)}


def extreme_bounds(layer: Maximum | Minimum, call: GivenCall) -> Bounds:
    """An extreme is exact; which input it is, is in doubt only where subnormals count as zeros."""
    p = call.precision
    y, winner = (F.maximum if isinstance(layer, Maximum) else F.minimum)(call.inputs)
    inputs = F.broadcastable(call.inputs)
    doubt = np.broadcast_to(reduce(np.maximum, (p.given(x).radii[2] for x in inputs)), y.shape)
    disputed = np.abs(call.dy) * ((np.abs(y) <= doubt) & (doubt > 0))
    gradients = []
    for i, (x, given) in enumerate(zip(inputs, call.inputs, strict=True)):
        dx = _handed_back(call.dy * (winner == i), given, p)
        if disputed.any():
            moved = F.sum_to_shape(disputed * (np.abs(x) <= doubt), given.shape)
            flipping = p.round(dx.value, dx.radii + moved, n=1 + y.size // given.size).radii[2]
            dx = Bounded(dx.value, np.stack([*dx.radii[:2], flipping]))
        gradients.append(dx)
    # An input that counts as zero may win, and is returned as it is: twice the doubt.
    output = Bounded(y, np.broadcast_to(2 * doubt, (3, *y.shape)))
    return {"output": output, **_input_gradients(gradients)}


def concatenate_bounds(layer: Concatenate, call: GivenCall) -> Bounds:
    """Only moved."""
    sizes = [x.shape[layer.axis] for x in call.inputs]
    parts = F.concatenate_backward(call.dy, sizes, layer.axis)
    output = exactly(F.concatenate(call.inputs, layer.axis))
    return {"output": output, **_input_gradients([exactly(part) for part in parts])}


def _total(call: GivenCall) -> Bounded:
    return call.precision.total(*map(call.precision.given, F.broadcastable(call.inputs)))


def _handed_back(dy: Array, x: Array, p: Precision) -> Bounded:
    """The gradient of an input that was copied, as it is where there is one copy."""
    return exactly(dy.reshape(x.shape)) if dy.size == x.size else _summed(p.given(dy), x, p)


def _summed(dy: Bounded, x: Array, p: Precision) -> Bounded:
    """`dy` summed over the copies that a broadcast made of `x`."""
    copies = dy.value.size // math.prod(x.shape)
    return p.sum(dy, partial(F.sum_to_shape, shape=x.shape), n=copies - 1)


def _input_gradients(gradients: Sequence[Bounded]) -> Bounds:
    names = ["grad_input", *(f"grad_input:{i}" for i in range(1, len(gradients)))]
    return dict(zip(names, gradients, strict=True))
