"""The shapes that the sources give, and their network 39x39x3 -> 1960, computed on both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from experiments.arithmetic.shapes import (
    CONVOLUTION,
    POOLING,
    Shape,
    Window,
    keras_shape,
    scratch_shape,
)
from experiments.arithmetic.sizes import Side
from keras_models import to_keras
from scratch import zoo
from scratch.functional import resolve_padding
from scratch.layers import Conv2D, Flatten


@dataclass(frozen=True)
class Example:
    """A shape that a source states.

    Attributes:
        source: Where.
        about: What it is.
        input_shape: (N, H, W, C).
        window: What is computed.
        stated: The output's shape there.
    """

    source: str
    about: str
    input_shape: Shape
    window: Window
    stated: Shape


def _conv(size: int, filters: int, stride: int = 1, padding: Any = "valid") -> Window:
    return Window(CONVOLUTION, (size, size), (stride, stride), padding, filters)


def _pool(size: int, stride: int, padding: str = "valid") -> Window:
    return Window(POOLING, (size, size), (stride, stride), padding)


EXAMPLES = (
    Example("A3", "pad 2, stride 1", (10, 4, 4, 3), _conv(2, 8, 1, (2,) * 4), (10, 7, 7, 8)),
    Example(
        "B, 2021 set-up", "pad 2, stride 2", (10, 4, 4, 3), _conv(2, 8, 2, (2,) * 4), (10, 4, 4, 8)
    ),
    Example("A4", "pooling, f 4", (2, 4, 4, 3), _pool(4, 1), (2, 1, 1, 3)),
    Example("A8", "overlapping pooling", (5, 5, 3, 2), _pool(2, 1), (5, 4, 2, 2)),
    Example("B", "SIGNS ConvNet, conv1", (1, 64, 64, 3), _conv(4, 8, 1, "same"), (1, 64, 64, 8)),
    Example("B", "SIGNS ConvNet, pool1", (1, 64, 64, 8), _pool(8, 8, "same"), (1, 8, 8, 8)),
    Example("B", "SIGNS ConvNet, conv2", (1, 8, 8, 8), _conv(2, 16, 1, "same"), (1, 8, 8, 16)),
    Example("B", "SIGNS ConvNet, pool2", (1, 8, 8, 16), _pool(4, 4, "same"), (1, 2, 2, 16)),
    Example("C", "valid convolution", (1, 5, 5, 1), _conv(3, 1), (1, 3, 3, 1)),
    Example("C", "same convolution", (1, 5, 5, 1), _conv(3, 1, 1, "same"), (1, 5, 5, 1)),
    Example("C", "one 3x3x3 kernel", (1, 6, 6, 3), _conv(3, 1), (1, 4, 4, 1)),
    Example("C", "two 3x3x3 kernels", (1, 6, 6, 3), _conv(3, 2), (1, 4, 4, 2)),
    Example("C", "pooling in 2x2 blocks", (1, 4, 4, 1), _pool(2, 2), (1, 2, 2, 1)),
    Example("E", "the im2col code's test", (1, 3, 3, 2), _conv(2, 3), (1, 2, 2, 3)),
    Example("E, 5-7", "convolution as a matrix", (1, 4, 4, 1), _conv(3, 1), (1, 2, 2, 1)),
    Example(
        "E, 5-3", "GoogLeNet 3a, 5x5", (1, 28, 28, 192), _conv(5, 32, 1, "same"), (1, 28, 28, 32)
    ),
)


def example_rows() -> list[dict[str, Any]]:
    """One row for each example: stated, by formula, by scratch, by Keras."""
    return [_example_row(example) for example in EXAMPLES]


def _example_row(example: Example) -> dict[str, Any]:
    window, given = example.window, example.input_shape
    pads = resolve_padding(window.padding, (given[1], given[2]), window.size, window.strides)
    height = output_length(Side(given[1], window.size[0], window.strides[0], *pads[:2]))
    width = output_length(Side(given[2], window.size[1], window.strides[1], *pads[2:]))
    channels = given[3] if window.kind == POOLING else window.filters
    formula = (given[0], height, width, channels)
    shapes = {
        "stated": example.stated,
        "formula": formula,
        "scratch": scratch_shape(window, given),
        "keras": keras_shape(window, given),
    }
    return {
        "source": example.source,
        "example": example.about,
        "input": told(given),
        "window": told(window.size),
        "stride": window.strides[0],
        "pads": ", ".join(map(str, pads)),
        **{name: told(shape) for name, shape in shapes.items()},
        "all_agree": len(set(shapes.values())) == 1,
    }


def network_rows() -> list[dict[str, Any]]:
    """Source C's network, layer by layer: the shapes by formula, in scratch and in Keras."""
    model = zoo.ng_example()
    twin = to_keras(model)
    shape: Shape = tuple(model.input_shape[1:])
    rows = [_network_row("image", ("", "", ""), shape, shape, shape)]
    for call in model.calls:
        layer = call.layer
        options: tuple[Any, Any, Any] = ("", "", "")
        if isinstance(layer, Conv2D):
            height, width = (
                output_length(Side(n, f, s))
                for n, f, s in zip(shape[:2], layer.kernel_size, layer.strides, strict=True)
            )
            shape = (height, width, layer.filters)
            options = (layer.kernel_size[0], layer.strides[0], layer.filters)
        elif isinstance(layer, Flatten):
            shape = (math.prod(shape),)
        else:
            continue
        theirs = twin.get_layer(layer.name).output.shape
        rows.append(_network_row(layer.name, options, shape, call.output.shape[1:], theirs[1:]))
    return rows


def _network_row(
    name: str, options: tuple[Any, Any, Any], formula: Shape, ours: Any, theirs: Any
) -> dict[str, Any]:
    f, stride, filters = map(str, options)
    return {
        "layer": name,
        "f": f,
        "stride": stride,
        "filters": filters,
        "formula": told(formula),
        "scratch": told(ours),
        "keras": told(theirs),
        "numbers": math.prod(formula),
        "all_agree": formula == tuple(ours) == tuple(theirs),
    }


def output_length(side: Side) -> int:
    """floor((n + p + q - f) / s) + 1, source A with the two pads of source B."""
    return (side.n + side.p + side.q - side.f) // side.s + 1


def told(shape: Shape | None) -> str:
    """A shape for people: 37x37x10."""
    return "refused" if shape is None else "x".join(map(str, shape))
