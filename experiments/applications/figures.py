"""How the networks of keras.applications are drawn."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.ticker import LogLocator

from experiments import style
from experiments.formatting import number
from experiments.study import Figure


def draw_ratios(runs: pd.DataFrame) -> Figure:
    """The largest difference of each network in units of the bound, forward and backward."""
    names = list(dict.fromkeys(runs.network))
    figure, axes = style.subplots(size=(7.0, 0.24 * len(names) + 1.4))
    kinds = (
        ("worst_forward_ratio", "output", style.BLUE, "o"),
        ("worst_backward_ratio", "gradient", style.VERMILION, "^"),
    )
    for column, kind, colour, marker in kinds:
        for mode, fill in (("training", colour), ("inference", "white")):
            rows = runs[runs.run_as == mode]
            axes.plot(
                rows[column], [names.index(name) for name in rows.network], marker, color=colour,
                markerfacecolor=fill, markersize=6, label=f"{kind}, {mode}" if len(rows) else None,
            )  # fmt: skip
    axes.axvline(1, color=style.BLACK, linewidth=1.2)
    axes.set(xlim=(0, 1.05), yticks=range(len(names)), yticklabels=names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("largest difference / deterministic rounding bound (1: proven different)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    largest = max(float(runs[column].max()) for column, *_ in kinds)
    return Figure(
        "error_ratios",
        "How much of its rounding bound the furthest tensor of each network takes up, each layer "
        "on its own.",
        f"Dot plot of the largest error ratios of {len(names)} networks, outputs and gradients; "
        f"the largest is {number(largest, 2)}, the line of proof is 1.",
        figure,
    )


def draw_growth(depth: pd.DataFrame) -> Figure:
    """How far from float64 each network is at each depth, end to end; a panel each."""
    shown = list(dict.fromkeys(depth.network))
    rows = math.ceil(len(shown) / 2)
    figure, panels = style.subplots(
        rows, 2, size=(7.2, 1.25 * rows + 0.6), sharex=True, sharey=True, squeeze=False
    )
    for axes, name in zip(panels.flat, shown, strict=False):
        line = depth[(depth.network == name) & (depth.ulp > 0)]
        axes.plot(line.depth, line.ulp, color=style.BLUE, linewidth=1.0)
        axes.set(title=name, yscale="log")
    for axes in panels[-1]:
        axes.set_xlabel("depth, from the first layer to the last")
    figure.supylabel("ulps of the output's largest number", fontsize=10)
    ends = depth.groupby("network").ulp.max()
    return Figure(
        "growth",
        "How rounding grows with depth: the distance of each layer's output from the float64 "
        "judge's, of the twin that is further off, both networks running end to end.",
        f"Lines of rounding error over depth for {len(shown)} networks, one a panel; the largest "
        f"distance is {number(float(ends.max()), 3)} ulps in {ends.idxmax()}.",
        figure,
    )


def draw_cost(networks: pd.DataFrame) -> Figure:
    """Seconds and peak memory of both twins, side by side."""
    names = list(networks.network)
    figure, panels = style.subplots(1, 2, size=(7.4, 0.24 * len(names) + 1.4), sharey=True)
    for axes, (quantity, title) in zip(
        panels, (("seconds", "seconds"), ("peak_mib", "peak memory, MiB")), strict=True
    ):
        ours, theirs = networks[f"{quantity}_scratch"], networks[f"{quantity}_keras"]
        axes.hlines(range(len(names)), ours, theirs, color=style.GREY, linewidth=1)
        axes.plot(ours, range(len(names)), "o", color=style.SCRATCH, label="NumPy")
        axes.plot(theirs, range(len(names)), "s", color=style.KERAS, label="TensorFlow")
        axes.set(xscale="log", xlabel=title, yticks=range(len(names)), yticklabels=names)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    ratio = networks.seconds_scratch / networks.seconds_keras
    return Figure(
        "cost",
        "A pass forward and backward of eight small photographs on either side, warm, in one "
        "process and in turn: NumPy on one thread, TensorFlow's compiled graph on all cores.",
        f"Dot plots of seconds and peak memory of {len(names)} networks in NumPy and TensorFlow; "
        f"NumPy takes {number(float(ratio.min()), 2)} to {number(float(ratio.max()), 2)} times as "
        "long.",
        figure,
    )
