"""What a network of any input shape can be given from the SIGNS photographs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from experiments.signs import SignsData

_CLASSES = 6  # Hands showing 0 to 5.


class PhotoTask(NamedTuple):
    """Inputs, targets and the loss that goes with the network's output.

    Attributes:
        x: (batch, H, W, C), float.
        y: Labels (batch,) for a classifier, otherwise arrays of the output's shape.
        loss: The name of the Keras loss.
    """

    x: np.ndarray
    y: np.ndarray
    loss: str


def photo_task(model: Any, signs: SignsData, batch: int, rng: np.random.Generator) -> PhotoTask:
    """Draw test photographs and bring them into the form that `model` takes.

    A network that ends in six probabilities is asked for the labels; any other learns to give
    other photographs in the shape of its output.

    Args:
        model: A Keras or scratch model of one image input.
        signs: The data set.
        batch: How many photographs.
        rng: Draws them.

    Raises:
        ValueError: There are fewer photographs, the model's input or output is no single image
            (or six probabilities), or it is too large to be cut from photographs.
    """
    for side, shape in (("input", model.input_shape), ("output", model.output_shape)):
        if len(shape) != 4 and not (side == "output" and tuple(shape[1:]) == (_CLASSES,)):
            raise ValueError(
                f"Model {model.name!r} has {side} shape {shape}; from photographs come images "
                f"(batch, height, width, channels), and labels of {_CLASSES} classes."
            )
    if batch > len(signs.x_test):
        raise ValueError(
            f"{batch} photographs were asked for, the test set has {len(signs.x_test)}."
        )
    dtype = str(model.inputs[0].dtype)
    chosen = rng.choice(len(signs.x_test), size=batch, replace=False)
    photos = signs.x_test[chosen].astype(dtype) / np.asarray(255, dtype)
    x = patches(photos, model.input_shape[1:])
    if len(model.output_shape) == 2:
        return PhotoTask(x, signs.y_test[chosen], "sparse_categorical_crossentropy")
    others = photos[::-1, :, ::-1]
    return PhotoTask(x, patches(others, model.output_shape[1:]), "mean_squared_error")


def patches(photos: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Photographs as images of any height, width and number of channels, no pixel made up.

    Three channels are the middle of the photograph. With more, each position holds the pixels of
    the patch around it, as many as there are channels: what im2col makes of a photograph.

    Args:
        photos: (batch, 64, 64, 3).
        shape: (H, W, C).

    Returns:
        (batch, H, W, C) in the photographs' dtype.

    Raises:
        ValueError: The patches do not fit in the photograph.
    """
    height, width, channels = shape
    _, *photo, colours = photos.shape
    size = math.ceil(math.sqrt(channels / colours))
    places = [side - size + 1 for side in photo]  # Where a patch can lie, down and across.
    if places[0] < height or places[1] < width:
        raise ValueError(
            f"An image of {height}x{width} with {channels} channels cannot be cut from photographs "
            f"of {photo[0]}x{photo[1]}x{colours}: its patches of {size}x{size} fit "
            f"{max(0, places[0])}x{max(0, places[1])} times."
        )
    step = 1 if size == 1 else min(places[0] // height, places[1] // width)
    rows, columns = (
        (have - step * (want - 1) - 1) // 2 + step * np.arange(want)
        for have, want in zip(places, (height, width), strict=True)
    )
    windows = np.lib.stride_tricks.sliding_window_view(photos, (size, size), axis=(1, 2))
    grid = windows[:, rows][:, :, columns]  # (batch, H, W, colour, size, size)
    flat = grid.transpose(0, 1, 2, 4, 5, 3).reshape(len(photos), height, width, -1)
    return np.ascontiguousarray(flat[..., :channels])
