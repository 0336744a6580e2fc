"""How a lockstep run is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments import style
from experiments.formatting import percent
from experiments.lockstep.outcome import Predictions, confusion

PHOTOGRAPHS_A_ROW = 6


def draw_losses(axes: Any, epochs: pd.DataFrame) -> None:
    """Mean training loss per epoch of both twins, on one axis; see `Record.epochs`."""
    x = epochs.epoch
    axes.plot(x, epochs.loss_scratch, color=style.SCRATCH, lw=4, alpha=0.45, label="scratch")
    axes.plot(x, epochs.loss_keras, color=style.KERAS, lw=1.4, ls=(0, (4, 2)), label="Keras")
    axes.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))


def draw_divergence(
    axes: Any, steps: pd.DataFrame, column: str, color: str, label: str | None = None
) -> None:
    """A difference per step on a log axis; steps without any difference leave a gap."""
    values = steps[column].where(steps[column] > 0)
    axes.semilogy(steps.step, values, color=color, lw=1.2, label=label)
    axes.set(xlabel="step")


def draw_accuracies(rows: list[dict[str, Any]]) -> Figure:
    """Accuracies of both twins with their intervals, one line for each network and part.

    Args:
        rows: `network`, `photographs` (which part), `count_of`, `twin` ("scratch" or "Keras"), and
            what `outcome.accuracy` gives.
    """
    lines = [f"{row['network']}\n{row['photographs']} ({row['count_of']})" for row in rows]
    places = list(dict.fromkeys(lines))
    figure, axes = style.subplots(size=(7, 0.6 + 0.55 * len(places)))
    for row, line in zip(rows, lines, strict=True):
        ours = row["twin"] == "scratch"
        place = places.index(line)
        axes.errorbar(
            row["accuracy"],
            place + (-0.13 if ours else 0.13),
            xerr=[[row["accuracy"] - row["low"]], [row["high"] - row["accuracy"]]],
            fmt="o" if ours else "s",
            color=style.SCRATCH if ours else style.KERAS,
            capsize=3,
            label=row["twin"] if place == 0 else None,
        )
    axes.set_yticks(range(len(places)), places)
    axes.invert_yaxis()
    axes.set(xlabel="share of test photographs read right", title="Accuracy")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def draw_confusions(predictions: dict[str, Predictions], y: np.ndarray) -> Figure:
    """Confusion matrices side by side: one row per network, scratch left, Keras right.

    Args:
        predictions: Network -> what its twins read in the photographs.
        y: What the photographs show, (N,).
    """
    figure, axes = style.subplots(
        len(predictions), 2, size=(7, 3.3 * len(predictions)), squeeze=False
    )
    for row, (network, both) in zip(axes, predictions.items(), strict=True):
        for ax, side, predicted in zip(row, ("scratch", "Keras"), both.classes, strict=True):
            _draw_confusion(ax, confusion(predicted, y, both.keras.shape[1]))
            ax.set_title(f"{network}, {side}: {percent((predicted == y).mean())}", fontsize=10)
    return figure


def _draw_confusion(axes: Any, counts: np.ndarray) -> None:
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=counts.sum(axis=1).max())
    axes.grid(False)
    axes.set(xlabel="read", ylabel="shown")
    axes.set_xticks(range(len(counts)))
    axes.set_yticks(range(len(counts)))
    middle = counts.sum(axis=1).max() / 2
    for (shown, read), count in np.ndenumerate(counts):
        if count:
            color = "white" if count > middle else style.BLACK
            weight = "bold" if shown != read else "normal"
            axes.text(
                read, shown, count, ha="center", va="center", color=color, fontsize=9, weight=weight
            )


def draw_photographs(
    photographs: np.ndarray, y: np.ndarray, predictions: Predictions, chosen: np.ndarray
) -> Figure:
    """Photographs, each with what it shows and what both twins read in it.

    Args:
        photographs: All of them, uint8, (N, H, W, 3).
        y: What they show, (N,).
        predictions: What the twins read in them.
        chosen: The numbers of those to draw, in this order; at least one.
    """
    rows = -(-len(chosen) // PHOTOGRAPHS_A_ROW)
    figure, axes = style.subplots(rows, PHOTOGRAPHS_A_ROW, size=(7, 1.62 * rows), squeeze=False)
    ours, theirs = predictions.classes
    for ax in axes.flat:
        style.image_axes(ax)
    for ax, index in zip(axes.flat, chosen, strict=False):
        ax.imshow(photographs[index])
        ax.set_title(f"photo {index} shows {y[index]}", fontsize=8, weight="normal")
        for x, side, read, probabilities, color in (
            (0.0, "scratch", ours[index], predictions.scratch[index], style.SCRATCH),
            (0.53, "Keras", theirs[index], predictions.keras[index], style.KERAS),
        ):
            right = read == y[index]
            ax.text(
                x,
                -0.04,
                f"{side}\n{read}{'' if right else ' ✗'} {probabilities[read]:.0%}",
                transform=ax.transAxes,
                va="top",
                fontsize=7.5,
                color=color,
                weight="normal" if right else "bold",
            )
    return figure
