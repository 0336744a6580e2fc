"""Layers that move numbers, drop them, or interpolate between them."""

from __future__ import annotations

from experiments.gradients.cases.case import LayerCase

CASES: tuple[LayerCase, ...] = (
    LayerCase("Flatten", ((2, 3, 5, 2),)),
    LayerCase("ZeroPadding2D", ((2, 3, 5, 2),), {"padding": ((1, 2), (0, 3))}),
    LayerCase("Dropout", ((3, 4, 5),), {"rate": 0.4, "seed": 7}, "fixed mask", training=True),
    LayerCase("Dropout", ((3, 7),), {"rate": 0.4, "seed": 7}),
    LayerCase(
        "Dropout", ((3, 4, 5),), {"rate": 0.4, "noise_shape": (None, 1, 5), "seed": 7},
        "fixed mask", training=True,
    ),
    LayerCase(
        "SpatialDropout2D", ((3, 4, 2, 5),), {"rate": 0.4, "seed": 7}, "fixed mask", training=True
    ),
    LayerCase("Cropping2D", ((2, 6, 5, 2),), {"cropping": ((1, 2), (0, 3))}),
    LayerCase("Reshape", ((2, 3, 4, 2),), {"target_shape": (-1, 6)}),
    LayerCase("Permute", ((2, 3, 4, 2),), {"dims": (3, 1, 2)}),
    LayerCase("UpSampling2D", ((2, 3, 4, 2),), {"size": (3, 2)}),
    LayerCase("UpSampling2D", ((2, 3, 4, 2),), {"size": (3, 2), "interpolation": "bilinear"}),
    LayerCase("Resizing", ((2, 5, 4, 2),), {"height": 3, "width": 7}),
    LayerCase("Resizing", ((2, 5, 4, 2),), {"height": 3, "width": 7, "interpolation": "nearest"}),
    LayerCase("Resizing", ((2, 5, 4, 2),), {"height": 3, "width": 7, "crop_to_aspect_ratio": True}),
    LayerCase(
        "Resizing",
        ((2, 5, 4, 2),),
        {"height": 3, "width": 7, "pad_to_aspect_ratio": True, "fill_value": 0.5},
    ),
)  # fmt: skip
