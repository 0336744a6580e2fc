"""Activations and dropouts."""

from __future__ import annotations

import keras
from hypothesis import strategies as st

from scratch.functional import activations
from tests.random_networks.recipes.drawing import (
    FLAG,
    IMAGE,
    Draw,
    Options,
    Recipe,
    Shape,
    axes_of,
    axis_of,
    one_of,
)


def _is_known(activation: str) -> bool:
    try:
        activations.get(activation)
    except ValueError:
        return False
    return True


ACTIVATIONS = ("linear", *(name for name in sorted(dir(keras.activations)) if _is_known(name)))
"""Keras' names of all that the kit has, the plainest first."""


def _activation(draw: Draw, _shape: Shape) -> Options:
    return {"activation": one_of(draw, *ACTIVATIONS)}


def _relu(draw: Draw, _shape: Shape) -> Options:
    return {
        "max_value": one_of(draw, None, 6.0, 1.0),
        "negative_slope": one_of(draw, 0.0, 0.25),
        "threshold": one_of(draw, 0.0, 0.5, 1.0),
    }


def _slope(draw: Draw, _shape: Shape) -> Options:
    return {"negative_slope": one_of(draw, 0.3, 0.0, 1.5)}


def _alpha(draw: Draw, _shape: Shape) -> Options:
    return {"alpha": one_of(draw, 1.0, 0.5)}


def _prelu(draw: Draw, shape: Shape) -> Options:
    return {
        "alpha_initializer": one_of(draw, "zeros", "he_normal"),
        "shared_axes": axes_of(draw, shape) if draw(FLAG) else None,
    }


def _softmax(draw: Draw, shape: Shape) -> Options:
    return {"axis": axis_of(draw, shape)}


def _rate(draw: Draw, _shape: Shape) -> Options:
    return {"rate": one_of(draw, 0.5, 0.0, 0.25, 0.9), "seed": draw(st.integers(0, 3))}


def _dropout(draw: Draw, shape: Shape) -> Options:
    noise_shape = None
    if draw(FLAG):
        noise_shape = tuple(one_of(draw, None, 1, n) for n in shape)
        noise_shape = (one_of(draw, None, 1), *noise_shape)
    return {**_rate(draw, shape), "noise_shape": noise_shape}


RECIPES = {
    "Activation": Recipe(_activation),
    "Dropout": Recipe(_dropout),
    "ELU": Recipe(_alpha),
    "LeakyReLU": Recipe(_slope),
    "PReLU": Recipe(_prelu),
    "ReLU": Recipe(_relu),
    "Softmax": Recipe(_softmax),
    "SpatialDropout2D": Recipe(_rate, IMAGE),
}
