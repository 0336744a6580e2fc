"""Pooling layers."""

from __future__ import annotations

from typing import Any

from experiments.gradients.cases.case import LayerCase


def _pool(kind: str, pool_size: Any, about: str, **others: Any) -> LayerCase:
    return LayerCase(kind, ((2, 7, 6, 3),), {"pool_size": pool_size, **others}, about)


CASES: tuple[LayerCase, ...] = (
    *(
        case
        for kind in ("MaxPooling2D", "AveragePooling2D")
        for case in (
            _pool(kind, (3, 2), "remainder"),
            _pool(kind, 3, "overlapping", strides=2),
            _pool(kind, (3, 4), "overlapping, padded", strides=(2, 1), padding="same"),
            _pool(kind, 2, "gaps between windows", strides=3, padding="same"),
        )
    ),
    LayerCase("MaxPooling1D", ((2, 7, 3),), {"pool_size": 3, "strides": 2}),
    LayerCase("AveragePooling1D", ((2, 7, 3),), {"pool_size": 3, "strides": 2}),
    LayerCase("MaxPooling1D", ((2, 7, 3),), {"pool_size": 3, "strides": 2, "padding": "same"}),
    LayerCase("AveragePooling1D", ((2, 7, 3),), {"pool_size": 4, "strides": 3, "padding": "same"}),
    LayerCase("GlobalMaxPooling1D", ((2, 7, 3),)),
    LayerCase("GlobalMaxPooling1D", ((2, 7, 3),), {"keepdims": True}),
    LayerCase("GlobalMaxPooling2D", ((2, 4, 5, 3),)),
    LayerCase("GlobalMaxPooling2D", ((2, 4, 5, 3),), {"keepdims": True}),
    LayerCase("GlobalAveragePooling1D", ((2, 7, 3),)),
    LayerCase("GlobalAveragePooling1D", ((2, 7, 3),), {"keepdims": True}),
    LayerCase("GlobalAveragePooling2D", ((2, 4, 5, 3),)),
    LayerCase("GlobalAveragePooling2D", ((2, 4, 5, 3),), {"keepdims": True}),
)

TIED = LayerCase("MaxPooling2D", ((2, 7, 6, 3),), {"pool_size": (3, 2)}, "tied maxima", ties=True)
"""Where maxima are tied no derivative exists: for faults that show nowhere else."""
