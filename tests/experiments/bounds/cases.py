"""Layer calls whose bounds are tried, by family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scratch.layers import LAYERS, Layer
from tests.experiments.bounds.draws import Draw

IMAGES = (3, 7, 6, 4)  # (N, H, W, C), no two alike
PATCHES = (3, 7, 5, 6)
GATE = (3, 1, 1, 4)
SEQUENCES = (3, 9, 4)


@dataclass(frozen=True)
class Case:
    """A layer call.

    Attributes:
        type: The class' name in `scratch.layers`.
        options: The constructor's arguments.
        shapes: Of the inputs, batch first.
        modes: Whether it computes as in training; all that it tells apart.
        radius: Inside which of the bound's radii both sides stay: 2 where a choice may be in
            doubt, which either side may have made the other way.
        share: What the certain radius is of the largest number at most, on ordinary numbers.
    """

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = (IMAGES,)
    modes: tuple[bool, ...] = (True,)
    radius: int = 2
    share: float = 1e-3

    def build(self, draw: Draw, seed: int = 0) -> tuple[Layer, list[np.ndarray]]:
        """A float32 layer with random weights, and inputs for it."""
        rng = np.random.default_rng(seed)
        layer = LAYERS[self.type](**self.options, dtype="float32")
        layer.build(list(self.shapes) if layer.takes_list else self.shapes[0])
        for name, weight in layer.weights.items():
            drawn = 0.5 * rng.standard_normal(weight.shape)
            weight[...] = np.abs(drawn) + 0.1 if "variance" in name else drawn
        return layer, [draw(rng, shape).astype(np.float32) for shape in self.shapes]


def _with(cases: dict[str, Case], **fields: Any) -> dict[str, Case]:
    return {name: replace(case, **fields) for name, case in cases.items()}


BASIC: dict[str, Case] = {
    "conv": Case("Conv2D", {"filters": 5, "kernel_size": (3, 2), "padding": "same"}),
    "conv_1x1": Case("Conv2D", {"filters": 3, "kernel_size": 1, "use_bias": False}),
    "conv_strided_relu": Case(
        "Conv2D", {"filters": 6, "kernel_size": (2, 4), "strides": (3, 2), "activation": "relu"}
    ),
    "conv_dilated": Case("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": 3}),
    "conv_grouped": Case("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 2}),
    "dense": Case("Dense", {"units": 5}, ((4, 33),)),
    "dense_relu": Case("Dense", {"units": 7, "activation": "relu"}, ((2, 3, 9),)),
    "dense_softmax": Case("Dense", {"units": 6, "activation": "softmax"}, ((4, 33),)),
    "relu": Case("ReLU", {}),
    "activation": Case("Activation", {"activation": "linear"}),
    "softmax": Case("Softmax", {}, ((5, 17),)),
    "max_pool": Case("MaxPooling2D", {"pool_size": (2, 3)}),
    "max_pool_overlapping": Case(
        "MaxPooling2D", {"pool_size": 3, "strides": (1, 2), "padding": "same"}
    ),
    "average_pool": Case("AveragePooling2D", {"pool_size": (3, 2)}),
    "average_pool_overlapping": Case(
        "AveragePooling2D", {"pool_size": (3, 4), "strides": (2, 1), "padding": "same"}
    ),
    "global_average": Case("GlobalAveragePooling2D", {"keepdims": True}),
    "add": Case("Add", {}, (IMAGES,) * 3),
    "concatenate": Case("Concatenate", {"axis": 2}, ((2, 3, 4), (2, 3, 5))),
    "flatten": Case("Flatten", {}),
    "zero_padding": Case("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}),
    "dropout_idle": Case("Dropout", {"rate": 0.0}),
}
CONVOLUTIONS: dict[str, Case] = {
    "depthwise": Case("DepthwiseConv2D", {"kernel_size": (3, 2), "padding": "same"}),
    "depthwise_strided": Case(
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, "depth_multiplier": 3, "activation": "relu"},
    ),
    "depthwise_unequal_strides": Case(
        "DepthwiseConv2D", {"kernel_size": (2, 3), "strides": (1, 3), "padding": "same"}
    ),
    "depthwise_dilated": Case(
        "DepthwiseConv2D", {"kernel_size": (2, 3), "dilation_rate": 2, "padding": "same"}
    ),
    "depthwise_dilated_strided": Case(
        "DepthwiseConv2D", {"kernel_size": 2, "dilation_rate": 3, "strides": 2}
    ),
    "depthwise_by_groups": Case("Conv2D", {"filters": 8, "kernel_size": 3, "groups": 4}),
    "separable": Case("SeparableConv2D", {"filters": 5, "kernel_size": (3, 2), "padding": "same"}),
    "separable_strided": Case(
        "SeparableConv2D",
        {"filters": 3, "kernel_size": 3, "strides": 2, "depth_multiplier": 2, "use_bias": False},
    ),
    "separable_relu": Case(
        "SeparableConv2D", {"filters": 6, "kernel_size": 2, "activation": "relu"}
    ),
    "transposed": Case("Conv2DTranspose", {"filters": 5, "kernel_size": (3, 2), "padding": "same"}),
    "transposed_overlapping": Case(
        "Conv2DTranspose", {"filters": 3, "kernel_size": (4, 3), "strides": 2, "activation": "relu"}
    ),
    "transposed_with_gaps": Case(
        "Conv2DTranspose", {"filters": 3, "kernel_size": (2, 1), "strides": (3, 2)}
    ),
    "transposed_dilated": Case(
        "Conv2DTranspose", {"filters": 3, "kernel_size": (2, 3), "dilation_rate": 2}
    ),
    "conv_1d": Case(
        "Conv1D", {"filters": 5, "kernel_size": 3, "padding": "causal", "strides": 2}, (SEQUENCES,)
    ),
    "conv_1d_grouped": Case("Conv1D", {"filters": 6, "kernel_size": 2, "groups": 2}, (SEQUENCES,)),
    "depthwise_1d": Case("DepthwiseConv1D", {"kernel_size": 4, "padding": "same"}, (SEQUENCES,)),
}
NORMALIZERS = _with(
    {
        "batch_norm": Case("BatchNormalization", {}, modes=(True, False)),
        "batch_norm_plain": Case(
            "BatchNormalization",
            {"center": False, "scale": False, "epsilon": 1e-05},
            ((9, 4),),
            modes=(True, False),
        ),
        "batch_rows": Case(
            "BatchNormalization",
            {"axis": 1},
            (PATCHES,),
            modes=(True, False),
        ),
        "batch_columns_plain": Case(
            "BatchNormalization",
            {"axis": -2, "center": False, "scale": False},
            (PATCHES,),
            modes=(True, False),
        ),
        "layer": Case("LayerNormalization", {}, (PATCHES,)),
        "layer_plain": Case(
            "LayerNormalization",
            {"center": False, "scale": False, "epsilon": 1e-06},
            (PATCHES,),
        ),
        "layer_all": Case("LayerNormalization", {"axis": [1, 2, 3]}, (PATCHES,)),
        "layer_apart": Case(
            "LayerNormalization",
            {"axis": [1, -1], "scale": False},
            (PATCHES,),
        ),
        "layer_rms": Case("LayerNormalization", {"rms_scaling": True}, (PATCHES,)),
        "layer_rms_rows": Case(
            "LayerNormalization",
            {"rms_scaling": True, "axis": [1, 2]},
            (PATCHES,),
        ),
        "group": Case("GroupNormalization", {"groups": 3}, (PATCHES,)),
        "group_rows": Case("GroupNormalization", {"groups": 7, "axis": 1}, (PATCHES,)),
        "instance": Case("GroupNormalization", {"groups": -1, "center": False}, (PATCHES,)),
    },
    radius=1,
)
SCALES = _with(
    {
        "rescaling": Case("Rescaling", {"scale": 1 / 255}, (PATCHES,)),
        "rescaling_channels": Case(
            "Rescaling",
            {
                "scale": [0.1, -2.3, 0.0001, 7.7, 0.3, 1.0],
                "offset": [0.1, 0.2, -0.3, 1000.0, 0.0, 0.7],
            },
            (PATCHES,),
        ),
        "adapted": Case("Normalization", {}, (PATCHES,)),
        "adapted_inverse": Case("Normalization", {"invert": True}, (PATCHES,)),
        "adapted_rows": Case("Normalization", {"axis": (1, 3)}, (PATCHES,)),
        "given": Case("Normalization", {"mean": 0.45, "variance": 0.05}, (PATCHES,)),
        "given_inverse": Case(
            "Normalization",
            {"mean": 0.45, "variance": 1e-16, "invert": True},
            (PATCHES,),
        ),
        "layer_scale": Case(
            "LayerScale",
            {"init_values": 1e-06, "projection_dim": 6},
            (PATCHES,),
        ),
        "custom_scale": Case("CustomScaleLayer", {"scale": 0.17}, (PATCHES,) * 2),
    },
    radius=1,
)
POOLING_AND_MERGING = _with(
    {
        "global_max": Case("GlobalMaxPooling2D", {"keepdims": True}),
        "global_max_1d": Case("GlobalMaxPooling1D", {}, (SEQUENCES,)),
        "global_average_1d": Case("GlobalAveragePooling1D", {}, (SEQUENCES,)),
        "max_pool_1d": Case("MaxPooling1D", {"pool_size": 3, "strides": 2}, (SEQUENCES,)),
        "average_pool_1d": Case("AveragePooling1D", {"pool_size": 4, "strides": 3}, (SEQUENCES,)),
        "cropping": Case("Cropping2D", {"cropping": ((1, 0), (2, 3))}),
        "reshape": Case("Reshape", {"target_shape": (-1, 8)}),
        "permute": Case("Permute", {"dims": (3, 1, 2)}),
        "nearest": Case("UpSampling2D", {"size": (2, 3)}),
        "bilinear": Case("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}),
        "resized_down": Case("Resizing", {"height": 5, "width": 2}),
        "resized_wide": Case("Resizing", {"height": 7, "width": 19}),
        "resized_nearest": Case("Resizing", {"height": 4, "width": 13, "interpolation": "nearest"}),
        "cropped": Case("Resizing", {"height": 9, "width": 4, "crop_to_aspect_ratio": True}),
        "padded": Case(
            "Resizing",
            {"height": 9, "width": 15, "pad_to_aspect_ratio": True, "fill_value": 0.1},
        ),
        "add_gate": Case("Add", {}, (IMAGES, GATE, (3, 6, 1))),
        "subtract": Case("Subtract", {}, (IMAGES,) * 2),
        "subtract_gate": Case("Subtract", {}, (GATE, IMAGES)),
        "average": Case("Average", {}, (IMAGES,) * 3),
        "average_gate": Case("Average", {}, (IMAGES, GATE, IMAGES)),
        "multiply": Case("Multiply", {}, (IMAGES,) * 3),
        "multiply_gate": Case("Multiply", {}, (IMAGES, GATE)),
        "multiply_gates": Case("Multiply", {}, (GATE, (3, 7, 1, 1), IMAGES)),
        "maximum": Case("Maximum", {}, (IMAGES,) * 3),
        "minimum_gate": Case("Minimum", {}, (IMAGES, GATE)),
    },
    share=1e-4,
)
CASES = BASIC | CONVOLUTIONS | NORMALIZERS | SCALES | POOLING_AND_MERGING
