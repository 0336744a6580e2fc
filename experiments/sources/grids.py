"""The audit in pictures, cell by cell: overlapping windows, and the smallest inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from experiments import style
from experiments.sources.draws import pooled_gradient, pooling_draws
from experiments.sources.hidden import Shown
from experiments.sources.planted import pool_gradient_with_fault
from experiments.study import Figure

Array = np.ndarray


def overlap_figure() -> Figure:
    """A9, cell by cell: how many windows cover each, its right gradient, and what A prints."""
    a_prev, da = pooling_draws()
    image, channel = 1, 0
    counts = pool_counts(a_prev.shape[1:3], 2)
    right = pooled_gradient("average")[image, ..., channel]
    fault = "overlapping-average-windows-overwrite"
    faulty = pool_gradient_with_fault(fault, "average", a_prev, da, 2, 1)[image, ..., channel]
    bound = max(np.abs(right).max(), np.abs(faulty).max())
    figure, axes = style.subplots(1, 4, size=(7.2, 3.1), width_ratios=(2, 3, 3, 3))
    panels: tuple[tuple[str, Array, str, float, str], ...] = (
        ("dA of image 1", da[image, ..., channel], "RdBu_r", np.abs(da[image]).max(), ".2f"),
        ("windows on a cell", counts, "Blues", 6.0, ".0f"),
        ("right: added up", right, "RdBu_r", bound, ".2f"),
        ("printed: overwritten", faulty, "RdBu_r", bound, ".2f"),
    )
    for panel, (title, values, colours, largest, form) in zip(axes, panels, strict=True):
        least = 0 if colours == "Blues" else -largest
        style.image_axes(panel).imshow(values, cmap=colours, vmin=least, vmax=largest)
        panel.set_title(title, fontsize=9)
        for (h, w), value in np.ndenumerate(values):
            dark = abs(value) > 0.6 * largest
            panel.text(
                w, h, f"{value:{form}}", ha="center", va="center", fontsize=8,
                color="white" if dark else "black",
            )  # fmt: skip
        if values.shape == right.shape:
            panel.axhline(0.5, color=style.BLACK, linewidth=1.2)
            panel.axhline(1.5, color=style.BLACK, linewidth=1.2)
    return Figure(
        "overlap",
        "A9: average pooling backward with 2x2 windows that overlap, first channel. A cell's "
        "gradient is a quarter of every dA whose window covers it; source A's code keeps the last "
        "dA alone, times the number of windows over 4. Between the lines: the row that it prints.",
        "Heat maps of 5x3 cells: one window covers a corner, two an edge, four an inner cell. In "
        f"the printed row the right gradients are {_row(right[1])}; source A prints "
        f"{_row(faulty[1])}.",
        figure,
    )


def pool_counts(size: tuple[int, int], f: int) -> Array:
    """How many windows of f x f, moved by one, cover each cell of an image of `size`."""
    counts = np.zeros(size, int)
    for h, w in np.ndindex(size[0] - f + 1, size[1] - f + 1):
        counts[h : h + f, w : w + f] += 1
    return counts


def _row(values: Array) -> str:
    return ", ".join(f"{value:.3f}" for value in values)


def hidden_figure(found: list[Shown]) -> Figure:
    """Each hidden fault on its smallest input, as small grids of numbers."""
    figure, axes = style.subplots(size=(7.2, 0.62 * len(found) + 0.5))
    style.image_axes(axes)
    for x, heading in ((0.0, "fault"), (6.2, "input"), (9.4, "right"), (12.2, "with the fault")):
        axes.text(x, -0.75, heading, fontsize=9, weight="bold")
    for y, shown in enumerate(found):
        case, how = shown.case, shown.departure
        axes.text(0, y - 0.16, f"{shown.fault.source}: {shown.fault.name}", fontsize=8.5)
        detail = f"f {case.f}, stride {case.stride}: {how.tensor}"
        axes.text(0, y + 0.24, detail, fontsize=7.5, color=style.GREY)
        _grid(axes, 6.2, y, case.image, style.GREY)
        _grid(axes, 9.4, y, how.right, style.BLUE)
        if isinstance(how.faulty, str):
            axes.text(
                12.2, y, how.faulty.split(":")[0], fontsize=8, va="center", color=style.VERMILION
            )
        elif not shown.fault.repeatable:
            axes.text(12.2, y, "new in every call", fontsize=8, va="center", color=style.VERMILION)
        else:
            _grid(axes, 12.2, y, how.faulty, style.VERMILION)
    axes.set(xlim=(-0.1, 15.2), ylim=(len(found) - 0.4, -1.1))
    names = ", ".join(dict.fromkeys(shown.fault.name for shown in found))
    return Figure(
        "hidden",
        "Faults that the sources' own numbers never reveal, on the smallest input that does. "
        "Channels stand side by side; the upstream gradient counts 1, 2, 3, ..., and an average's "
        "is f^2 times that.",
        f"Small grids of numbers, right beside faulty, for {names}.",
        figure,
    )


def _grid(axes: Any, x: float, y: float, values: Array, colour: str) -> None:
    """An image (1, height, width, channels) as cells of text, its channels side by side."""
    cell_width, cell_height = 0.42, 0.36
    for (h, w, c), value in np.ndenumerate(values[0]):
        left = x + (c * (values.shape[2] + 0.3) + w) * cell_width
        top = y + (h - values.shape[1] / 2) * cell_height
        axes.add_patch(
            Rectangle((left, top), cell_width, cell_height, fc="white", ec=colour, linewidth=0.9)
        )
        axes.text(
            left + cell_width / 2, top + cell_height / 2, f"{value:.0f}", ha="center",
            va="center", fontsize=6.5, color=style.BLACK,
        )  # fmt: skip
