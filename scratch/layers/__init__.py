"""Layers with Keras' names, arguments, defaults and weight names."""

from scratch.graph import Input
from scratch.layers.activation import Activation
from scratch.layers.add import Add
from scratch.layers.average import Average
from scratch.layers.average_pooling1d import AveragePooling1D
from scratch.layers.average_pooling2d import AveragePooling2D
from scratch.layers.base import Layer
from scratch.layers.batch_normalization import BatchNormalization
from scratch.layers.concatenate import Concatenate
from scratch.layers.conv1d import Conv1D
from scratch.layers.conv2d import Conv2D
from scratch.layers.conv2d_transpose import Conv2DTranspose
from scratch.layers.cropping2d import Cropping2D
from scratch.layers.custom_scale_layer import CustomScaleLayer
from scratch.layers.dense import Dense
from scratch.layers.depthwise_conv1d import DepthwiseConv1D
from scratch.layers.depthwise_conv2d import DepthwiseConv2D
from scratch.layers.dropout import BaseDropout, Dropout
from scratch.layers.elu import ELU
from scratch.layers.flatten import Flatten
from scratch.layers.global_average_pooling2d import GlobalAveragePooling1D, GlobalAveragePooling2D
from scratch.layers.global_max_pooling2d import GlobalMaxPooling1D, GlobalMaxPooling2D
from scratch.layers.group_normalization import GroupNormalization
from scratch.layers.layer_normalization import LayerNormalization
from scratch.layers.layer_scale import LayerScale
from scratch.layers.leaky_relu import LeakyReLU
from scratch.layers.max_pooling1d import MaxPooling1D
from scratch.layers.max_pooling2d import MaxPooling2D
from scratch.layers.maximum import Maximum
from scratch.layers.minimum import Minimum
from scratch.layers.multiply import Multiply
from scratch.layers.normalization import Normalization
from scratch.layers.permute import Permute
from scratch.layers.prelu import PReLU
from scratch.layers.registry import register
from scratch.layers.relu import ReLU
from scratch.layers.rescaling import Rescaling
from scratch.layers.reshape import Reshape
from scratch.layers.resizing import Resizing
from scratch.layers.separable_conv2d import SeparableConv2D
from scratch.layers.softmax import Softmax
from scratch.layers.spatial_dropout2d import SpatialDropout2D
from scratch.layers.subtract import Subtract
from scratch.layers.up_sampling2d import UpSampling2D
from scratch.layers.zero_padding2d import ZeroPadding2D

LAYERS: dict[str, type[Layer]] = {
    layer.__name__: layer
    for layer in (
        Activation,
        Add,
        Average,
        AveragePooling1D,
        AveragePooling2D,
        BatchNormalization,
        Concatenate,
        Conv1D,
        Conv2D,
        Conv2DTranspose,
        Cropping2D,
        CustomScaleLayer,
        Dense,
        DepthwiseConv1D,
        DepthwiseConv2D,
        Dropout,
        ELU,
        Flatten,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GroupNormalization,
        LayerNormalization,
        LayerScale,
        LeakyReLU,
        MaxPooling1D,
        MaxPooling2D,
        Maximum,
        Minimum,
        Multiply,
        Normalization,
        PReLU,
        Permute,
        ReLU,
        Rescaling,
        Reshape,
        Resizing,
        SeparableConv2D,
        Softmax,
        SpatialDropout2D,
        Subtract,
        UpSampling2D,
        ZeroPadding2D,
    )
}

__all__ = ["LAYERS", "BaseDropout", "Input", "Layer", "register", *LAYERS]
