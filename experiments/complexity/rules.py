"""How many multiply-accumulates one use of a layer takes: one rule for each type of layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """What one use of a layer computes.

    Attributes:
        macs: Multiply-accumulates of the forward pass. The gradient by the input takes as many,
            and so does the gradient by the kernel: each product of the forward pass is behind one
            product of either.
        columns: Numbers in the unrolled matrix (im2col) by which it becomes one matrix product.
        note: What to know about it.
    """

    macs: int
    columns: int = 0
    note: str = ""


Rule = Callable[[Any, Shape, Shape], Work]
"""(layer, input shape, output shape), batch first -> Work."""


def _channels(layer: Any, shape: Shape) -> int:
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return shape[1] if first else shape[-1]


def _unrolled(layer: Any, positions: int, channels: int) -> int:
    """A row for each window, a column for each number in it; a 1x1 at stride 1 is one already."""
    if set(layer.kernel_size) == {1} and set(_tuple(layer.strides)) == {1}:
        return 0
    return positions * prod(layer.kernel_size) * channels


def _tuple(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _convolution(layer: Any, x: Shape, y: Shape) -> Work:
    """Every output number is a sum over its window and its group's channels."""
    channels = _channels(layer, x)
    macs = prod(y) * prod(layer.kernel_size) * (channels // layer.groups)
    return Work(macs, _unrolled(layer, prod(y) // layer.filters, channels))


def _depthwise(layer: Any, x: Shape, y: Shape) -> Work:
    """Every output number is a sum over its window in one channel."""
    positions = prod(y) // _channels(layer, y)
    return Work(prod(y) * prod(layer.kernel_size), _unrolled(layer, positions, _channels(layer, x)))


def _separable(layer: Any, x: Shape, y: Shape) -> Work:
    """A depthwise convolution, then a 1x1 convolution of its channels."""
    positions = prod(y) // layer.filters
    channels = _channels(layer, x) * layer.depth_multiplier
    return Work(
        positions * channels * prod(layer.kernel_size) + prod(y) * channels,
        _unrolled(layer, positions, _channels(layer, x)),
    )


def _transposed(layer: Any, x: Shape, y: Shape) -> Work:  # noqa: ARG001 - a rule's signature
    """Every input number is spread over a window of every output channel."""
    positions = prod(x) // _channels(layer, x)
    return Work(
        prod(x) * prod(layer.kernel_size) * layer.filters,
        _unrolled(layer, positions, layer.filters),
    )


def _dense(layer: Any, x: Shape, y: Shape) -> Work:  # noqa: ARG001 - a rule's signature
    """Every output number is a sum over the input's last axis."""
    return Work(prod(y) * x[-1])


def _einsum_dense(layer: Any, x: Shape, y: Shape) -> Work:  # noqa: ARG001 - a rule's signature
    """Every output number is a sum over the kernel's axes that the output does not have."""
    operands, result = layer.equation.replace(" ", "").split("->")
    axes = operands.split(",")[1]
    summed = [n for axis, n in zip(axes, layer.kernel.shape, strict=True) if axis not in result]
    return Work(prod(y) * prod(summed))


def _lookup(layer: Any, x: Shape, y: Shape) -> Work:  # noqa: ARG001 - a rule's signature
    """Rows of a table are copied."""
    return Work(0, note="table lookup")


RULES: dict[str, Rule] = {
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "Conv1DTranspose": _transposed,
    "Conv2DTranspose": _transposed,
    "Conv3DTranspose": _transposed,
    "Dense": _dense,
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
    "EinsumDense": _einsum_dense,
    "Embedding": _lookup,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
}
"""By the name of a class of Keras or of `scratch`; a class derived from it has its rule."""

PRODUCTS = frozenset(
    {
        "AdditiveAttention", "Attention", "Conv", "ConvTranspose", "Correlate", "DepthwiseConv",
        "Dot", "DotProductAttention", "Einsum", "Inner", "Kron", "Lambda", "Matmul", "Outer",
        "SeparableConv", "Tensordot", "Vdot",
    }
)  # fmt: skip
"""Layers and operations that multiply tensors, or may, though they have no kernel: no rule."""

VIEWS = frozenset({"ExpandDims", "Flatten", "Reshape", "Squeeze"})
"""What hands on the numbers of its input in another shape: it writes none."""

NOT_COUNTED = "not counted"


def work(layer: Any, has_kernel: bool, x: Shape, y: Shape) -> Work:
    """What one use of `layer` computes.

    A layer without a rule moves or scales data, 0 MACs, unless it multiplies with a kernel or is
    one of `PRODUCTS`: then its work is unknown, and the note says "not counted".
    """
    names = _known_names(layer)
    rule = next((RULES[name] for name in names if name in RULES), None)
    if rule is not None:
        return rule(layer, x, y)
    unknown = has_kernel or not PRODUCTS.isdisjoint(names)
    return Work(0, note=NOT_COUNTED if unknown else "")


def is_view(layer: Any) -> bool:
    """Whether `layer` writes no numbers of its own."""
    return not VIEWS.isdisjoint(_known_names(layer))


def _known_names(layer: Any) -> list[str]:
    """The names of a layer's class and its bases that are Keras' or this project's own."""
    return [
        cls.__name__
        for cls in type(layer).__mro__
        if cls.__module__.partition(".")[0] in ("keras", "scratch")
    ]
