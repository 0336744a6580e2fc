"""Layers with a kernel."""

from __future__ import annotations

from typing import Any

from experiments.gradients.cases.case import LayerCase, Shape


def _conv(
    shape: Shape, filters: int, kernel_size: Any, about: str = "", **others: Any
) -> LayerCase:
    pads = others.pop("pads", None)
    options = {"filters": filters, "kernel_size": kernel_size, **others}
    return LayerCase("Conv2D", (shape,), options, about, pads=pads)


def _of(layer: str, shape: Shape, **options: Any) -> LayerCase:
    return LayerCase(layer, (shape,), options)


_IMAGES, _SEQUENCES = (2, 6, 5, 3), (2, 7, 3)

CASES: tuple[LayerCase, ...] = (
    _conv(_IMAGES, 4, (3, 2)),
    _conv(_IMAGES, 4, (4, 2), "even kernel", padding="same"),
    _conv(_IMAGES, 4, 3, "remainder", strides=(2, 3)),
    _conv(_IMAGES, 4, (4, 3), strides=(3, 2), padding="same"),
    _conv(_IMAGES, 4, (3, 2), strides=(2, 1), pads=(1, 2, 0, 3)),
    _conv(_IMAGES, 2, 2, dilation_rate=(3, 2)),
    _conv(_IMAGES, 2, (2, 3), dilation_rate=(1, 2), padding="same"),
    _conv((2, 5, 4, 4), 6, (2, 3), groups=2),
    _conv(_IMAGES, 3, (3, 2), activation="relu", padding="same"),
    _conv(_IMAGES, 4, 1, use_bias=False),
    _conv(_IMAGES, 4, 1, "cells that no window meets", strides=2),
    _conv(_IMAGES, 4, (6, 5), "kernel as large as the image"),
    _conv((1, 6, 5, 1), 1, (3, 2), "one image, one channel"),
    LayerCase("Dense", ((4, 7),), {"units": 5}),
    LayerCase("Dense", ((3, 12),), {"units": 4}, "a flattened 2x2x3 image"),
    LayerCase("Dense", ((1, 7),), {"units": 5, "use_bias": False}, "one row"),
    LayerCase("Dense", ((2, 3, 7),), {"units": 4}, "rows and columns"),
    LayerCase("Dense", ((4, 7),), {"units": 5, "activation": "relu"}),
    LayerCase("Dense", ((4, 7),), {"units": 5, "activation": "softmax"}),
    _of("DepthwiseConv2D", _IMAGES, kernel_size=(3, 2)),
    _of("DepthwiseConv2D", _IMAGES, kernel_size=(4, 3), padding="same", depth_multiplier=2),
    _of("DepthwiseConv2D", _IMAGES, kernel_size=3, strides=2, padding="same"),
    _of("DepthwiseConv2D", _IMAGES, kernel_size=2, dilation_rate=(2, 3), use_bias=False),
    _of(
        "DepthwiseConv2D", _IMAGES, kernel_size=(3, 2), strides=(3, 2), dilation_rate=2,
        padding="same", activation="relu",
    ),
    _of("SeparableConv2D", _IMAGES, filters=4, kernel_size=(3, 2), depth_multiplier=2),
    _of("SeparableConv2D", _IMAGES, filters=2, kernel_size=3, strides=2, padding="same"),
    _of("SeparableConv2D", _IMAGES, filters=4, kernel_size=2, dilation_rate=2, use_bias=False),
    _of("SeparableConv2D", _IMAGES, filters=4, kernel_size=2, activation="relu"),
    _of("Conv2DTranspose", _IMAGES, filters=4, kernel_size=(3, 2)),
    _of("Conv2DTranspose", _IMAGES, filters=4, kernel_size=(4, 3), strides=2, padding="same"),
    _of(
        "Conv2DTranspose", _IMAGES, filters=2, kernel_size=(3, 2), strides=(2, 3),
        output_padding=(1, 2), activation="relu",
    ),
    _of("Conv2DTranspose", _IMAGES, filters=4, kernel_size=(1, 2), strides=3, use_bias=False),
    _of("Conv1D", _SEQUENCES, filters=4, kernel_size=4, strides=2, padding="same"),
    _of("Conv1D", _SEQUENCES, filters=2, kernel_size=3, dilation_rate=2, padding="causal"),
    _of("Conv1D", (2, 7, 4), filters=6, kernel_size=3, groups=2, use_bias=False),
    _of("DepthwiseConv1D", _SEQUENCES, kernel_size=3, strides=2, depth_multiplier=2),
    _of(
        "DepthwiseConv1D", _SEQUENCES, kernel_size=2, dilation_rate=3, padding="same",
        use_bias=False,
    ),
)  # fmt: skip
