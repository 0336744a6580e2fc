"""Layers that normalize, scale and shift."""

from __future__ import annotations

from typing import Any

from experiments.gradients.cases.case import LayerCase

_IMAGES = (2, 3, 2, 4)


def _each(kind: str, *options: dict[str, Any]) -> tuple[LayerCase, ...]:
    return tuple(LayerCase(kind, (_IMAGES,), given) for given in options)


CASES: tuple[LayerCase, ...] = (
    LayerCase("BatchNormalization", ((2, 4, 5, 3),), training=True),
    LayerCase("BatchNormalization", ((2, 4, 5, 3),)),
    LayerCase("BatchNormalization", ((6, 4),), {"epsilon": 0.1}, "vectors", training=True),
    LayerCase("BatchNormalization", ((2, 3, 2, 3),), {"scale": False}, training=True),
    LayerCase("BatchNormalization", ((2, 3, 2, 3),), {"center": False}, training=True),
    LayerCase("BatchNormalization", ((2, 3, 2, 4),), {"axis": 1}, training=True),
    *_each(
        "LayerNormalization",
        {},
        {"axis": [1, 3], "epsilon": 0.1},
        {"axis": [1, 2, 3], "center": False},
        {"scale": False},
        {"rms_scaling": True},
    ),
    *_each(
        "GroupNormalization",
        {"groups": 2},
        {"groups": -1, "epsilon": 0.1},
        {"groups": 3, "axis": 1, "center": False},
        {"groups": 1, "scale": False},
    ),
    *_each(
        "Normalization",
        {},
        {"axis": [1, 3], "invert": True},
        {"mean": 0.5, "variance": 2.0},
        {"mean": [0.5, -1.0, 2.0, 0.0], "variance": [4.0, 0.25, 1.0, 2.0], "invert": True},
    ),
    *_each("Rescaling", {"scale": 0.1}, {"scale": [2, -0.5, 0.1, 1], "offset": [0.1, 0, 1, 2]}),
    *_each("LayerScale", {"init_values": 0.1, "projection_dim": 4}),
    LayerCase("CustomScaleLayer", (_IMAGES, _IMAGES), {"scale": 0.17}),
)
