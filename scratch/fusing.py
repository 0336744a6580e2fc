"""Convolutions that end with what follows them, outside training: their output is written once.

A BatchNormalization with fixed statistics and a ReLU are a few operations on every number. As
layers of their own they read and write it again; here they are done where the convolution has it in
the cache. Jia et al. (2014), "Caffe", compute a ReLU in place; fusing goes a step further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch.functional import activations
from scratch.graph import Call, SymbolicTensor
from scratch.layers import BatchNormalization, Conv2D, Layer
from scratch.layers.base import Shape
from scratch.reordering import is_plain_relu


class EndedConvolution(Layer):
    """A convolution and what follows it, for inference: bit for bit what the layers compute.

    Args:
        convolution: Linear, or a ReLU at its end.
        normalization: None for none.
        rectified: Whether a ReLU ends it.
    """

    def __init__(
        self, convolution: Conv2D, normalization: BatchNormalization | None, rectified: bool
    ) -> None:
        super().__init__(name=convolution.name, dtype=convolution.dtype.name)
        self.convolution, self.normalization = convolution, normalization
        self.rectified = rectified

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class; nothing is kept for a `backward`."""
        layer, after = self.convolution, self.normalization
        layer._prepare(x)
        scale, shift = after.scale_and_shift() if after else (None, None)
        ending = F.Ending(layer.weights.get("bias"), scale, shift, self.rectified)
        return F.conv2d(x, layer.weights["kernel"], **layer.geometry, ending=ending)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The convolution's."""
        return self.convolution.compute_output_shape(input_shape)


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

    def followers(call: Call) -> Iterator[Call]:
        """What alone takes the call's output, and so on; not behind one of the outputs."""
        while call.output not in outputs and len(users[call.output]) == 1:
            (call,) = users[call.output]
            yield call

    taken: set[Call] = set()
    shorter: list[Call] = []
    for call in calls:
        if call in taken:
            continue
        layer = call.layer
        if isinstance(layer, Conv2D) and type(layer) is Conv2D:
            ends = _ends(layer, followers(call))
            taken.update(ends)
            call = _fused(layer, call, ends)
        shorter.append(call)
    return tuple(shorter)


def _ends(convolution: Conv2D, followers: Iterator[Call]) -> list[Call]:
    """Which of the calls that follow a convolution can end it."""
    found: list[Call] = []
    if convolution.activation is not activations.get("linear"):
        return found
    for follower in followers:
        if not found and _is_by_channel(follower):
            found.append(follower)
        elif is_plain_relu(follower.layer):
            return [*found, follower]
        else:
            break
    return found


def _is_by_channel(call: Call) -> bool:
    layer, rank = call.layer, len(call.output.shape)
    return type(layer) is BatchNormalization and layer.axis % rank == rank - 1


def _fused(convolution: Conv2D, call: Call, ends: Sequence[Call]) -> Call:
    """One call for a convolution and what ends it; the call itself if nothing does."""
    layers = [end.layer for end in ends]
    normalizations = [la for la in layers if isinstance(la, BatchNormalization)]
    rectified = len(layers) > len(normalizations)
    if convolution.activation is activations.get("relu"):
        rectified = True
    elif not ends:
        return call
    layer = EndedConvolution(convolution, next(iter(normalizations), None), rectified)
    return Call(layer, call.inputs, ends[-1].output if ends else call.output)
