"""Small networks and data that the tests of training and of files share."""

from __future__ import annotations

import numpy as np

from scratch import Model, Sequential
from scratch.layers import (
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
    Input,
    MaxPooling2D,
    ReLU,
    Softmax,
    ZeroPadding2D,
)

INPUT_SHAPE = (7, 6, 2)
CLASSES = 4


def dropout_net(dtype: str = "float32") -> Sequential:
    """Convolution, batch normalization, dropout, softmax: all that has a state of its own."""
    return Sequential(
        [
            Input(INPUT_SHAPE, dtype=dtype),
            Conv2D(3, (3, 2), use_bias=False, dtype=dtype),
            BatchNormalization(dtype=dtype),
            ReLU(dtype=dtype),
            Dropout(0.3, seed=5, dtype=dtype),
            Flatten(dtype=dtype),
            Dense(CLASSES, activation="softmax", dtype=dtype),
        ]
    )


def branched_net(dtype: str = "float32") -> Model:
    """Branches that join, a layer used twice, and every layer class in some corner."""
    kw = {"dtype": dtype}
    x = Input(INPUT_SHAPE, dtype=dtype, name="picture")
    shared = Conv2D(3, 3, strides=(2, 1), padding="same", activation="relu", name="shared", **kw)
    left = shared(x)
    right = shared(ReLU(**kw)(x))
    pooled = MaxPooling2D((2, 1), strides=1, padding="same", **kw)(left)
    joined = Concatenate(**kw)([Add(**kw)([pooled, right]), left])
    y = BatchNormalization(momentum=0.8, scale=False, **kw)(joined)
    y = Dropout(0.2, seed=3, **kw)(Activation("relu", **kw)(ZeroPadding2D((1, 2), **kw)(y)))
    y = GlobalAveragePooling2D(keepdims=True, **kw)(AveragePooling2D(2, **kw)(y))
    return Model(x, Softmax(**kw)(Dense(CLASSES, **kw)(Flatten(**kw)(y))), name="branched")


def samples(count: int, dtype: str = "float32", seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random pictures and labels."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, *INPUT_SHAPE)).astype(dtype)
    return x, rng.integers(CLASSES, size=count)


def assert_same_arrays(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    """Same names in the same order, same dtypes, same bits."""
    assert list(got) == list(want)
    for name in want:
        assert got[name].dtype == want[name].dtype, name
        assert got[name].shape == want[name].shape, name
        assert got[name].tobytes() == want[name].tobytes(), name
