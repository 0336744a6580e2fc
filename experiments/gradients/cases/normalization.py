"""Layers that scale and shift."""

from __future__ import annotations

from experiments.gradients.cases.case import LayerCase

CASES: tuple[LayerCase, ...] = (
    LayerCase("BatchNormalization", ((2, 4, 5, 3),), training=True),
    LayerCase("BatchNormalization", ((2, 4, 5, 3),)),
    LayerCase("BatchNormalization", ((6, 4),), {"epsilon": 0.1}, "vectors", training=True),
    LayerCase("BatchNormalization", ((2, 3, 2, 3),), {"scale": False}, training=True),
    LayerCase("BatchNormalization", ((2, 3, 2, 3),), {"center": False}, training=True),
)
