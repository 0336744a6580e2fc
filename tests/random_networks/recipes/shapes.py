"""Layers that pool, pad, crop, resize and rearrange."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from tests.random_networks.recipes.drawing import (
    FLAG,
    IMAGE,
    ROW,
    Draw,
    Options,
    Recipe,
    Shape,
    no_options,
    one_of,
    sizes_of,
)


def _pooling(draw: Draw, shape: Shape) -> Options:
    padding = one_of(draw, "valid", "same")
    axes = len(shape) - 1
    pool = sizes_of(draw, axes, 4)
    if padding == "valid":
        pool = tuple(min(k, n) for k, n in zip(pool, shape, strict=False))
    strides = sizes_of(draw, axes, 3) if draw(FLAG) else None
    return {"pool_size": pool, "strides": strides, "padding": padding}


def _global_pooling(draw: Draw, _shape: Shape) -> Options:
    return {"keepdims": draw(FLAG)}


def _margins(draw: Draw, largest: Shape) -> Any:
    """Numbers for all four sides, in one of the forms that Keras takes."""
    form = one_of(draw, int, "two", "four")
    if form is int:
        return draw(st.integers(0, min(largest)))
    if form == "two":
        return tuple(draw(st.integers(0, n)) for n in largest)
    return tuple(tuple(draw(st.integers(0, n)) for _ in range(2)) for n in largest)


def _padding(draw: Draw, _shape: Shape) -> Options:
    return {"padding": _margins(draw, (3, 3))}


def _cropping(draw: Draw, shape: Shape) -> Options:
    return {"cropping": _margins(draw, tuple((n - 1) // 2 for n in shape[:2]))}


def _upsampling(draw: Draw, _shape: Shape) -> Options:
    return {"size": sizes_of(draw, 2, 3), "interpolation": one_of(draw, "nearest", "bilinear")}


def _resizing(draw: Draw, _shape: Shape) -> Options:
    height, width = sizes_of(draw, 2, 9)
    fit = one_of(draw, None, None, "crop_to_aspect_ratio", "pad_to_aspect_ratio")
    return {
        "height": height,
        "width": width,
        "interpolation": one_of(draw, "bilinear", "nearest"),
        "crop_to_aspect_ratio": fit == "crop_to_aspect_ratio",
        "pad_to_aspect_ratio": fit == "pad_to_aspect_ratio",
        "fill_value": one_of(draw, 0.0, 0.5),
    }


def _reshape(draw: Draw, shape: Shape) -> Options:
    """A factorization of the size into one to three axes, one of them perhaps left open."""
    rest = math.prod(shape)
    target = []
    for _ in range(draw(st.integers(0, 2))):
        target.append(one_of(draw, *(n for n in range(1, rest + 1) if rest % n == 0)))
        rest //= target[-1]
    target.append(rest)
    if draw(FLAG):
        target[one_of(draw, *range(len(target)))] = -1
    return {"target_shape": tuple(target)}


def _permute(draw: Draw, shape: Shape) -> Options:
    return {"dims": tuple(draw(st.permutations(range(1, len(shape) + 1))))}


RECIPES = {
    "AveragePooling1D": Recipe(_pooling, ROW),
    "AveragePooling2D": Recipe(_pooling, IMAGE),
    "Cropping2D": Recipe(_cropping, IMAGE),
    "Flatten": Recipe(no_options),
    "GlobalAveragePooling1D": Recipe(_global_pooling, ROW),
    "GlobalAveragePooling2D": Recipe(_global_pooling, IMAGE),
    "GlobalMaxPooling1D": Recipe(_global_pooling, ROW),
    "GlobalMaxPooling2D": Recipe(_global_pooling, IMAGE),
    "MaxPooling1D": Recipe(_pooling, ROW),
    "MaxPooling2D": Recipe(_pooling, IMAGE),
    "Permute": Recipe(_permute),
    "Reshape": Recipe(_reshape),
    "Resizing": Recipe(_resizing, IMAGE),
    "UpSampling2D": Recipe(_upsampling, IMAGE),
    "ZeroPadding2D": Recipe(_padding, IMAGE),
}
