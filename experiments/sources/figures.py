"""The audit in pictures: which numbers hold, and what the wrong ones should be."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.patches import FancyBboxPatch

from experiments import style
from experiments.formatting import number
from experiments.study import Figure

_RIGHT, _FAULTY, _WORDS = style.BLUE, style.VERMILION, style.ORANGE
_TILES = 12  # in a line


def audit_figure(printed: pd.DataFrame, wrong: pd.DataFrame) -> Figure:
    """A tile for every printed number or array, coloured by what the audit says of it."""
    lines = [
        (source, rows.iloc[start : start + _TILES])
        for source, rows in printed.groupby("source", sort=True)
        for start in range(0, len(rows), _TILES)
    ]
    figure, axes = style.subplots(size=(7.2, 0.52 * len(lines) + 0.9))
    style.image_axes(axes)
    explained = set(zip(wrong.item, wrong.what, strict=True))
    previous = ""
    for y, (source, rows) in enumerate(lines):
        if source != previous:
            axes.text(-0.2, y, source, ha="right", va="center", fontsize=12, weight="bold")
        previous = str(source)
        for x, row in enumerate(rows.itertuples()):
            words = (row.item, row.what) not in explained
            colour = _RIGHT if row.agrees else _WORDS if words else _FAULTY
            axes.add_patch(_tile(x, y, colour))
            place = str(row.item).removeprefix(f"{source} ")
            ink = style.BLACK if colour == _WORDS else "white"
            axes.text(x + 0.46, y, place, ha="center", va="center", fontsize=7.5, color=ink)
    axes.set(xlim=(-0.6, _TILES), ylim=(len(lines) - 0.4, -1.1))
    kinds = (
        (_RIGHT, "agrees"),
        (_FAULTY, "wrong, reproduced by a fault"),
        (_WORDS, "loosely said"),
    )
    for left, (colour, label) in zip((0.0, 2.4, 7.6), kinds, strict=True):
        axes.add_patch(_tile(left, -0.85, colour, size=0.4))
        axes.text(left + 0.5, -0.85, label, va="center", fontsize=9)
    agreeing = int(printed.agrees.sum())
    return Figure(
        "audit",
        "Every number or array that sources A to E print, by its place in the source.",
        f"Tiles: {agreeing} of {len(printed)} agree with what the kit computes, {len(wrong)} of "
        "source A are wrong by a fault of its code, and one of source E is a loose phrase.",
        figure,
    )


def _tile(x: float, y: float, colour: str, size: float = 0.76) -> Any:
    width = 0.92 if size > 0.5 else size
    corner = (x, y - size / 2)
    return FancyBboxPatch(
        corner, width, size, boxstyle="round,pad=0,rounding_size=0.08", color=colour, linewidth=0
    )


def wrong_figure(wrong: pd.DataFrame) -> Figure:
    """For each wrong number, three values: printed, with the fault, and right."""
    rows = wrong[~wrong.printed.str.startswith("[")]
    figure, axes = style.subplots(len(rows), 1, size=(7.2, 0.72 * len(rows) + 0.7))
    for panel, row in zip(axes, rows.itertuples(), strict=True):
        printed, faulty, right = (
            float(str(value)) for value in (row.printed, row.with_fault, row.right_value)
        )
        panel.axhline(0, color=style.GREY, linewidth=0.8, zorder=0)
        panel.plot(printed, 0, "o", markersize=13, mfc="none", mec=_FAULTY, mew=2, label="printed")
        panel.plot(faulty, 0, "x", color=style.BLACK, markersize=7, mew=1.8, label="with the fault")
        panel.plot(right, 0, "D", color=_RIGHT, markersize=7, label="right")
        panel.axvline(0, color=style.GREY, linewidth=0.8, linestyle=":")
        for value in (printed, right):
            panel.annotate(
                number(value, 6), (value, 0), (0, 12), textcoords="offset points", ha="center",
                fontsize=8.5, bbox={"fc": "white", "ec": "none", "pad": 0.5},
            )  # fmt: skip
        span = [0.0, printed, right]
        room = 0.14 * (max(span) - min(span))
        panel.set(xlim=(min(span) - room, max(span) + room), ylim=(-0.6, 1.4), yticks=[])
        panel.set_ylabel(f"{row.item}\n{row.what}", rotation=0, ha="right", va="center")
        panel.tick_params(axis="x", labelbottom=False, length=0)
        panel.grid(False)
        for spine in panel.spines.values():
            spine.set_visible(False)
    axes[0].legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.05))
    values = "; ".join(
        f"{row.item} {row.what}: printed {row.printed}, right {row.right_value}"
        for row in rows.itertuples()
    )
    return Figure(
        "wrong_numbers",
        "The wrong single numbers of source A, each on a scale of its own (dotted: zero). The "
        "cross is what the catalogue's faulty layer computes: it lies in the ring of what is "
        "printed every time.",
        f"Three markers for each number, printed and faulty on one place: {values}.",
        figure,
    )
