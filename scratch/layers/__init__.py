"""Layers with Keras' names, arguments, defaults and weight names."""

from scratch.graph import Input
from scratch.layers.activation import Activation, ReLU, Softmax
from scratch.layers.add import Add
from scratch.layers.average_pooling2d import AveragePooling2D
from scratch.layers.base import Layer
from scratch.layers.batch_normalization import BatchNormalization
from scratch.layers.concatenate import Concatenate
from scratch.layers.conv2d import Conv2D
from scratch.layers.dense import Dense
from scratch.layers.dropout import Dropout
from scratch.layers.flatten import Flatten
from scratch.layers.global_average_pooling2d import GlobalAveragePooling2D
from scratch.layers.max_pooling2d import MaxPooling2D
from scratch.layers.zero_padding2d import ZeroPadding2D

LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer
    for layer in (
        Activation,
        Add,
        AveragePooling2D,
        BatchNormalization,
        Concatenate,
        Conv2D,
        Dense,
        Dropout,
        Flatten,
        GlobalAveragePooling2D,
        MaxPooling2D,
        ReLU,
        Softmax,
        ZeroPadding2D,
    )
}

__all__ = ["LAYERS", "Input", "Layer", *LAYERS]
