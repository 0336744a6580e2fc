"""The calls of a model in another order, which gives the same numbers with less work."""

from __future__ import annotations

from collections.abc import Sequence

from scratch.functional import activations
from scratch.graph import Call, SymbolicTensor, connect, sole_feeders
from scratch.layers import Activation, Layer, MaxPooling2D, ReLU
from scratch.layers.activation_layer import ActivationLayer


def pooled_first(calls: Sequence[Call], outputs: Sequence[SymbolicTensor]) -> tuple[Call, ...]:
    """The calls with each ReLU that feeds nothing but a max-pooling behind it, where it has less.

    The ReLU of the largest number is the largest of the ReLUs, and the gradient goes to that number
    if it is positive and nowhere else: finite values and gradients are the same, bit by bit.

    Args:
        calls: In topological order.
        outputs: What must be computed; whatever else the ReLU put out no longer is.
    """
    moved = {
        call: before
        for call, before in sole_feeders(calls, outputs).items()
        if type(call.layer) is MaxPooling2D and is_plain_relu(before.layer)
    }
    reordered: list[Call] = []
    for call in calls:
        if call in moved:
            rectifier = moved[call]
            pooled = connect(call.layer, rectifier.inputs[0])
            reordered += [
                Call(call.layer, rectifier.inputs, pooled),
                Call(rectifier.layer, (pooled,), call.output),
            ]
        elif call not in moved.values():
            reordered.append(call)
    return tuple(reordered)


def is_plain_relu(layer: Layer) -> bool:
    """Whether it computes max(x, 0); not so a subclass, which may compute anything."""
    if not isinstance(layer, ActivationLayer) or type(layer) not in (Activation, ReLU):
        return False
    return layer.activation is activations.get("relu")
