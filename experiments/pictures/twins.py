"""Both twins' feature maps of one photograph, layer by layer, and how far they are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd

from experiments import style
from experiments.compare import compare_layers
from experiments.compare.verdicts import FAULT
from experiments.formatting import number
from experiments.pictures.drawing import DIVERGING
from experiments.pictures.exact import Array
from experiments.signs import SignsData
from experiments.study import Figure
from keras_models import to_scratch
from keras_models.probe import probe
from keras_models.zoo import signs_convnet

_LOSS = "sparse_categorical_crossentropy"
_LEARNING_RATE = 0.001
_BATCH = 64
_SHOWN = 8  # channels, in two rows
_SIDE = 64  # dots of every channel's picture, whatever its size
_GAP = 5


@dataclass(frozen=True)
class _Maps:
    """What both twins computed at one layer, end to end from one photograph."""

    layer: str
    scratch: Array
    keras: Array

    @property
    def ulps(self) -> Array:
        """Scratch - Keras in units in the last place of the layer's largest number."""
        unit = np.spacing(np.abs(self.keras).max())
        return (self.scratch.astype(np.float64) - self.keras) / unit


def twin_maps(signs: SignsData, index: int, epochs: int) -> tuple[Figure, pd.DataFrame]:
    """Train signs_convnet for a while, give both twins its weights and one photograph.

    Args:
        signs: The data.
        index: The test photograph.
        epochs: How long to train.

    Returns:
        The figure, and a row for each layer: how far the twins are apart end to end, and whether
        the layer on its own stays within its rounding bound.
    """
    data = signs.scaled("float32")
    theirs = signs_convnet("float32")
    theirs.compile(keras.optimizers.Adam(_LEARNING_RATE), _LOSS)
    theirs.fit(data.x_train, data.y_train, batch_size=_BATCH, epochs=epochs, verbose=0)
    ours = to_scratch(theirs)
    x, y = data.x_test[index : index + 1], data.y_test[index : index + 1]
    maps = _end_to_end(ours, theirs, x, y)
    isolated = compare_layers(ours, theirs, x, y).isolated
    outputs = isolated[isolated.tensor == "output"].to_dict("records")
    rows = [_row(found, alone) for found, alone in zip(maps, outputs, strict=True)]
    return _drawn([found for found in maps if found.keras.ndim == 4], epochs), pd.DataFrame(rows)


def _end_to_end(ours: Any, theirs: keras.Model, x: Array, y: Array) -> list[_Maps]:
    """Every layer's output on both sides, each from its own side's outputs before it."""
    maps = []
    value = x
    for layer, call in zip(ours.layers, probe(theirs, x, y, _LOSS).calls, strict=True):
        value = layer.forward(value)
        maps.append(_Maps(layer.name, value, call.output))
    return maps


def _row(found: _Maps, alone: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of the table; `alone` is the comparison's, of the layer on Keras' own input."""
    return {
        "layer": found.layer,
        "shape": "x".join(map(str, found.keras.shape)),
        "largest_number": float(np.abs(found.keras).max()),
        "max_difference": float(np.abs(found.scratch - found.keras).max()),
        "max_ulps": float(np.abs(found.ulps).max()),
        "error_ratio": alone["error_ratio"],
        "verdict": alone["verdict"],
        "within_bound": alone["verdict"] != FAULT,
    }


def _drawn(maps: list[_Maps], epochs: int) -> Figure:
    figure, axes = style.subplots(len(maps), 3, size=(7.2, 1.02 * len(maps) + 0.5))
    figure.set_layout_engine("constrained", wspace=0.06)
    limit = max(float(np.abs(found.ulps).max()) for found in maps) or 1.0
    for row, found in zip(axes, maps, strict=True):
        highest = max(float(found.scratch.max()), float(found.keras.max()))
        lowest = min(float(found.scratch.min()), float(found.keras.min()))
        for ax, side in zip(row, (found.scratch, found.keras), strict=False):
            values = style.image_axes(ax).imshow(
                _mosaic(side[0]), cmap="viridis", vmin=lowest, vmax=highest, interpolation="nearest"
            )
        apart = style.image_axes(row[2]).imshow(
            _mosaic(found.ulps[0]), cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest"
        )
        _, height, width, channels = found.keras.shape
        row[0].set_ylabel(f"{found.layer}\n{height}x{width}x{channels}", fontsize=9)
        figure.colorbar(values, ax=row[1], pad=0.02)
        figure.colorbar(apart, ax=row[2], pad=0.02)
    for ax, title in zip(axes[0], ("scratch", "Keras", "difference, ulps"), strict=True):
        ax.set_title(title, loc="center")
    worst = max(maps, key=lambda found: float(np.abs(found.ulps).max()))
    return Figure(
        "twins",
        f"What signs_convnet, trained for {epochs} epochs, makes of the photograph in both twins, "
        f"end to end in float32: the first {_SHOWN} channels of every layer, one scale a layer for "
        "both. Right: scratch minus Keras in units in the last place (ulp) of the layer's largest "
        f"number, on one scale from -{number(limit, 2)} to {number(limit, 2)} ulp for all layers; "
        "white is the same number bit for bit.",
        "Six rows of three mosaics. Those of scratch and Keras look the same; where they differ, "
        f"it is by at most {number(limit, 2)} ulp, in {worst.layer}.",
        figure,
    )


def _mosaic(values: Array) -> Array:
    """The first channels (H, W, C) as one picture, in two rows, alike in size; NaN between them."""
    step = _SIDE + _GAP
    across = _SHOWN // 2
    canvas = np.full((2 * step - _GAP, across * step - _GAP), np.nan)
    larger = values.repeat(_SIDE // values.shape[0], axis=0).repeat(
        _SIDE // values.shape[1], axis=1
    )
    for channel in range(_SHOWN):
        row, column = divmod(channel, across)
        top, left = row * step, column * step
        canvas[top : top + _SIDE, left : left + _SIDE] = larger[..., channel]
    return canvas
