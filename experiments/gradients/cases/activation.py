"""Activations that are layers."""

from __future__ import annotations

from experiments.gradients.cases.case import LayerCase

CASES: tuple[LayerCase, ...] = (
    LayerCase("Activation", ((2, 4, 5, 3),), {"activation": "relu"}),
    LayerCase("Activation", ((2, 3, 5),), {"activation": "softmax"}),
    LayerCase("Activation", ((2, 9),), {"activation": "linear"}),
    LayerCase("ReLU", ((2, 4, 5, 3),)),
    LayerCase("Softmax", ((4, 6),)),
)
