"""Layers that move numbers, or drop them."""

from __future__ import annotations

from experiments.gradients.cases.case import LayerCase

CASES: tuple[LayerCase, ...] = (
    LayerCase("Flatten", ((2, 3, 5, 2),)),
    LayerCase("ZeroPadding2D", ((2, 3, 5, 2),), {"padding": ((1, 2), (0, 3))}),
    LayerCase("Dropout", ((3, 4, 5),), {"rate": 0.4, "seed": 7}, "fixed mask", training=True),
    LayerCase("Dropout", ((3, 7),), {"rate": 0.4, "seed": 7}),
)
