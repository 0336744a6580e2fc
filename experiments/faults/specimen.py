"""Small networks of the layers that a fault needs and the zoo does not have."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from keras_models.config import floatx, using_floatx
from keras_models.zoo import NETWORKS


def specimen(dtype: str | None = None) -> keras.Model:
    """All kinds of convolution, overlapping pooling, dropout; 64x64x3 -> 6."""
    with using_floatx(dtype or floatx()):
        return keras.Sequential(
            [
                keras.Input((64, 64, 3), name="image"),
                layers.Conv2D(
                    8, (3, 2), strides=(3, 4), padding="same", activation="relu", name="conv"
                ),
                layers.DepthwiseConv2D(
                    3, strides=2, padding="same", depth_multiplier=2, name="depthwise"
                ),
                layers.SeparableConv2D(8, (3, 2), padding="same", name="separable"),
                layers.Conv2DTranspose(8, 3, strides=2, padding="same", name="transposed"),
                layers.AveragePooling2D(3, strides=2, padding="same", name="average_pool"),
                layers.MaxPooling2D(3, strides=2, padding="same", name="max_pool"),
                layers.Dropout(0.4, seed=7, name="dropout"),
                layers.Flatten(name="flatten"),
                layers.Dense(6, activation="softmax", name="classifier"),
            ],
            name="specimen",
        )


def specimen_branches(dtype: str | None = None) -> keras.Model:
    """Branches that are cropped, resized, gated, dropped and merged; 64x64x3 -> 6."""
    with using_floatx(dtype or floatx()):
        image = keras.Input((64, 64, 3), name="image")
        x = layers.Conv2D(4, 3, strides=4, padding="same", name="conv")(image)
        x = layers.Cropping2D(((1, 3), (2, 0)), name="crop")(x)
        gate = layers.GlobalMaxPooling2D(keepdims=True, name="maximum_of_all")(x)
        x = layers.Multiply(name="gated")([x, gate])
        x = layers.SpatialDropout2D(0.4, seed=7, name="dropped")(x)
        half = layers.AveragePooling2D(2, name="average_pool")(x)
        bilinear = layers.UpSampling2D(2, interpolation="bilinear", name="enlarged")(half)
        nearest = layers.UpSampling2D(2, name="repeated")(half)
        average = layers.Average(name="average")([x, bilinear])
        difference = layers.Subtract(name="difference")([x, nearest])
        x = layers.Maximum(name="maximum")([average, difference])
        x = layers.Permute((3, 1, 2), name="permuted")(x)
        x = layers.Reshape((24, -1), name="rows")(x)
        x = layers.Flatten(name="flatten")(x)
        output = layers.Dense(6, activation="softmax", name="classifier")(x)
        return keras.Model(image, output, name="specimen_branches")


def specimen_normalized(dtype: str | None = None) -> keras.Model:
    """Every way to normalize and to scale; 64x64x3 -> 6."""
    with using_floatx(dtype or floatx()):
        image = keras.Input((64, 64, 3), name="image")
        x = layers.Rescaling(2.0, offset=-1.0, name="rescaled")(image)
        statistics = {"mean": [0.5, -0.25, 0.0], "variance": [0.25, 0.5, 2.0]}
        x = layers.Normalization(**statistics, name="standardized")(x)
        shortcut = layers.Conv2D(12, 5, strides=5, name="conv")(x)
        x = layers.LayerNormalization(name="layer_norm")(shortcut)
        x = layers.GroupNormalization(4, name="group_norm")(x)
        x = LayerScale(0.5, 12, name="layer_scale")(x)
        x = CustomScaleLayer(0.17, name="scaled_sum")([shortcut, x])
        x = layers.Flatten(name="flatten")(x)
        output = layers.Dense(6, activation="softmax", name="classifier")(x)
        return keras.Model(image, output, name="specimen_normalized")


def specimen_activations(dtype: str | None = None) -> keras.Model:
    """Activations that are layers, each behind a layer with weights; 64x64x3 -> 6."""
    wide = keras.initializers.RandomNormal(stddev=0.5)  # For numbers far from 0, too.
    with using_floatx(dtype or floatx()):
        return keras.Sequential(
            [
                keras.Input((64, 64, 3), name="image"),
                layers.Conv2D(6, 4, strides=4, activation="relu", name="conv1"),
                layers.Activation("relu", name="relu"),  # Half of its inputs are zero.
                layers.Conv2D(6, 3, kernel_initializer=wide, name="conv2"),
                layers.Activation("gelu", name="gelu"),
                layers.Conv2D(6, 3, name="conv3"),
                layers.LeakyReLU(name="leaky"),
                layers.Conv2D(6, 3, strides=2, name="conv4"),
                layers.PReLU(alpha_initializer="ones", shared_axes=[1, 2], name="prelu"),
                layers.Conv2D(6, 2, name="conv5"),
                layers.Activation("silu", name="silu"),
                layers.Flatten(name="flatten"),
                layers.Dense(8, name="hidden"),
                layers.Activation("sigmoid", name="sigmoid"),
                layers.Dense(6, name="logits"),
                layers.Softmax(name="softmax"),
            ],
            name="specimen_activations",
        )


SPECIMENS: dict[str, Callable[[str | None], keras.Model]] = {
    "specimen": specimen,
    "specimen_activations": specimen_activations,
    "specimen_branches": specimen_branches,
    "specimen_normalized": specimen_normalized,
}


def site_network(name: str, dtype: str | None = None) -> keras.Model:
    """The network of a fault's site: a specimen, or one of the zoo."""
    return SPECIMENS[name](dtype) if name in SPECIMENS else NETWORKS[name](dtype=dtype)
