"""Faulty layers as they compute: built with drawn weights, run forward and back."""

import numpy as np

from scratch import layers
from scratch.layers import Layer

X = np.random.default_rng(0).standard_normal((2, 6, 5, 3))


def built(layer: Layer, x: np.ndarray = X) -> Layer:
    rng = np.random.default_rng(3)
    layer.build(x.shape)
    for weight in layer.weights.values():
        weight[...] = rng.standard_normal(weight.shape)
    return layer


def right(layer: Layer) -> Layer:
    """The layer without its fault, sharing its weights."""
    (kind,) = [base for base in type(layer).__mro__ if base in layers.LAYERS.values()][:1]
    twin = kind(**layer.get_config())
    twin.build(X.shape)
    twin.weights = layer.weights
    return twin


def run(layer: Layer, x: np.ndarray = X, training: bool = True) -> dict[str, np.ndarray]:
    y = layer.forward(x, training=training)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    return {"output": y, "dy": dy, "grad_input": layer.backward(dy), **layer.gradients}
