"""One look for all figures: colours that colour-blind readers tell apart, readable sizes.

The colours are those of Okabe and Ito, "Color Universal Design" (2008).
"""

from __future__ import annotations

from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#8C959F"

SCRATCH = BLUE
KERAS = VERMILION
DIFFERENCE = GREEN
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE, YELLOW, BLACK)
VERDICTS = {
    "identical": GREEN,
    "rounding": BLUE,
    "flip": PURPLE,
    "suspect": ORANGE,
    "fault": VERMILION,
    "inherited": GREY,
}

_INK = "#24292f"
SETTINGS: Any = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 150,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.labelcolor": _INK,
    "axes.edgecolor": "#8c959f",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=PALETTE),
    "grid.color": "#d0d7de",
    "grid.linewidth": 0.6,
    "image.cmap": "viridis",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "text.color": _INK,
    "xtick.color": _INK,
    "xtick.labelsize": 9,
    "ytick.color": _INK,
    "ytick.labelsize": 9,
    "svg.hashsalt": "convtwin",
}


def use() -> None:
    """Draw off screen and in this style from now on; the runner does this before every study."""
    matplotlib.use("Agg")
    matplotlib.rcParams.update(SETTINGS)


def subplots(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (7.0, 3.6), **options: Any
) -> tuple[Figure, Any]:
    """A figure and its axes, as `matplotlib.pyplot.subplots`, but kept by nobody else.

    Args:
        rows: How many rows of axes.
        columns: How many columns of axes.
        size: Width and height in inches; the report shows 7 inches at the width of its text.
        **options: Passed on to `Figure.subplots` (sharex, width_ratios, ...).
    """
    use()
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **options)


def image_axes(axes: Any) -> Any:
    """Strip axes that show a picture of its ticks, grid and frame, and return them."""
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes
