"""How the bottlenecks' costs and times are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from experiments import style
from experiments.formatting import number
from experiments.passes import FORWARD, IMPLEMENTATIONS, NUMPY, PASSES, TENSORFLOW
from experiments.study import Figure

_COLOURS = {NUMPY: style.SCRATCH, TENSORFLOW: style.KERAS}
_PAIR_COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE)


def draw_sweep(sweep: pd.DataFrame, break_even: pd.DataFrame) -> Figure:
    """The reduced form's share of the direct MACs over the width, with r* and what is used."""
    figure, axes = style.subplots(size=(7.0, 4.4))
    for row, colour in zip(break_even.to_dict("records"), style.PALETTE, strict=False):
        lines = sweep[sweep.reduction == row["reduction"]]
        shape, network = row["convolution"].rpartition(",")[0], row["reduction"].partition(",")[0]
        axes.plot(lines.r, lines.share_of_direct, color=colour, label=f"{shape} ({network})")
        axes.plot(row["break_even"], 1, "s", color=colour, markersize=8, markeredgecolor="white")
        used = lines[lines.used]
        axes.plot(used.r, used.share_of_direct, "o", color=colour, markersize=7)
    axes.axhline(1, color=style.BLACK, linewidth=1.2)
    axes.annotate("as costly as without the 1x1", (4, 1), (0, 4), textcoords="offset points")
    axes.set(xscale="log", yscale="log")
    widths = [4, 8, 16, 32, 64, 128, 256, 512, 1024]
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.set_yticks([0.01, 0.1, 1], ["1 %", "10 %", "100 %"])
    axes.minorticks_off()
    axes.set(xlabel="r, channels behind the 1x1", ylabel="share of the direct convolution's MACs")
    axes.legend(loc="lower right")
    stars = "; ".join(
        f"{row['reduction']} {number(row['break_even'])}" for row in break_even.to_dict("records")
    )
    return Figure(
        "sweep",
        "What a 1x1 reduction to r channels costs, as a share of the convolution it stands in "
        "front of. Squares: the width r* at which it breaks even; dots: the width that the network "
        "has.",
        f"Lines of cost over width, rising in proportion to r; they reach 100 % at r* = {stars}.",
        figure,
    )


def draw_savings(speed_ups: pd.DataFrame) -> Figure:
    """Counted and measured speed-ups side by side, both passes."""
    pairs = list(dict.fromkeys(speed_ups.pair))
    figure, panels = style.subplots(2, 1, size=(7.0, 6.0), sharex=True)
    for axes, passes in zip(panels, PASSES, strict=True):
        rows = speed_ups[speed_ups.passes == passes].set_index(["implementation", "pair"])
        _bars(axes, rows.loc[NUMPY].counted[pairs], -0.27, style.GREY, "counted in MACs")
        for place, name in zip((0.0, 0.27), IMPLEMENTATIONS, strict=True):
            case = rows.loc[name].loc[pairs]
            _bars(axes, case.measured, place, _COLOURS[name], f"measured, {name}")
            _ticks(axes, case.roofline, place, "-", "roofline allows")
        _ticks(axes, rows.loc[NUMPY].products[pairs], 0.0, ":", "NumPy's matrix products alone")
        axes.axhline(1, color=style.BLACK, linewidth=0.6)
        axes.set(title=passes, ylabel="times faster", yscale="log")
        axes.set_ylim(0.5, 2 * float(speed_ups.counted.max()))
        axes.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        axes.minorticks_off()
        axes.grid(False, axis="x")
    panels[1].set_xticks(range(len(pairs)), pairs)
    handles, labels = panels[0].get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="outside upper center", ncols=3)
    worst = speed_ups.iloc[int(speed_ups.reached.argmin())]
    return Figure(
        "savings",
        "How many times cheaper and how many times faster the variant with the 1x1 is. Full lines: "
        "what the roofline allows; dotted lines: NumPy's matrix products on their own.",
        "Bars of counted and measured speed-ups for "
        f"{len(pairs)} pairs, forward and with backward; the measured ones fall short most in "
        f"{worst.pair} ({worst.implementation}, {worst.passes}): counted "
        f"{number(worst.counted, 3)}, measured {number(worst.measured, 3)}.",
        figure,
    )


def draw_roofline(variants: pd.DataFrame, roofs: pd.DataFrame) -> Figure:
    """Achieved GFLOP/s over arithmetic intensity, under each implementation's own roof."""
    pairs = list(dict.fromkeys(variants.pair))
    figure, panels = style.subplots(1, 2, size=(7.2, 4.8), sharey=True)
    intensity = np.geomspace(0.5, 1000, 200)
    for axes, name in zip(panels, IMPLEMENTATIONS, strict=True):
        limit = roofs[roofs.implementation == name].iloc[0]
        roof = np.minimum(limit.peak_gflop_per_s, intensity * limit.bandwidth_gb_per_s)
        axes.plot(intensity, roof, color=style.BLACK, linewidth=1.4)
        rows = variants[variants.implementation == name]
        for pair, colour in zip(pairs, _PAIR_COLOURS, strict=False):
            for passes in PASSES:
                case = rows[(rows.pair == pair) & (rows.passes == passes)]
                _points(axes, case, "o" if passes == FORWARD else "^", colour)
        axes.set(xscale="log", yscale="log", title=_roof_title(limit))
        axes.set_xlabel("FLOP per byte")
        axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        axes.minorticks_off()
    low, high = float(variants.gflop_per_s.min()), float(roofs.peak_gflop_per_s.max())
    rates = [rate for rate in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if rate > low / 2]
    panels[0].set_yticks(rates, [str(rate) for rate in rates])
    panels[0].set_ylim(low / 2, 2 * high)
    panels[0].set_ylabel("GFLOP/s")
    _roofline_legend(figure, pairs)
    shares = variants.groupby("implementation").share_of_roofline
    spans = "; ".join(
        f"{name} {shares.min()[name]:.0%} to {shares.max()[name]:.0%}" for name in IMPLEMENTATIONS
    )
    return Figure(
        "roofline",
        "Rate over arithmetic intensity, under the roof that this machine sets: its memory "
        "bandwidth (rising) and its peak (flat). Thin lines join the direct variant (filled) and "
        "the reduced one (hollow): where they fall to the left, the reduced one computes at a "
        "lower rate, and the time saved is less than the count.",
        f"Two log-log panels; of the rate that the roofline allows, the variants reach: {spans}.",
        figure,
    )


def _bars(axes: Any, values: pd.Series, place: float, colour: str, label: str) -> None:
    """Bars with their values at the foot, out of the way of the lines across them."""
    x = np.arange(len(values)) + place
    axes.bar(x, values, width=0.25, color=colour, label=label)
    for position, value in zip(x, values, strict=True):
        text = number(value, 2 if value < 10 else 3)
        axes.text(position, 0.55, text, ha="center", color="white", fontsize=8, weight="bold")


def _ticks(axes: Any, values: pd.Series, place: float, line: str, label: str) -> None:
    x = np.arange(len(values)) + place
    axes.hlines(values, x - 0.125, x + 0.125, colors=style.BLACK, linestyles=line, label=label)


def _points(axes: Any, case: pd.DataFrame, marker: str, colour: str) -> None:
    """Both variants of one pair and pass, and the way from one to the other."""
    ends = case.set_index("variant").loc[["direct", "reduced"]]
    x, y = ends.flop_per_byte, ends.gflop_per_s
    axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.6)
    axes.plot(x.iloc[0], y.iloc[0], marker, color=colour, markersize=7)
    axes.plot(x.iloc[1], y.iloc[1], marker, color=colour, markersize=7, markerfacecolor="white")


def _roof_title(limit: pd.Series) -> str:
    threads = f"{limit.threads} thread{'s' if limit.threads > 1 else ''}"
    return f"{limit.implementation}, {threads}"


def _roofline_legend(figure: Any, pairs: list[str]) -> None:
    handles = [
        Line2D([], [], color=colour, marker="o", label=pair)
        for pair, colour in zip(pairs, _PAIR_COLOURS, strict=False)
    ]
    for marker, face, label in (
        ("o", style.BLACK, "direct, forward"),
        ("o", "white", "reduced, forward"),
        ("^", style.BLACK, "direct, with backward"),
        ("^", "white", "reduced, with backward"),
    ):
        handles.append(
            Line2D([], [], color=style.BLACK, linestyle="", marker=marker, markerfacecolor=face,
                   markersize=6, label=label)
        )  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)
