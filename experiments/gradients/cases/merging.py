"""Layers of several inputs."""

from __future__ import annotations

from experiments.gradients.cases.case import LayerCase

CASES: tuple[LayerCase, ...] = (
    LayerCase("Add", ((2, 3, 5, 2),) * 2),
    LayerCase("Add", ((2, 9),) * 3, about="three inputs"),
    LayerCase("Concatenate", ((2, 3, 5, 2), (2, 3, 5, 4))),
    LayerCase("Concatenate", ((2, 3, 5), (2, 1, 5), (2, 2, 5)), {"axis": 1}),
)
