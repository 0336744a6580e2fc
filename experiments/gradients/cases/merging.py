"""Layers of several inputs."""

from __future__ import annotations

from experiments.gradients.cases.case import LayerCase

_IMAGES, _GATE = (2, 3, 5, 2), (2, 1, 1, 2)

CASES: tuple[LayerCase, ...] = (
    LayerCase("Add", (_IMAGES,) * 2),
    LayerCase("Add", ((2, 9),) * 3, about="three inputs"),
    LayerCase("Add", (_IMAGES, _GATE, (2, 5, 1)), about="broadcast"),
    LayerCase("Subtract", (_IMAGES,) * 2),
    LayerCase("Subtract", (_GATE, _IMAGES), about="broadcast"),
    LayerCase("Multiply", (_IMAGES,) * 3, about="three inputs"),
    LayerCase("Multiply", (_IMAGES, _GATE), about="broadcast"),
    LayerCase("Average", (_IMAGES,) * 3, about="three inputs"),
    LayerCase("Average", (_IMAGES, _GATE), about="broadcast"),
    LayerCase("Maximum", (_IMAGES,) * 3, about="three inputs"),
    LayerCase("Maximum", (_IMAGES, _GATE), about="broadcast"),
    LayerCase("Minimum", (_IMAGES,) * 2),
    LayerCase("Concatenate", ((2, 3, 5, 2), (2, 3, 5, 4))),
    LayerCase("Concatenate", ((2, 3, 5), (2, 1, 5), (2, 2, 5)), {"axis": 1}),
)
