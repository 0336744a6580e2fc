"""Pooling before and after: numbers in blocks, and a photograph."""

from __future__ import annotations

import keras
import numpy as np

from experiments import style
from experiments.pictures.drawing import draw_numbers, draw_photograph
from experiments.pictures.exact import Array, Picture, agreement, tensor
from experiments.study import Figure
from scratch import functional as F  # noqa: N812
from scratch.reference import pool_forward

BLOCKS = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])

_COLOURS = np.array([["#cfe3f3", "#fbe3cf"], ["#cdeadf", "#f3deea"]])
_SIZE = 4
_VALUES = {"max": "the largest", "average": "the mean"}


def pooling(photograph: Array) -> Picture:
    """A 4x4 array in 2x2 blocks, and a photograph in 4x4 blocks.

    Args:
        photograph: (H, W, 3), float64, whole numbers from 0 to 255.
    """
    numbers = {mode: _pooled(BLOCKS[None, ..., None], 2, mode) for mode in _VALUES}
    photos = {mode: _pooled(photograph[None], _SIZE, mode) for mode in _VALUES}
    checks = []
    for what, results, size in (("4x4 array", numbers, 2), ("photograph", photos, _SIZE)):
        for mode, found in results.items():
            checks += agreement("pooling", f"{mode} of {size}x{size} blocks, {what}", found)
    small = {mode: found["functional"][0, ..., 0] for mode, found in numbers.items()}
    large = {mode: found["functional"][0] for mode, found in photos.items()}
    return Picture(_drawn(photograph, small, large), checks)


def _pooled(x: Array, size: int, mode: str) -> dict[str, Array]:
    """The same pooling by everything that can pool."""
    window = (size, size)
    if mode == "max":
        ours = F.max_pool2d(x, window, window, "valid")[0]
        theirs = keras.ops.max_pool(tensor(x), window, window)
    else:
        ours = F.average_pool2d(x, window, window, "valid")
        theirs = keras.ops.average_pool(tensor(x), window, window)
    return {
        "reference.pool_forward": pool_forward(x, {"f": size, "stride": size}, mode)[0],
        "functional": ours,
        f"keras.ops.{mode}_pool": np.asarray(theirs),
    }


def _drawn(photograph: Array, small: dict[str, Array], large: dict[str, Array]) -> Figure:
    figure, (top, bottom) = style.subplots(2, 3, size=(7.2, 4.6), height_ratios=[2, 3])
    draw_numbers(top[0], BLOCKS, _COLOURS.repeat(2, axis=0).repeat(2, axis=1), "before, 4x4")
    height, width = photograph.shape[:2]
    draw_photograph(bottom[0], photograph, f"before, {height} x {width}")
    for upper, lower, (mode, kind) in zip(top[1:], bottom[1:], _VALUES.items(), strict=True):
        draw_numbers(upper, small[mode], _COLOURS, f"{mode}: {kind} of each block")
        after = large[mode]
        draw_photograph(lower, after, f"{mode}, {after.shape[0]} x {after.shape[1]}")
    values = {mode: " ".join(f"{value:g}" for value in small[mode].flat) for mode in _VALUES}
    brighter = large["max"].mean() - large["average"].mean()
    return Figure(
        "pooling",
        "Max and average pooling (source C): every block becomes one number, its largest or its "
        "mean. Below, each colour of a photograph likewise: the mean keeps the brightness, the "
        f"maximum makes the picture brighter, here by {brighter:.1f} of 255 on average.",
        f"A 4x4 array in four coloured 2x2 blocks; their maxima {values['max']}, their means "
        f"{values['average']}. A photograph, and it in blocks of {_SIZE}x{_SIZE} pixels, brighter "
        "by the maximum than by the mean.",
        figure,
    )
