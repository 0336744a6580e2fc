"""How the study of 1x1 convolutions is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments import style
from experiments.formatting import number
from scratch.layers import Conv2D

_MARKERS = "osD^vPX"
_COLOURS = (
    style.GREY, style.SKY_BLUE, style.BLUE, style.ORANGE, style.VERMILION, style.PURPLE,
    style.GREEN,
)  # fmt: skip

# The JPEG File Interchange Format's conversion: rows red, green, blue; columns light, Cb, Cr.
_TO_YCBCR = np.array(
    [[0.299, -0.168736, 0.5], [0.587, -0.331264, -0.418688], [0.114, 0.5, -0.081312]]
)
_OFFSET = np.array([0.0, 0.5, 0.5])
_MIXTURES = ("light", "blue \N{MINUS SIGN} light", "red \N{MINUS SIGN} light")
# What is drawn black and white: differences of colour are small, and stretched to be seen.
_SHOWN = ((0.0, 1.0), (0.3, 0.7), (0.3, 0.7))


def draw_accuracies(variants: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """A line for each variant: its mean, what the photographs leave open, and every run.

    Args:
        variants: `variant`, `accuracy`, `low`, `high` (of the mean, Wilson).
        runs: `variant`, `twin`, `accuracy`.
    """
    figure, axes = style.subplots(size=(7.0, 4.3))
    for place, row in enumerate(variants.to_dict("records")):
        axes.hlines(place, row["low"], row["high"], color=style.GREY, linewidth=1.4)
        axes.plot(row["accuracy"], place, "|", color=style.BLACK, markersize=16, mew=2)
        for twin, offset, marker, colour in (
            ("Keras", 0.16, "o", style.KERAS),
            ("scratch", -0.16, "s", style.SCRATCH),
        ):
            chosen = runs[(runs.variant == row["variant"]) & (runs.twin == twin)]
            axes.plot(
                chosen.accuracy,
                [place + offset] * len(chosen),
                marker,
                color=colour,
                alpha=0.75,
                label=f"{twin}, a dot a seed" if place == 0 else None,
            )
    axes.plot([], [], "|", color=style.BLACK, markersize=12, mew=2, label="mean of the seeds")
    axes.plot([], [], color=style.GREY, linewidth=1.4, label="its Wilson 95 % interval")
    axes.set_yticks(range(len(variants)), variants.variant)
    axes.set_ylim(len(variants) - 0.5, -0.5)
    axes.set_xlabel("share of the test photographs read right")
    figure.legend(loc="outside upper center", ncols=4, handletextpad=0.4, columnspacing=1.2)
    return figure


def draw_cost(variants: pd.DataFrame) -> Figure:
    """Accuracy over cost: multiply-accumulates on the left, measured seconds on the right.

    Args:
        variants: `variant`, `macs`, `accuracy`, `lowest`, `highest`, `seconds_keras`.
    """
    figure, panels = style.subplots(1, 2, size=(7.0, 4.0), sharey=True)
    costs = variants.assign(
        millions=variants.macs / 1e6, milliseconds=1000 * variants.seconds_keras
    )
    for axes, cost, label in (
        (panels[0], "millions", "million MACs a photograph, forward"),
        (panels[1], "milliseconds", "ms a training step in Keras (40 photographs)"),
    ):
        for index, row in enumerate(costs.to_dict("records")):
            spread = [[row["accuracy"] - row["lowest"]], [row["highest"] - row["accuracy"]]]
            axes.errorbar(
                row[cost],
                row["accuracy"],
                yerr=spread,
                fmt=_MARKERS[index],
                color=_COLOURS[index],
                markersize=7,
                capsize=3,
                label=row["variant"] if cost == "millions" else None,
            )
        axes.set(xlabel=label, xlim=(0, None))
    panels[0].set_ylabel("test accuracy, mean and range of seeds")
    figure.legend(loc="outside upper center", ncols=4, handletextpad=0.4, columnspacing=1.2)
    return figure


def draw_mixing(photograph: np.ndarray) -> Figure:
    """The colour channels of a photograph, and three mixtures of them by one 1x1 layer.

    Args:
        photograph: uint8, (H, W, 3).
    """
    x = (photograph / 255.0)[None]
    layer = Conv2D(3, 1, dtype="float64")
    layer.build(x.shape)
    layer.weights["kernel"][...] = _TO_YCBCR
    layer.weights["bias"][...] = _OFFSET
    mixtures = layer.forward(x)[0]
    figure, panels = style.subplots(2, 4, size=(7.0, 4.2))
    for ax in panels.flat:
        style.image_axes(ax)
    _show(panels[0, 0], "photograph", photograph)
    _write_matrix(panels[1, 0])
    for index, (upper, lower) in enumerate(panels.T[1:]):
        _show(upper, ("red", "green", "blue")[index], x[0, :, :, index], (0.0, 1.0))
        _show(lower, _MIXTURES[index], mixtures[:, :, index], _SHOWN[index])
        lower.set_xlabel(_mixture(_TO_YCBCR[:, index], _OFFSET[index]), fontsize=7.5)
    return figure


def _show(axes: Any, title: str, picture: np.ndarray, limits: tuple[float, float] = (0, 1)) -> None:
    """A picture, grey unless it has colours, with black and white at the `limits`."""
    axes.imshow(picture, cmap="gray", vmin=limits[0], vmax=limits[1])
    axes.set_title(title, fontsize=9)


def _write_matrix(axes: Any) -> None:
    """Say what happens between the rows, in the place below the photograph."""
    axes.text(
        0.5,
        0.5,
        "1x1 layer:\nat each pixel\n3 x 3 weights\nand 3 biases",
        ha="center",
        va="center",
        fontsize=9,
        transform=axes.transAxes,
    )


def _mixture(weights: np.ndarray, offset: float) -> str:
    """One output channel as a sum: 0.3 R + 0.59 G + 0.11 B."""
    signs = ["\N{MINUS SIGN}" if w < 0 else "+" for w in weights]
    terms = [f"{number(abs(w), 2)} {colour}" for w, colour in zip(weights, "RGB", strict=True)]
    text = " ".join(f"{sign} {term}" for sign, term in zip(signs, terms, strict=True))
    text = text.removeprefix("+ ")
    return f"{text}\n+ {number(offset)}" if offset else text
