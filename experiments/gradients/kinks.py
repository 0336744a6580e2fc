"""Where no derivative exists: which one do the libraries and the oracles choose?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from experiments.derivatives import (
    Array,
    Function,
    central_differences,
    complex_step,
    forward_differences,
)
from experiments.gradients.framework import keras_tensors
from keras_models.probe import loss_and_gradient
from scratch import functional as F  # noqa: N812
from scratch.losses import SparseCategoricalCrossentropy
from scratch.reference import create_mask_from_window

_STEP = 2.0**-30
_WHOLE: dict[str, Any] = {"pool_size": (2, 2), "strides": (2, 2), "padding": "valid"}


@dataclass(frozen=True)
class Kink:
    """A point without derivative.

    Attributes:
        name: What and where.
        x: The point.
        cells: Names of its numbers.
        function: The program, whose outputs are added up.
        scratch: Its gradient by scratch.
        keras: Its gradient by Keras.
        sources: Its gradient in sources A and B; NaN where they do not say.
    """

    name: str
    x: Array
    cells: tuple[str, ...]
    function: Function
    scratch: Callable[[Array], Array]
    keras: Callable[[Array], Array]
    sources: Callable[[Array], Array] = lambda x: np.full(x.shape, np.nan)


def kink_rows() -> list[dict[str, Any]]:
    """One row for each number of each kink."""
    return [row for kink in _KINKS for row in _rows(kink)]


def _rows(kink: Kink) -> list[dict[str, Any]]:
    dy = np.ones(np.shape(kink.function(kink.x)))
    columns = {
        "value": kink.x,
        "scratch": kink.scratch(kink.x),
        "keras": kink.keras(kink.x),
        "sources_a_b": kink.sources(kink.x),
        "derivative_from_below": forward_differences(kink.function, kink.x, dy, -_STEP),
        "derivative_from_above": forward_differences(kink.function, kink.x, dy, _STEP),
        "central_differences": central_differences(kink.function, kink.x, dy, _STEP)[0],
        "complex_step": complex_step(kink.function, kink.x, dy),
    }
    # Adding 0.0 turns -0.0 into 0.0.
    flat = {name: np.ravel(values) for name, values in columns.items()}
    return [
        {"kink": kink.name, "cell": cell, **{name: float(v[i]) + 0.0 for name, v in flat.items()}}
        for i, cell in enumerate(kink.cells)
    ]


def _by_keras(layer: keras.Layer) -> Callable[[Array], Array]:
    def gradient(x: Array) -> Array:
        shape = layer.compute_output_shape(x.shape)
        return keras_tensors(layer, [x], np.ones(shape), training=True)["grad_input"]

    return gradient


def _max_pool_by_scratch(x: Array) -> Array:
    y, argmax = F.max_pool2d(x, **_WHOLE)
    return F.max_pool2d_backward(np.ones_like(y), argmax, x.shape[1:3], **_WHOLE)


_CLASS = np.array([0])
_LOSS = SparseCategoricalCrossentropy()
_KINKS = (
    Kink(
        "ReLU at 0",
        np.zeros((1, 1)),
        ("x",),
        F.relu,
        lambda x: F.relu_backward(np.ones_like(x), x),
        _by_keras(keras.layers.ReLU(dtype="float64")),
    ),
    Kink(
        "max pooling, three of four cells tied",
        np.array([3.0, 3.0, 1.0, 3.0]).reshape(1, 2, 2, 1),
        ("row 1, column 1", "row 1, column 2", "row 2, column 1", "row 2, column 2"),
        lambda x: F.max_pool2d(x, **_WHOLE)[0],
        _max_pool_by_scratch,
        _by_keras(keras.layers.MaxPooling2D(2, dtype="float64")),
        lambda x: create_mask_from_window(x, ties="all").astype(float),
    ),
    Kink(
        "cross-entropy from probabilities, true class at 0 (clipped)",
        np.array([[0.0, 1.0]]),
        ("true class", "other class"),
        lambda p: _LOSS.per_sample(_CLASS, p),
        lambda p: _LOSS.gradient(_CLASS, p),
        lambda p: loss_and_gradient("sparse_categorical_crossentropy", _CLASS, p)[1],
    ),
)
