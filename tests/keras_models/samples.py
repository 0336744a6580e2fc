"""Keras models for the tests: branches, shared layers, every supported layer; random weights."""

import keras
import numpy as np
from keras import layers
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from keras_models.config import using_floatx


def randomize(model: keras.Model, seed: int = 0) -> keras.Model:
    """Random weights everywhere, moving statistics and biases included; variances positive."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        value = rng.standard_normal(variable.shape) * 0.3
        variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
    return model


def inputs_for(model: keras.Model, batch: int = 3, seed: int = 1):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal((batch, *t.shape[1:])).astype(t.dtype) for t in model.inputs]
    return arrays if len(arrays) > 1 else arrays[0]


def bytes_of(model: keras.Model) -> list[bytes]:
    """All of a model's state, random states included."""
    return [variable.numpy().tobytes() for variable in model.variables]


def every_layer() -> keras.Model:
    """Layers with options that are not the default ones."""
    x = image = keras.Input((11, 9, 3), name="image")
    x = layers.ZeroPadding2D(((1, 0), (0, 2)), name="pad")(x)
    x = layers.Conv2D(4, (2, 3), strides=(2, 1), padding="same", activation="relu", name="conv1")(x)
    x = layers.Conv2D(
        5, 3, dilation_rate=2, padding="same", use_bias=False, name="conv2",
        kernel_initializer=keras.initializers.HeNormal(seed=3),
    )(x)  # fmt: skip
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-2, center=False, name="norm1")(x)
    x = layers.BatchNormalization(axis=3, scale=False, name="norm2")(x)
    a = layers.Activation("relu", name="activation")(x)
    b = layers.ReLU(name="relu")(x)
    a = layers.MaxPooling2D((3, 2), strides=2, padding="same", name="max")(a)
    b = layers.AveragePooling2D((2, 3), strides=(2, 2), padding="same", name="mean")(b)
    x = layers.Concatenate(axis=3, name="concatenate")([a, b, a])
    x = layers.Dropout(0.25, seed=3, name="dropout")(x)
    x = layers.GlobalAveragePooling2D(keepdims=True, name="average")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(7, activation="linear", name="hidden")(x)
    x = layers.Add(name="add")([x, x])
    x = layers.Dense(4, use_bias=False, name="logits")(x)
    return keras.Model(image, layers.Softmax(name="softmax")(x), name="every_layer")


def further_layers() -> keras.Model:
    """The supported layers that `every_layer` leaves out: images first, then sequences."""
    x = image = keras.Input((8, 6, 4), name="image")
    x = layers.Rescaling(1 / 4, offset=-0.5, name="rescaling")(x)
    x = layers.Normalization(mean=[0.5, 0.25, -1, 0], variance=[1, 4, 2, 0.5], name="standard")(x)
    x = layers.DepthwiseConv2D((2, 3), padding="same", name="depthwise")(x)
    x = layers.SeparableConv2D(4, 3, padding="same", name="separable")(x)
    x = layers.Conv2DTranspose(4, (2, 3), strides=2, padding="same", name="transpose")(x)
    x = layers.Cropping2D(((1, 2), (0, 3)), name="crop")(x)
    x = layers.GroupNormalization(2, name="groups")(x)
    x = layers.LayerNormalization(name="features")(x)
    x = LayerScale(0.5, 4, name="gamma")(x)
    x = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    a = layers.ELU(name="elu")(x)
    b = layers.LeakyReLU(0.1, name="leaky")(x)
    a = layers.SpatialDropout2D(0.25, seed=4, name="channels")(a)
    merged = [
        layers.Average(name="average")([a, b]),
        layers.Maximum(name="maximum")([a, b]),
        layers.Minimum(name="minimum")([a, b]),
        layers.Multiply(name="multiply")([a, b]),
        layers.Subtract(name="subtract")([a, b]),
    ]
    x = CustomScaleLayer(0.25, name="scale")(
        [layers.Concatenate(name="join")(merged), layers.Concatenate(name="again")(merged)]
    )
    top = layers.GlobalMaxPooling2D(name="top")(x)
    x = layers.UpSampling2D((1, 2), name="up")(x)
    x = layers.Resizing(5, 6, interpolation="nearest", name="resize")(x)
    x = layers.Permute((2, 1, 3), name="permute")(x)
    x = layers.Reshape((-1, 20), name="row")(x)
    x = layers.Conv1D(6, 3, strides=2, name="conv1d")(x)
    x = layers.DepthwiseConv1D(2, name="depthwise1d")(x)
    a = layers.MaxPooling1D(2, name="max1d")(x)
    b = layers.AveragePooling1D(3, name="mean1d")(x)
    ends = [
        top,
        layers.GlobalMaxPooling1D(name="end_max")(a),
        layers.GlobalAveragePooling1D(name="end_mean")(b),
    ]
    x = layers.Concatenate(name="ends")(ends)
    x = layers.Dense(4, activation="softmax", name="end")(x)
    return keras.Model(image, x, name="further_layers")


def branched() -> keras.Model:
    """A tensor used by three calls, two of them joined by Add, all by Concatenate."""
    x = image = keras.Input((6, 5, 2), name="image")
    x = layers.Conv2D(3, 2, activation="relu", name="stem")(x)
    x = layers.BatchNormalization(name="norm")(x)
    left = layers.Conv2D(3, 3, padding="same", name="left")(x)
    joined = layers.Add(name="add")([left, x, x])
    pooled = layers.MaxPooling2D(2, strides=1, padding="same", name="pool")(x)
    x = layers.Concatenate(name="join")([joined, pooled])
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.4, name="dropout")(x)
    return keras.Model(image, layers.Dense(4, activation="softmax", name="end")(x), name="branched")


def shared() -> keras.Model:
    """Two inputs through one convolution, written in another order than joined, and twice through
    one Dense."""
    a, b = keras.Input((5, 4, 2), name="a"), keras.Input((5, 4, 2), name="b")
    conv = layers.Conv2D(3, (2, 3), activation="relu", name="conv")
    dense = layers.Dense(24, name="dense")
    from_a, from_b = conv(a), conv(b)
    x = layers.Concatenate(name="join")([from_b, from_a])
    x = layers.Conv2D(3, 1, name="mix")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(24, name="widen")(x)
    x = dense(dense(x))
    return keras.Model([a, b], layers.Dense(4, activation="softmax", name="end")(x), name="shared")


def build(function, dtype: str = "float64") -> keras.Model:
    """One of the models above in `dtype`, with random weights."""
    with using_floatx(dtype):
        return randomize(function())
