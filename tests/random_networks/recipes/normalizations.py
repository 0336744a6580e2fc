"""Normalizations and scalings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.random_networks.recipes.drawing import (
    FLAG,
    UNLESS,
    Draw,
    Options,
    Recipe,
    Shape,
    axes_of,
    axis_of,
    one_of,
)


def _normalization(draw: Draw) -> Options:
    return {
        "epsilon": one_of(draw, 1e-3, 1e-5, 0.1),
        "center": draw(UNLESS),
        "scale": draw(UNLESS),
        "beta_initializer": one_of(draw, "zeros", "ones"),
        "gamma_initializer": one_of(draw, "ones", "zeros"),
    }


def _batch_normalization(draw: Draw, shape: Shape) -> Options:
    return {
        "axis": axis_of(draw, shape),
        "momentum": one_of(draw, 0.99, 0.5),
        **_normalization(draw),
        "moving_mean_initializer": one_of(draw, "zeros", "ones"),
        "moving_variance_initializer": one_of(draw, "ones", "zeros"),
    }


def _layer_normalization(draw: Draw, shape: Shape) -> Options:
    axis = axes_of(draw, shape) if draw(FLAG) else axis_of(draw, shape)
    return {"axis": axis, "rms_scaling": not draw(UNLESS), **_normalization(draw)}


def _group_normalization(draw: Draw, shape: Shape) -> Options:
    axis = axis_of(draw, shape)
    channels = shape[axis if axis < 0 else axis - 1]
    groups = one_of(draw, *(n for n in range(1, channels + 1) if channels % n == 0), -1)
    return {"groups": groups, "axis": axis, **_normalization(draw)}


def _input_normalization(draw: Draw, shape: Shape) -> Options:
    axis = one_of(draw, -1, None)
    numbers = st.sampled_from([1.0, 0.5, -2.0, 100.0])
    if axis is None or draw(FLAG):
        mean: Any = draw(numbers)
        variance: Any = abs(draw(numbers))
    else:
        mean = [draw(numbers) for _ in range(shape[axis])]
        variance = [abs(draw(numbers)) for _ in range(shape[axis])]
    return {"axis": axis, "mean": mean, "variance": variance, "invert": draw(FLAG)}


def _rescaling(draw: Draw, shape: Shape) -> Options:
    numbers = st.sampled_from([2.0, 1 / 255, -1.0, 0.0])

    def one_or_each() -> Any:
        return [draw(numbers) for _ in range(shape[-1])] if draw(FLAG) else draw(numbers)

    return {"scale": one_or_each(), "offset": one_or_each()}


def _layer_scale(draw: Draw, shape: Shape) -> Options:
    return {"init_values": one_of(draw, 1e-6, 0.5), "projection_dim": shape[-1]}


def _scale(draw: Draw, _shape: Shape) -> Options:
    return {"scale": one_of(draw, 0.5, 0.17, -1.0)}


RECIPES = {
    "BatchNormalization": Recipe(_batch_normalization),
    "CustomScaleLayer": Recipe(_scale, joins=True),
    "GroupNormalization": Recipe(_group_normalization),
    "LayerNormalization": Recipe(_layer_normalization),
    "LayerScale": Recipe(_layer_scale),
    "Normalization": Recipe(_input_normalization),
    "Rescaling": Recipe(_rescaling),
}
