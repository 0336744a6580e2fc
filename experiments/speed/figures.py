"""How the study of speed is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from experiments import style
from experiments.formatting import number
from experiments.passes import NUMPY, TENSORFLOW
from experiments.study import Figure

_IMPLEMENTATIONS = {NUMPY: style.SCRATCH, TENSORFLOW: style.KERAS}
_MILLISECONDS = [digit * 10.0**power for power in range(-3, 3) for digit in (1, 2, 5)]
_LADDER = {"forward": (style.BLUE, "o"), "backward": (style.VERMILION, "^")}


def draw_ladder(rows: pd.DataFrame) -> Figure:
    """How many times faster than the loops each rung is, a panel a convolution."""
    cases = list(dict.fromkeys(rows.convolution))
    heights = [rows[rows.convolution == case].rung.nunique() for case in cases]
    figure, panels = style.subplots(
        len(cases), 1, size=(7.2, 0.27 * sum(heights) + 0.5 * len(cases) + 0.9), sharex=True,
        height_ratios=heights, squeeze=False,
    )  # fmt: skip
    for axes, case in zip(panels[:, 0], cases, strict=True):
        mine = rows[rows.convolution == case]
        rungs = list(dict.fromkeys(mine.rung))
        for passes, (colour, marker) in _LADDER.items():
            line = mine[mine.passes == passes]
            places = [rungs.index(rung) for rung in line.rung]
            axes.plot(
                line.times_faster_than_loops, places, marker, color=colour, label=passes,
                markersize=6, linestyle="-", linewidth=0.8, alpha=0.9,
            )  # fmt: skip
        best = mine.groupby("rung", sort=False).times_faster_than_loops.max()
        for place, value in enumerate(best):
            axes.annotate(
                number(value, 2), (value, place), (8, 0), textcoords="offset points", va="center",
                fontsize=8,
            )  # fmt: skip
        axes.set(title=case, xscale="log", yticks=range(len(rungs)), yticklabels=rungs)
        axes.set_ylim(len(rungs) - 0.4, -0.6)
        axes.set_xlim(0.7, 3.5 * float(rows.times_faster_than_loops.max()))
    ticks = [1, 10, 100, 1000, 10000]
    panels[-1, 0].set_xticks(ticks, [number(tick) for tick in ticks])
    panels[-1, 0].set_xlabel("times faster than the loops, of the same pass")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    top = rows.iloc[int(rows.times_faster_than_loops.argmax())]
    return Figure(
        "ladder",
        "The same convolution, computed in one way after the other: how many times faster than "
        "plain loops each is. The number is that of the better pass.",
        f"Dot plots over {len(cases)} convolutions; the longest way up is "
        f"{number(top.times_faster_than_loops, 3)} times ({top.rung}, {top.passes}).",
        figure,
    )


def draw_roofline(layers: pd.DataFrame, roof: pd.DataFrame) -> Figure:
    """Layers that multiply under the roof of arithmetic, those that do not beside the copy."""
    limit = roof.iloc[0]
    figure, (left, right) = style.subplots(1, 2, size=(7.4, 4.2), width_ratios=(3, 2))
    multiply, move = layers[layers.macs > 0], layers[layers.macs == 0]
    intensity = np.geomspace(0.8 * multiply.flop_per_byte.min(), 1000, 100)
    bound = np.minimum(limit.product_gflop_per_s, intensity * limit.copy_gb_per_s)
    left.plot(intensity, bound, color=style.BLACK, linewidth=1.4)
    pointwise = multiply.kernel == "1x1"
    kinds = {
        "convolution, larger kernel": (multiply[~pointwise & (multiply.kernel != "")], "o"),
        "convolution, 1x1": (multiply[pointwise], "s"),
        "dense": (multiply[multiply.kernel == ""], "^"),
    }
    colours = (style.BLUE, style.GREEN, style.PURPLE)
    for (label, (rows, marker)), colour in zip(kinds.items(), colours, strict=True):
        left.plot(rows.flop_per_byte, rows.gflop_per_s, marker, color=colour, label=label,
                  markersize=6, alpha=0.8)  # fmt: skip
    left.set(xscale="log", yscale="log", xlabel="FLOP per byte", ylabel="GFLOP/s")
    left.set_title(f"{len(multiply)} layers that multiply")
    left.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    rates = [0.1, 1, 10, 100, 1000]
    left.set_yticks(rates, [number(rate) for rate in rates])
    left.set_ylim(0.5 * multiply.gflop_per_s.min(), 3 * limit.product_gflop_per_s)
    left.minorticks_off()
    left.legend(loc="lower right", fontsize=8)
    _moving(right, move, limit.copy_gb_per_s)
    share = multiply.share_of_roof
    return Figure(
        "roofline",
        "Every layer of the zoo's networks, forward, under what this machine allows. Left: rate "
        "over arithmetic intensity, below the rate of copying memory (rising) and of a large "
        "matrix product (flat); Winograd multiplies less than is counted and may pass it. Right: "
        "layers that only move numbers, beside the rate of a copy (line).",
        f"A log-log plot of {len(multiply)} layers under the roof, of which they reach "
        f"{share.median():.0%} in the median and {share.max():.0%} at most; and the rates of "
        f"{len(move)} layers that move data, {number(move.gb_per_s.median(), 2)} GB/s in the "
        "median.",
        figure,
    )


def draw_scaling(rows: pd.DataFrame) -> Figure:
    """Time per image over each size, both twins."""
    cases = list(dict.fromkeys(zip(rows.work, rows.grows, strict=True)))
    figure, panels = style.subplots(2, 3, size=(7.6, 5.2))
    for axes, (work, grows) in zip(panels.flat, cases, strict=False):
        mine = rows[(rows.work == work) & (rows.grows == grows)]
        for implementation, colour in _IMPLEMENTATIONS.items():
            line = mine[mine.implementation == implementation]
            axes.plot(line.value, line.milliseconds_per_image, "o-", color=colour,
                      label=implementation, markersize=5)  # fmt: skip
        values = sorted(set(mine.value))
        axes.set(xscale="log", yscale="log", title=work.partition(",")[0], xlabel=grows)
        axes.set_xticks(values, [str(value) for value in values])
        low, high = mine.milliseconds_per_image.min() / 1.5, 1.5 * mine.milliseconds_per_image.max()
        shown = [tick for tick in _MILLISECONDS if low <= tick <= high]
        axes.set_yticks(shown, [number(tick) for tick in shown])
        axes.set_ylim(low, high)
        axes.minorticks_off()
    for axes in panels[:, 0]:
        axes.set_ylabel("ms per image")
    for axes in panels.flat[len(cases) :]:
        axes.set_visible(False)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    ratios = rows.pivot_table(
        index=["work", "grows", "value"], columns="implementation", values="milliseconds"
    )
    ratio = (ratios[NUMPY] / ratios[TENSORFLOW]).dropna()
    return Figure(
        "scaling",
        "Milliseconds per image of a 3x3 convolution (28x28, 64 to 64 channels, batch 8, forward "
        "and backward) and of a training step of signs_convnet (batch 64), one size varied at a "
        "time, on all cores.",
        f"Lines for NumPy and TensorFlow in {len(cases)} panels; NumPy takes "
        f"{number(float(ratio.min()), 2)} to {number(float(ratio.max()), 2)} times as long.",
        figure,
    )


def draw_accuracy(rows: pd.DataFrame) -> Figure:
    """Errors over channels, Winograd's beside those of the exact algorithms; a panel a pass."""
    names = list(dict.fromkeys(rows["pass"]))
    figure, panels = style.subplots(1, len(names), size=(7.4, 3.6), sharey=True)
    for axes, which in zip(panels, names, strict=True):
        mine = rows[rows["pass"] == which]
        exact = mine[mine.elementwise].groupby("channels")
        other = mine[~mine.elementwise].groupby("channels")
        for grouped, colour, name in (
            (exact, style.BLUE, "algorithms within the elementwise bound"),
            (other, style.VERMILION, "Winograd"),
        ):
            largest, rms = grouped.largest_ulps.max(), grouped.rms_ulps.max()
            axes.plot(largest.index, largest, "o-", color=colour, label=f"{name}, largest")
            axes.plot(rms.index, rms, "o--", color=colour, label=f"{name}, root mean square",
                      markerfacecolor="white", linewidth=1.2)  # fmt: skip
        values = sorted(set(mine.channels))
        axes.set(xscale="log", yscale="log", xlabel="channels", title=which.replace("_", " "))
        axes.set_xticks(values, [str(value) for value in values])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: number(value))
    panels[0].set_ylabel("error in ulps of the largest number")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    worst = rows[~rows.elementwise].largest_ulps.max()
    return Figure(
        "accuracy",
        "What Winograd's speed costs: errors against float64 of a 3x3 convolution, in ulps of the "
        "largest number of each result.",
        f"Lines of errors over channels for {len(names)} passes; Winograd's largest is "
        f"{number(float(worst), 3)} ulps, that of the other algorithms "
        f"{number(float(rows[rows.elementwise].largest_ulps.max()), 3)}.",
        figure,
    )


def _moving(axes: Any, rows: pd.DataFrame, limit: float) -> None:
    """The rates of layers without arithmetic, a line a type."""
    types = sorted(set(rows.type))
    axes.plot(rows.gb_per_s, [types.index(t) for t in rows.type], "o", color=style.ORANGE,
              markersize=6, alpha=0.8)  # fmt: skip
    axes.axvline(limit, color=style.BLACK, linewidth=1.4)
    axes.set(xscale="log", xlabel="GB/s", title=f"{len(rows)} that move numbers")
    axes.set_yticks(range(len(types)), types)
    axes.set_ylim(len(types) - 0.5, -0.5)
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()
