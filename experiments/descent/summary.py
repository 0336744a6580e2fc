"""What the descents came to: every look in one frame, and a row for each method and twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.descent.method import METHODS, Method
from experiments.descent.training import TWINS, Descent

_COLUMNS = [
    "method", "batch_size", "twin", "seed", "epoch", "step", "seconds", "cost", "accuracy",
]  # fmt: skip


def all_looks(descents: Sequence[Descent], photographs: int) -> pd.DataFrame:
    """Every descent's `course`, with its method, batch size and seed."""
    frames = [
        descent.course.assign(
            method=descent.method.name,
            batch_size=descent.method.batch_size(photographs),
            seed=descent.seed,
        )
        for descent in descents
    ]
    return pd.concat(frames, ignore_index=True)[_COLUMNS]


def summarise(looks: pd.DataFrame, descents: Sequence[Descent]) -> pd.DataFrame:
    """A row for each method and twin: means over the seeds, of what `all_looks` gives.

    The methods are compared after as many epochs, steps and seconds as all of them had.
    """
    means = over_seeds(looks)
    common = {
        "epochs": 2 ** int(np.log2(means.groupby("method").epoch.max().min())),
        "steps": int(means.groupby("method").step.max().min()),
    }
    rows = []
    for twin in TWINS:
        of_twin = means[means.twin == twin]
        seconds = float(of_twin.groupby("method").seconds.max().min())
        for method in METHODS:
            course = of_twin[of_twin.method == method.name]
            steps = np.concatenate([d.seconds[twin] for d in descents if d.method is method])
            rows.append(_row(method, twin, course, common | {"seconds": seconds}, steps))
    return pd.DataFrame(rows)


def over_seeds(looks: pd.DataFrame) -> pd.DataFrame:
    """The mean over the seeds of every look."""
    keys = ["method", "batch_size", "twin", "epoch", "step"]
    means = looks.groupby(keys, sort=False)[["seconds", "cost", "accuracy"]].mean()
    return means.reset_index()


def _row(
    method: Method, twin: str, course: pd.DataFrame, common: dict[str, Any], steps: np.ndarray
) -> dict[str, Any]:
    """One row of the summary.

    Args:
        method: How the steps were taken.
        twin: Whose.
        course: Its looks, the mean over the seeds.
        common: What all methods are compared after: epochs, steps, seconds.
        steps: The seconds of every step.
    """
    last = course.iloc[-1]
    return {
        "method": method.name,
        "batch_size": last.batch_size,
        "learning_rate": method.learning_rate,
        "twin": twin,
        "epochs": int(last.epoch),
        "steps": last.step,
        "start_cost": course.cost.iloc[0],
        "final_cost": last.cost,
        "final_accuracy": last.accuracy,
        "common_epochs": common["epochs"],
        "cost_after_common_epochs": course.cost[course.epoch == common["epochs"]].iloc[0],
        "common_steps": common["steps"],
        "cost_after_common_steps": course.cost[course.step == common["steps"]].iloc[0],
        "common_seconds": common["seconds"],
        "cost_after_common_seconds": float(
            np.interp(common["seconds"], course.seconds, course.cost)
        ),
        "seconds_per_epoch": last.seconds / last.epoch,
        "milliseconds_per_step": 1000 * float(np.median(steps)),
    }
