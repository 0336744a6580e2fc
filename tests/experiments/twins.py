"""A small pair of twins, and batches of random photographs.

The convolution has no bias: the normalisation would cancel it, its gradient would be nothing but
rounding, and Adam makes steps of any gradient.
"""

import keras
import numpy as np

import scratch
from experiments.lockstep import Batch
from keras_models import to_keras
from scratch import config
from scratch.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    Input,
    MaxPooling2D,
    ReLU,
)

CLASSES = 5


def twins(dtype: str = "float64", seed: int = 0) -> tuple[scratch.Model, keras.Model]:
    config.set_random_seed(seed)
    with config.using_floatx(dtype):
        model = scratch.Sequential(
            [
                Input((9, 7, 3), name="image"),
                Conv2D(4, (2, 3), padding="same", use_bias=False, name="conv"),
                BatchNormalization(name="norm"),
                ReLU(name="relu"),
                MaxPooling2D(2, name="pool"),
                Flatten(name="flatten"),
                Dense(CLASSES, activation="softmax", name="classifier"),
            ],
            name="twin",
        )
    return model, to_keras(model)


def photographs(count: int, dtype: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.random((count, 9, 7, 3)).astype(dtype), rng.integers(0, CLASSES, count)


def random_batches(count: int, dtype: str = "float64", size: int = 6) -> list[Batch]:
    """All of epoch 1, each with photographs of its own."""
    return [Batch(1, *photographs(size, dtype, seed)) for seed in range(count)]
