"""Every layer with every option that changes its gradient."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scratch.functional import Pads

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerCase:
    """A layer call to check.

    Attributes:
        type: The class' name in `scratch.layers` and `keras.layers`.
        shapes: Of the inputs, batch first.
        options: The constructor's arguments.
        about: What is special, where the options do not say it.
        training: The mode.
        pads: Four pad numbers instead of `padding` (Keras: zeros put around the image before).
        ties: Whether inputs are whole numbers, so that maxima are tied.
    """

    type: str
    shapes: tuple[Shape, ...]
    options: dict[str, Any] = field(default_factory=dict)
    about: str = ""
    training: bool = False
    pads: Pads | None = None
    ties: bool = False


def _conv(
    shape: Shape, filters: int, kernel_size: Any, about: str = "", **others: Any
) -> LayerCase:
    pads = others.pop("pads", None)
    options = {"filters": filters, "kernel_size": kernel_size, **others}
    return LayerCase("Conv2D", (shape,), options, about, pads=pads)


def _pool(kind: str, pool_size: Any, about: str, **others: Any) -> LayerCase:
    return LayerCase(kind, ((2, 7, 6, 3),), {"pool_size": pool_size, **others}, about)


_IMAGES = (2, 6, 5, 3)
_POOLS = tuple(
    case
    for kind in ("MaxPooling2D", "AveragePooling2D")
    for case in (
        _pool(kind, (3, 2), "remainder"),
        _pool(kind, 3, "overlapping", strides=2),
        _pool(kind, (3, 4), "overlapping, padded", strides=(2, 1), padding="same"),
        _pool(kind, 2, "gaps between windows", strides=3, padding="same"),
    )
)

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
    LayerCase("Activation", ((2, 4, 5, 3),), {"activation": "relu"}),
    LayerCase("Activation", ((2, 3, 5),), {"activation": "softmax"}),
    LayerCase("Activation", ((2, 9),), {"activation": "linear"}),
    LayerCase("ReLU", ((2, 4, 5, 3),)),
    LayerCase("Softmax", ((4, 6),)),
    LayerCase("BatchNormalization", ((2, 4, 5, 3),), training=True),
    LayerCase("BatchNormalization", ((2, 4, 5, 3),)),
    LayerCase("BatchNormalization", ((6, 4),), {"epsilon": 0.1}, "vectors", training=True),
    LayerCase("BatchNormalization", ((2, 3, 2, 3),), {"scale": False}, training=True),
    LayerCase("BatchNormalization", ((2, 3, 2, 3),), {"center": False}, training=True),
    *_POOLS,
    LayerCase("GlobalAveragePooling2D", ((2, 4, 5, 3),)),
    LayerCase("GlobalAveragePooling2D", ((2, 4, 5, 3),), {"keepdims": True}),
    LayerCase("Flatten", ((2, 3, 5, 2),)),
    LayerCase("ZeroPadding2D", ((2, 3, 5, 2),), {"padding": ((1, 2), (0, 3))}),
    LayerCase("Add", ((2, 3, 5, 2),) * 2),
    LayerCase("Add", ((2, 9),) * 3, about="three inputs"),
    LayerCase("Concatenate", ((2, 3, 5, 2), (2, 3, 5, 4))),
    LayerCase("Concatenate", ((2, 3, 5), (2, 1, 5), (2, 2, 5)), {"axis": 1}),
    LayerCase("Dropout", ((3, 4, 5),), {"rate": 0.4, "seed": 7}, "fixed mask", training=True),
    LayerCase("Dropout", ((3, 7),), {"rate": 0.4, "seed": 7}),
)
"""The cases, grouped by layer."""

TIED = LayerCase("MaxPooling2D", ((2, 7, 6, 3),), {"pool_size": (3, 2)}, "tied maxima", ties=True)
"""Where maxima are tied no derivative exists: for faults that show nowhere else."""
