"""How the benchmark's ratios and their limits are drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments import style
from experiments.formatting import number
from experiments.study import Figure


def draw_ratios(rows: pd.DataFrame) -> Figure:
    """Each row's ratio with the quartiles of its rounds, and the limit it is held against.

    Args:
        rows: Columns work, ratio, ratio_lower_quartile, ratio_upper_quartile, limit, reached.
    """
    figure, axes = style.subplots(size=(8.4, 0.32 * len(rows) + 1.3))
    places = np.arange(len(rows))
    colours = [style.GREEN if reached else style.VERMILION for reached in rows.reached]
    axes.hlines(
        places, rows.ratio_lower_quartile, rows.ratio_upper_quartile, colors=colours, linewidth=3,
        alpha=0.5,
    )  # fmt: skip
    for name, colour in (("limit kept", style.GREEN), ("limit missed", style.VERMILION)):
        here = rows.reached == (colour == style.GREEN)
        axes.plot(rows.ratio[here], places[here], "o", color=colour, markersize=7, label=name)
    axes.plot(rows.limit, places, "|", color=style.BLACK, markersize=13, mew=2, label="limit")
    axes.axvline(1, color=style.GREY, linewidth=1)
    axes.set(xscale="log", xlabel="NumPy's time / TensorFlow's")
    axes.set_yticks(places, rows.work)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
    axes.set_xticks(ticks, [number(tick) for tick in ticks])
    axes.minorticks_off()
    low = min(float(rows.ratio.min()), float(rows.limit.min()))
    axes.set_xlim(low / 1.3, 1.3 * max(float(rows.ratio.max()), float(rows.limit.max())))
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
    kept = int(rows.reached.sum())
    return Figure(
        "ratios",
        "NumPy's time as a multiple of TensorFlow's on the same cores: left of 1 NumPy is faster. "
        "Dots: medians; bars: the middle half of the rounds; black marks: the limits.",
        f"Dot plot of {len(rows)} ratios with their limits, {kept} of which are kept; the ratios "
        f"go from {number(float(rows.ratio.min()), 2)} to {number(float(rows.ratio.max()), 2)}.",
        figure,
    )
