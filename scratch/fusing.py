"""Convolutions that end with what follows them, outside training: their output is written once.

A BatchNormalization with fixed statistics, a shortcut's Add and a ReLU are a few operations on each
number. As layers of their own they read and write it again; here they are done while the
convolution has it in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch.functional import activations
from scratch.graph import Call, SymbolicTensor
from scratch.layers import Add, BatchNormalization, Conv2D, Layer
from scratch.layers.base import Shape
from scratch.reordering import is_plain_relu


class EndedConvolution(Layer):
    """A convolution and what follows it, for inference: bit for bit what the layers compute.

    Args:
        convolution: Linear, or a ReLU at its end.
        normalization: None for none.
        addition: What then adds a second input; None for none.
        rectified: Whether a ReLU ends it.
    """

    def __init__(
        self,
        convolution: Conv2D,
        normalization: BatchNormalization | None,
        addition: Add | None,
        rectified: bool,
    ) -> None:
        super().__init__(name=convolution.name, dtype=convolution.dtype.name)
        self.convolution, self.normalization = convolution, normalization
        self.addition, self.rectified = addition, rectified
        self.takes_list = addition is not None

    def forward(self, x: Any, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class; nothing is kept for a `backward`."""
        layer, after = self.convolution, self.normalization
        images, addend = x if self.takes_list else (x, None)
        layer._prepare(images)
        if self.addition and addend is not None:  # for its check of the shapes
            self.addition.compute_output_shape(
                [layer.compute_output_shape(images.shape), addend.shape]
            )
        scale, shift = after.scale_and_shift() if after else (None, None)
        ending = F.Ending(layer.weights.get("bias"), scale, shift, addend, self.rectified)
        return F.conv2d(images, layer.weights["kernel"], **layer.geometry, ending=ending)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The convolution's."""
        shape = input_shape[0] if self.takes_list else input_shape
        return self.convolution.compute_output_shape(shape)


def fused(calls: Sequence[Call], outputs: Sequence[SymbolicTensor]) -> tuple[Call, ...]:
    """The calls with each convolution and what can end it as one call.

    Args:
        calls: In topological order.
        outputs: What must be computed; whatever else the convolutions put out no longer is.
    """
    users: dict[SymbolicTensor, list[Call]] = {tensor: [] for tensor in outputs}
    for call in calls:
        for tensor in call.inputs:
            users.setdefault(tensor, []).append(call)
    taken: set[Call] = set()
    later = {call.output for call in calls}
    shorter: list[Call] = []
    for call in calls:
        later.discard(call.output)
        if call in taken:
            continue
        if isinstance(call.layer, Conv2D) and type(call.layer) is Conv2D:
            ends = _Ends(call.layer, call.inputs, call.output)
            while ends.output not in outputs and len(users[ends.output]) == 1:
                (follower,) = users[ends.output]
                if not ends.take(follower, later):
                    break
                taken.add(follower)
            shorter.append(ends.call or call)
        else:
            shorter.append(call)
    return tuple(shorter)


@dataclass
class _Ends:
    """A convolution and what was found so far to end it."""

    convolution: Conv2D
    inputs: tuple[SymbolicTensor, ...]
    output: SymbolicTensor
    normalization: BatchNormalization | None = None
    addition: Add | None = None
    rectified: bool = False

    def __post_init__(self) -> None:
        self.rectified = self.convolution.activation is activations.get("relu")

    @property
    def call(self) -> Call | None:
        """All as one call; None if there is nothing but the convolution."""
        ends = (self.normalization, self.addition, self.rectified)
        if not any(ends):
            return None
        layer = EndedConvolution(self.convolution, *ends)
        return Call(layer, self.inputs, self.output)

    def take(self, call: Call, later: Set[SymbolicTensor]) -> bool:
        """Whether the call that follows can be part of it, and then is.

        Args:
            call: The only one that takes the output.
            later: What is computed after the convolution.
        """
        layer = call.layer
        if self.rectified or self.convolution.activation is not activations.get("linear"):
            return False
        if is_plain_relu(layer):
            self.rectified = True
        elif self.addition:
            return False
        elif isinstance(layer, BatchNormalization) and type(layer) is BatchNormalization:
            rank = len(call.output.shape)
            if self.normalization or layer.axis % rank != rank - 1:
                return False
            self.normalization = layer
        elif isinstance(layer, Add) and type(layer) is Add and len(call.inputs) == 2:
            (other,) = {*call.inputs} - {self.output}  # for it has one user, the two are not one
            shape = self.output.shape
            if other in later or other.shape != shape or None in shape[1:]:
                return False
            self.inputs, self.addition = (*self.inputs, other), layer
        else:
            return False
        self.output = call.output
        return True
