"""Random weights of which none is neutral.

A network fresh from Keras has gammas of one, biases, betas and moving means of zero, and
LayerScales of 1e-6: whatever is wrong with them, or behind them, does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def randomize(model: keras.Model, seed: int) -> None:
    """Draw all weights anew that Keras starts at a constant; kernels stay as they were drawn.

    Args:
        model: A built model, nested in any depth; changed.
        seed: Draws the weights.
    """
    rng = np.random.default_rng(seed)
    for layer in _layers(model):
        for variable in layer.weights:
            draw = _DRAWN.get(variable.name)
            if draw is not None:
                variable.assign(draw(rng, tuple(variable.shape)).astype(variable.dtype))
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            layer.finalize_state()


def calibrate(model: keras.Model, x: np.ndarray) -> None:
    """Make the moving statistics of every batch normalization those of one batch.

    Args:
        model: A built model, nested in any depth; changed.
        x: The batch, as the model takes it.
    """
    normalizations = [
        la for la in _layers(model) if isinstance(la, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    try:
        model(x, training=True)
    finally:
        for layer, momentum in zip(normalizations, momenta, strict=True):
            layer.momentum = momentum


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _near_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(0, 0.1, shape)


def _near_one(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.5, 1.5, shape)


def _slope(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.1, 0.4, shape)


_DRAWN: dict[str, Draw] = {
    "alpha": _slope,
    "beta": _near_zero,
    "bias": _near_zero,
    "gamma": _near_one,
    "mean": _near_zero,
    "moving_mean": _near_zero,
    "moving_variance": _near_one,
    "variance": _near_one,
}
