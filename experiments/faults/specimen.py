"""A small network of the layers that a fault needs and the zoo does not have."""

from __future__ import annotations

import keras
from keras import layers

from keras_models.config import floatx, using_floatx


def specimen(dtype: str | None = None) -> keras.Model:
    """Activation inside a convolution, overlapping pooling, dropout; 64x64x3 -> 6."""
    with using_floatx(dtype or floatx()):
        return keras.Sequential(
            [
                keras.Input((64, 64, 3), name="image"),
                layers.Conv2D(
                    8, (3, 2), strides=(3, 4), padding="same", activation="relu", name="conv"
                ),
                layers.AveragePooling2D(3, strides=2, padding="same", name="average_pool"),
                layers.MaxPooling2D(3, strides=2, padding="same", name="max_pool"),
                layers.Dropout(0.4, seed=7, name="dropout"),
                layers.Flatten(name="flatten"),
                layers.Dense(6, activation="softmax", name="classifier"),
            ],
            name="specimen",
        )
