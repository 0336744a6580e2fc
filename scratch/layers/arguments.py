"""What layers are told: checks of their arguments and of the shapes of their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratch.data_checks import check_at_least
from scratch.functional import Pads
from scratch.layers.base import Layer, Shape

Pair = tuple[int, int]


def pair(value: Any, layer: Layer, argument: str, least: int = 1) -> Pair:
    """One whole number or two, as (vertical, horizontal).

    Raises:
        TypeError: A number is not whole.
        ValueError: There are more than two, or one is below `least`.
    """
    values = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{layer}: {argument} must be one number or two, got {value!r}.")
    for number in values:
        check_at_least(f"{layer}: {argument}", number, least)
    return int(values[0]), int(values[1])


def border(value: Any, layer: Layer, argument: str) -> Pads:
    """One whole number, (vertical, horizontal) or ((top, bottom), (left, right)), as four.

    Raises:
        ValueError: It is none of these, or a number is negative.
    """
    sides = value if isinstance(value, list | tuple) else (value, value)
    try:
        (top, bottom), (left, right) = [pair(side, layer, argument, least=0) for side in sides]
    except (TypeError, ValueError):
        raise ValueError(
            f"{layer}: {argument} must be one whole number, two, or ((top, bottom), "
            f"(left, right)), none negative, got {value!r}."
        ) from None
    return (top, bottom, left, right)


def interpolation_name(value: Any, layer: Layer) -> str:
    """The name of an interpolation that `scratch.functional.resize2d` knows.

    Raises:
        ValueError: It is another.
    """
    if value not in ("nearest", "bilinear"):
        raise ValueError(f'{layer}: interpolation must be "nearest" or "bilinear", got {value!r}.')
    return value


def image_shape(layer: Layer, input_shape: Any) -> tuple[int | None, int | None, int | None]:
    """(height, width, channels) of the images that `layer` takes.

    Raises:
        ValueError: `input_shape` is not one of images.
    """
    if len(input_shape) != 4:
        raise ValueError(
            f"{layer} takes images (batch, height, width, channels), "
            f"got shape {tuple(input_shape)}."
        )
    _, height, width, channels = input_shape
    return height, width, channels


def input_features(layer: Layer, input_shape: Shape) -> int:
    """The input's last dimension, which the weights of `layer` depend on.

    Raises:
        ValueError: It is unknown, or another one than at the layer's first use.
    """
    features = input_shape[-1] if len(input_shape) > 1 else None
    if features is None:
        raise ValueError(
            f"{layer}: the input's last dimension must be known, got shape {tuple(input_shape)}."
        )
    if layer.features not in (None, features):
        raise ValueError(
            f"{layer}: its weights are for inputs whose last dimension is {layer.features}, "
            f"got shape {tuple(input_shape)}."
        )
    return features


def sizes_along(
    layer: Layer, input_shape: Any, axes: Sequence[int], at_first: tuple[int, ...] | None
) -> tuple[int, ...]:
    """The input's sizes along some axes, which the weights of `layer` depend on.

    Args:
        layer: Named in messages.
        input_shape: Batch first, None where unknown.
        axes: Counted from either end.
        at_first: The sizes at the layer's first use, after which they may be unknown; or None.

    Raises:
        ValueError: There is no such axis, or its size is unknown or another than at first.
    """
    shape, told = tuple(input_shape), ", ".join(map(str, axes))
    if not all(-len(shape) <= axis < len(shape) for axis in axes):
        raise ValueError(f"{layer}: inputs of shape {shape} have no axis {told}.")
    sizes = tuple(shape[axis] for axis in axes)
    if at_first is None and None in sizes:
        raise ValueError(
            f"{layer}: the input's size along axis {told} must be known, got shape {shape}."
        )
    own = at_first or sizes
    if not all(size in (None, first) for size, first in zip(sizes, own, strict=True)):
        raise ValueError(
            f"{layer}: its weights are for inputs whose size along axis {told} is "
            f"{', '.join(map(str, own))}, got shape {shape}."
        )
    return own
