"""How pictures, maps and small arrays of numbers are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from experiments import style
from experiments.formatting import number

Array = np.ndarray

DIVERGING = "RdBu_r"  # Blue is negative, white is 0, red is positive; told apart by colour-blind.


def draw_photograph(axes: Any, photograph: Array, title: str = "") -> None:
    """A photograph (H, W, 3) of values 0 to 255, every pixel a crisp square."""
    style.image_axes(axes).imshow(photograph.astype(np.uint8), interpolation="nearest")
    _title(axes, title)


def draw_map(axes: Any, values: Array, limit: float, title: str = "") -> Any:
    """A feature map (H, W) whose sign matters, from -`limit` to `limit`; returns the image."""
    image = style.image_axes(axes).imshow(
        values, cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest"
    )
    _title(axes, title)
    return image


def draw_numbers(axes: Any, values: Array, colours: Array | str, title: str = "") -> None:
    """A small array (H, W) as a grid of its numbers.

    Args:
        axes: Where to draw; one unit is one cell.
        values: The numbers.
        colours: The colour of every cell, or one of (H, W) colours each.
        title: Above the grid.
    """
    height, width = values.shape
    style.image_axes(axes).set(xlim=(-0.55, width - 0.45), ylim=(height - 0.45, -0.55))
    axes.set_aspect("equal")
    cells = np.broadcast_to(colours, values.shape)
    for (row, column), value in np.ndenumerate(values):
        place = (column - 0.5, row - 0.5)
        axes.add_patch(
            Rectangle(place, 1, 1, facecolor=cells[row, column], edgecolor="white", lw=2)
        )
        axes.text(column, row, number(float(value)), ha="center", va="center", fontsize=11)
    _title(axes, title)


def outline(axes: Any, top: float, left: float, height: float, width: float, colour: str) -> None:
    """A frame around `height` x `width` cells or pixels, the first of which is (top, left)."""
    frame = Rectangle(
        (left - 0.5, top - 0.5), width, height, fill=False, edgecolor=colour, lw=2, clip_on=False
    )
    axes.add_patch(frame)


def _title(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=9.5, weight="normal", loc="center")
