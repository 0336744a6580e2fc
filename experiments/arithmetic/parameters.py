"""What full connection, local connection and shared weights cost; VGG16 by formula."""

from __future__ import annotations

import math
from typing import Any

import keras

from experiments.arithmetic.examples import told
from experiments.arithmetic.shapes import Shape
from scratch.layers import Conv2D

# What, input (H, W, C), kernel size, filters, padding.
_CONVOLUTIONS: tuple[tuple[str, Shape, int, int, str], ...] = (
    ("source C, 5x5 by a 3x3 kernel", (5, 5, 1), 3, 1, "valid"),
    ("source C, first layer of 39x39x3", (39, 39, 3), 3, 10, "valid"),
    ("SIGNS ConvNet, conv1", (64, 64, 3), 4, 8, "same"),
    ("GoogLeNet 3a, 5x5", (28, 28, 192), 5, 32, "same"),
    ("VGG16, block1_conv1", (224, 224, 3), 3, 64, "same"),
    ("VGG16, block1_conv2", (224, 224, 64), 3, 64, "same"),
)
_VGG_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
_VGG_DENSE = (("fc1", 4096), ("fc2", 4096), ("predictions", 1000))


def connection_rows() -> list[dict[str, Any]]:
    """One row for each convolution: parameters of three layers with its input and output sizes.

    *Full*: every output has a weight for every input, and a bias. *Local*: every output has weights
    of its own, for its window alone. *Shared*: all outputs of a channel use the same, which is the
    convolution; scratch and Keras count it.
    """
    rows = []
    for about, given, size, filters, padding in _CONVOLUTIONS:
        options = {"filters": filters, "kernel_size": size, "padding": padding}
        ours = Conv2D(**options)  # type: ignore[arg-type]
        output = ours.compute_output_shape((None, *given))[1:]
        outputs = math.prod(n for n in output if n is not None)
        window = size * size * given[2]
        shared = filters * (window + 1)
        full = outputs * (math.prod(given) + 1)
        ours.build((None, *given))
        theirs = keras.layers.Conv2D(**options)
        theirs.build((None, *given))
        rows.append(
            {
                "layer": about,
                "input": told(given),
                "output": "x".join(map(str, output)),
                "full_connection": full,
                "local_connection": outputs * (window + 1),
                "shared_weights": shared,
                "scratch_counts": ours.count_params(),
                "keras_counts": theirs.count_params(),
                "full_over_shared": full / shared,
                "all_agree": shared == ours.count_params() == theirs.count_params(),
            }
        )
    return rows


def vgg16_rows() -> list[dict[str, Any]]:
    """VGG16 layer by layer (source D): sizes and parameters by formula, and Keras' own."""
    with keras.StatelessScope(initialize_variables=False):  # 138 million numbers are not drawn.
        model = keras.applications.VGG16(weights=None)
    rows = []
    for name, shape, parameters in _vgg16_by_formula():
        layer = model.get_layer(name)
        theirs = tuple(layer.output.shape[1:])
        rows.append(
            {
                "layer": name,
                "formula": told(shape),
                "keras": told(theirs),
                "numbers": math.prod(shape),
                "parameters": parameters,
                "keras_parameters": layer.count_params(),
                "all_agree": shape == theirs and parameters == layer.count_params(),
            }
        )
    return rows


def _vgg16_by_formula() -> list[tuple[str, Shape, int]]:
    """(layer, output shape, parameters): 3x3 convolutions with p = 1 keep the size, pools halve."""
    size, channels = 224, 3
    layers: list[tuple[str, Shape, int]] = []
    for block, (convolutions, filters) in enumerate(_VGG_BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            parameters = filters * (3 * 3 * channels + 1)
            layers.append((f"block{block}_conv{number}", (size, size, filters), parameters))
            channels = filters
        size //= 2
        layers.append((f"block{block}_pool", (size, size, channels), 0))
    features = size * size * channels
    layers.append(("flatten", (features,), 0))
    for name, units in _VGG_DENSE:
        layers.append((name, (units,), units * (features + 1)))
        features = units
    return layers
