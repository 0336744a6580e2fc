"""The catalogue's faulty layers, run on what the sources ran their functions on."""

from __future__ import annotations

import numpy as np

from experiments.faults import BY_NAME
from scratch.layers import AveragePooling2D, Conv2D, Layer, MaxPooling2D
from scratch.reference import zero_pad

Array = np.ndarray


def conv_layer(kernel: Array, bias: Array, stride: int) -> Conv2D:
    """A convolution with these weights, and no padding of its own."""
    f, _, channels, filters = kernel.shape
    layer = Conv2D(filters, f, strides=stride, dtype="float64")
    layer.build((None, None, None, channels))
    layer.weights["kernel"][...] = kernel
    layer.weights["bias"][...] = bias.ravel()
    return layer


def pool_layer(mode: str, f: int, stride: int) -> MaxPooling2D | AveragePooling2D:
    """A pooling layer, mode "max" or "average"."""
    kind = MaxPooling2D if mode == "max" else AveragePooling2D
    return kind(f, stride, dtype="float64")


def planted(fault: str, layer: Layer) -> Layer:
    """A copy of the layer with a fault of the catalogue in it."""
    return BY_NAME[fault].planted_copy(layer)


def conv_with_fault(
    fault: str, x: Array, kernel: Array, bias: Array, stride: int, pad: int
) -> Array:
    """Z of the faulty convolution of x, padded first."""
    return planted(fault, conv_layer(kernel, bias, stride)).forward(zero_pad(x, pad))


def pool_gradient_with_fault(
    fault: str, mode: str, x: Array, da: Array, f: int, stride: int
) -> Array:
    """dA_prev of the faulty pooling."""
    layer = planted(fault, pool_layer(mode, f, stride))
    layer.forward(x)
    return layer.backward(da)
