"""The networks of keras.applications: counted, and held against TensorFlow's own profiler.

The models are built without weights files. The profiler counts the float operations of a graph by
its own rules: two for each multiply-accumulate as here, but also one or more an element for bias
adds, pooling, additions and the arithmetic of a batch normalization that is not folded. It does not
look into functions that a graph calls, and Keras runs a grouped convolution in one (compiled by
XLA): those it overlooks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import keras
import pandas as pd
import tensorflow as tf

from experiments.complexity import count

Shape = tuple[int, int, int]

QUICK = (
    "VGG16", "ResNet50", "MobileNet", "MobileNetV2", "DenseNet121", "EfficientNetB0", "InceptionV3",
)  # fmt: skip
TORCHVISION_RESNET = "ResNet50, stride in the 3x3"

_OPEN_SHAPE = (224, 224, 3)
"""What a network of open input size is counted for."""
_PRODUCTS = frozenset(
    {"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"}
)
_MIB = 2**20


def all_applications() -> list[str]:
    """The names of every network in keras.applications."""
    return sorted(name for name in vars(keras.applications) if name[0].isupper())


def application_table(names: Iterable[str], advance: Callable[[int], None]) -> pd.DataFrame:
    """One row a network, for one image; ResNet-50 is followed by torchvision's variant of it.

    Args:
        names: Of keras.applications.
        advance: Called with 1 after each.
    """
    rows = []
    for name in names:
        keras.backend.clear_session()
        model = getattr(keras.applications, name)(weights=None)
        rows.append(application_row(name, model))
        if name == "ResNet50":
            rows.append(application_row(TORCHVISION_RESNET, with_stride_in_3x3(model)))
        advance(1)
    keras.backend.clear_session()
    return pd.DataFrame(rows)


def application_row(name: str, model: keras.Model) -> dict[str, Any]:
    """What one image costs in `model`, by our count and by TensorFlow's profiler."""
    shape = _OPEN_SHAPE if None in model.input_shape[1:] else model.input_shape[1:]
    counted = count(model, shape)
    totals, table = counted.totals, counted.table
    grouped = int(table.macs[(table.type == "Conv2D") & table.note.str.contains("groups")].sum())
    operations = float_operations(model, shape)
    products = sum(operations[kind] for kind in operations if kind in _PRODUCTS)
    trainable = sum(prod(weight.shape) for weight in model.trainable_weights)
    conv_biases = int(table.biases[table.type.str.contains("Conv")].sum())
    return {
        "application": name,
        "input": "x".join(map(str, shape)),
        "parameters": totals["parameters"],
        "trainable_parameters": trainable,
        "conv_biases": conv_biases,
        "trainable_without_conv_biases": trainable - conv_biases,
        "count_params_agrees": totals["parameters"] == model.count_params(),
        "macs": totals["macs"],
        "grouped_macs": grouped,
        "bias_adds": totals["flops"] - 2 * totals["macs"],
        "flops": totals["flops"],
        "activations": totals["activations"],
        "activations_mib": totals["activation_bytes"] / _MIB,
        "profiler_float_ops": sum(operations.values()),
        "profiler_in_products": products,
        "products_are_two_macs": products == 2 * totals["macs"],
        "products_explained": products == 2 * (totals["macs"] - grouped),
        "convention": _convention(operations, grouped),
    }


def _convention(operations: dict[str, int], grouped: int) -> str:
    """What the profiler counts, in words and numbers."""
    others = [f"{kind} {n:,}" for kind, n in operations.items() if n and kind not in _PRODUCTS]
    products = "2 MACs" + (" but for grouped convolutions" if grouped else "")
    return " + ".join([products, *others])


def with_stride_in_3x3(resnet: keras.Model) -> keras.Model:
    """Keras' ResNet with the stride of each stage moved from the first 1x1 to the 3x3.

    As in torchvision, there called "V1.5".
    """
    config = resnet.get_config()
    for layer in config["layers"]:
        if layer["name"] in {f"conv{stage}_block1_1_conv" for stage in (3, 4, 5)}:
            layer["config"]["strides"] = (1, 1)
        elif layer["name"] in {f"conv{stage}_block1_2_conv" for stage in (3, 4, 5)}:
            layer["config"]["strides"] = (2, 2)
    return keras.Model.from_config(config)


def float_operations(model: keras.Model, shape: Shape) -> dict[str, int]:
    """TensorFlow's count for the inference graph of one image: operation type -> float operations.

    Args:
        model: Any Keras model of one input.
        shape: The image's (H, W, C).
    """
    infer = tf.function(lambda x: model(x, training=False))
    graph = infer.get_concrete_function(tf.TensorSpec((1, *shape), model.inputs[0].dtype)).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    with _silent_deprecations():
        node = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    found = {}
    while node.children:  # the view by operation is a chain, the costliest type first
        node = node.children[0]
        found[node.name] = node.float_ops
    return found


@contextmanager
def _silent_deprecations() -> Iterator[None]:
    """The profiler uses functions that TensorFlow itself deprecates, and says so each time."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
