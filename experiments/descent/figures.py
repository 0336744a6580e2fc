"""The cost of both twins by every method, and what a pass over the photographs takes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments import style
from experiments.descent.summary import over_seeds
from experiments.descent.training import TWINS
from experiments.formatting import number

_CLASSES = 6
_COLOURS = {"stochastic": style.PURPLE, "mini-batch": style.GREEN, "batch": style.ORANGE}
_LINES: dict[str, dict[str, Any]] = {
    "scratch": {"lw": 4, "alpha": 0.45},
    "Keras": {"lw": 1.4, "ls": (0, (4, 2))},
}
_AXES = {
    "step": ("steps", "log"),
    "epoch": ("epochs", "linear"),
    "seconds": ("seconds of the twin's own", "log"),
}


def draw_costs(looks: pd.DataFrame) -> Figure:
    """The cost against steps, epochs and seconds.

    Args:
        looks: method, twin, seed, step, epoch, seconds, cost; the mean over the seeds is drawn.
    """
    course = over_seeds(looks)
    figure, axes = style.subplots(1, len(_AXES), size=(7.4, 3.5), sharey=True)
    for ax, (column, (label, scale)) in zip(axes, _AXES.items(), strict=True):
        for method, twin in itertools.product(_COLOURS, TWINS):
            rows = course[(course.method == method) & (course.twin == twin)]
            shown = rows[rows[column] > 0] if scale == "log" else rows
            name = f"{method}, {twin}" if ax is axes[0] else None
            ax.plot(shown[column], shown.cost, color=_COLOURS[method], label=name, **_LINES[twin])
        ax.axhline(np.log(_CLASSES), color=style.BLACK, lw=0.8, ls=":")
        ax.set(xscale=scale, xlabel=label)
    axes[0].set(ylabel="cost over the training set")
    figure.legend(loc="outside upper center", ncols=len(_COLOURS))
    return figure


def draw_seconds(summary: pd.DataFrame) -> Figure:
    """Seconds of an epoch, a bar for each method and twin.

    Args:
        summary: method, twin, seconds_per_epoch.
    """
    methods = list(dict.fromkeys(summary.method))
    figure, axes = style.subplots(size=(7.0, 2.6))
    colours = dict(zip(TWINS, (style.SCRATCH, style.KERAS), strict=True))
    for offset, twin in zip((-0.2, 0.2), TWINS, strict=True):
        seconds = summary[summary.twin == twin].set_index("method").seconds_per_epoch[methods]
        bars = axes.barh(
            np.arange(len(methods)) + offset, seconds, 0.36, color=colours[twin], label=twin
        )
        axes.bar_label(bars, [f"{number(value, 2)} s" for value in seconds], padding=3, fontsize=9)
    axes.set_yticks(range(len(methods)), methods)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    axes.set(xlabel="seconds of an epoch")
    axes.legend()
    return figure
