"""Pairs of models for the tests of the comparison, and what a comparison may not change."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

import scratch
from experiments.compare import Comparison, compare_layers
from keras_models import to_scratch
from scratch.layers import Layer
from tests.keras_models.samples import build, inputs_for

CLEAN = {"identical", "rounding"}


class Twins(NamedTuple):
    scratch: scratch.Model
    keras: keras.Model
    x: Any
    y: np.ndarray
    loss: str = "sparse_categorical_crossentropy"

    def compare(self, **options: Any) -> Comparison:
        options = {"loss": self.loss, **options}
        return compare_layers(self.scratch, self.keras, self.x, self.y, **options)

    def layer(self, name: str) -> Layer:
        return self.scratch.get_layer(name)


def twins(function: Callable[[], keras.Model], dtype: str = "float32", loss: str = "") -> Twins:
    """A Keras model with random weights, its scratch twin, and random data."""
    model = build(function, dtype)
    x = inputs_for(model)
    batch = len(x[0] if isinstance(x, list) else x)
    if loss:
        y = np.random.default_rng(2).random((batch, *model.output_shape[1:])).astype(dtype)
    else:
        y = np.arange(batch) % model.output_shape[-1]
    return Twins(to_scratch(model), model, x, y, loss or "sparse_categorical_crossentropy")


def small() -> keras.Model:
    """A plain classifier: convolution, normalisation, pooling, dense."""
    return keras.Sequential(
        [
            keras.Input((7, 6, 3)),
            keras.layers.Conv2D(4, (3, 2), padding="same", name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.ReLU(name="relu"),
            keras.layers.MaxPooling2D(2, name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(5, activation="softmax", name="end"),
        ],
        name="small",
    )


def override(layer: Layer, method: str, change: Callable[[Any], Any]) -> None:
    """Replace a layer's method by one that changes what it returns, as an instance attribute."""
    original = getattr(layer, method)

    def changed(*args: Any, **options: Any) -> Any:
        return change(original(*args, **options))

    setattr(layer, method, changed)


def verdicts(found: Comparison, layer: str, mode: str = "isolated") -> dict[str, str]:
    rows = found.table[(found.table.layer == layer) & (found.table["mode"] == mode)]
    return dict(zip(rows.tensor, rows.verdict, strict=True))


def notes(found: Comparison, layer: str, mode: str = "isolated") -> dict[str, str]:
    rows = found.table[(found.table.layer == layer) & (found.table["mode"] == mode)]
    return dict(zip(rows.tensor, rows.note, strict=True))
