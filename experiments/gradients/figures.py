"""The gradient check's figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments import style
from experiments.gradients.check import CENTRAL, COMPLEX, EQUATIONS, KERAS, ORACLES
from experiments.study import Figure

_EQUAL = 1e-4  # Where what is equal bit for bit is drawn.
_LOOKS = {
    CENTRAL: (style.ORANGE, "o"),
    COMPLEX: (style.GREEN, "D"),
    EQUATIONS: (style.BLUE, "s"),
    KERAS: (style.VERMILION, "^"),
}
_INVISIBLE = 1e-17  # Where an error of zero is drawn.


def ratio_figure(summary: pd.DataFrame) -> Figure:
    """The largest difference / bound of each layer and loss, one dot an oracle.

    Args:
        summary: Columns layer, oracle, largest_difference_over_bound.
    """
    names = list(dict.fromkeys(summary.layer))
    figure, axes = style.subplots(size=(7.0, 0.27 * len(names) + 1.2))
    for lane, oracle in enumerate(ORACLES):
        colour, marker = _LOOKS[oracle]
        rows = summary[summary.oracle == oracle].dropna(subset="largest_difference_over_bound")
        heights = np.array([names.index(name) for name in rows.layer]) + (lane - 1.5) * 0.19
        ratios = rows.largest_difference_over_bound
        axes.plot(ratios.clip(lower=_EQUAL), heights, marker, color=colour, ms=5, label=oracle)
    for line in np.arange(len(names) - 1) + 0.5:
        axes.axhline(line, color="#d0d7de", linewidth=0.6)
    axes.axvline(1, color=style.BLACK, linewidth=1.2)
    axes.set(xscale="log", xlim=(_EQUAL / 1.7, 3), yticks=range(len(names)), yticklabels=names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    ticks = [_EQUAL, 1e-3, 1e-2, 1e-1, 1]
    axes.set_xticks(ticks, ["equal", *(f"{tick:g}" for tick in ticks[1:])])
    axes.minorticks_off()
    axes.set_xlabel("largest difference / what rounding allows (beyond 1: proven wrong)")
    figure.legend(loc="outside upper center", ncols=len(ORACLES))
    largest = summary.largest_difference_over_bound.max()
    return Figure(
        "differences",
        "Scratch's gradients against four ways to know them, by layer and loss: the largest "
        "difference in units of its own rounding bound. At the left edge, every number is equal "
        "bit for bit or closer than 1/10,000 of its bound.",
        f"Dot plot, {len(names)} layers and losses by four oracles; the largest ratio is "
        f"{largest:.2g}, and the line of proof is 1.",
        figure,
    )


def step_figure(steps: pd.DataFrame, about: str) -> Figure:
    """Errors of three numerical derivatives by the step: the V, and what avoids it.

    Args:
        steps: Columns step_log2, forward_error, central_error, complex_error, central_bound.
        about: Whose derivative it is.
    """
    figure, axes = style.subplots(size=(7.0, 4.2))
    x = 2.0**steps.step_log2
    curves = {
        "forward difference": (steps.forward_error, style.PURPLE, "v"),
        "central difference": (steps.central_error, *_LOOKS[CENTRAL]),
        "complex step": (steps.complex_error, *_LOOKS[COMPLEX]),
    }
    for name, (errors, colour, marker) in curves.items():
        axes.plot(x, errors.clip(lower=_INVISIBLE), marker=marker, ms=3, color=colour, label=name)
    axes.plot(x, steps.central_bound, "--", color=style.BLACK, lw=1, label="bound of the central")
    axes.set(xscale="log", yscale="log", ylim=(_INVISIBLE, 30))
    axes.invert_xaxis()
    axes.set_xlabel("step h (smaller to the right)")
    axes.set_ylabel("error / largest number of the gradient")
    note = {"color": "#57606a", "fontsize": 8.5}
    axes.text(1.0, 1e-10, "h too long:\nhigher derivatives", **note)
    axes.text(3e-9, 2e-10, "h too short:\ncancellation", **note)
    axes.text(1e-12, 3e-15, "nothing cancels: right to the last digit", **note)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.02))
    best = steps[["forward_error", "central_error", "complex_error"]].min()
    return Figure(
        "steps",
        f"The error of three numerical derivatives of {about}, by the step h. Differences lose to "
        "truncation when h is long and to cancellation when it is short; the complex step "
        "subtracts nothing, so that any short h is right to rounding.",
        "Log-log line plot. Forward differences are best at "
        f"{best.forward_error:.1g} and central differences at {best.central_error:.1g}, both at "
        f"the bottom of a V; the complex step stays at {steps.complex_error.iloc[-1]:.1g}.",
        figure,
    )
