"""What the tables of the descents say, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.formatting import number

_TWINS = {"scratch": "the NumPy network", "Keras": "its Keras twin"}
_UNITS = {"epochs": "passes over the photographs", "steps": "steps", "seconds": "seconds"}


def compare_after(summary: pd.DataFrame, unit: str) -> str:
    """Which method has the lowest cost after the same number of epochs, steps or seconds."""
    spent, cost = f"common_{unit}", f"cost_after_common_{unit}"
    parts = []
    for twin, name in _TWINS.items():
        rows = summary[summary.twin == twin].sort_values(cost)
        costs = rows.set_index("method")[cost]
        after = number(rows[spent].iloc[0], 2)
        parts.append(f"after {after} {_UNITS[unit]} {name} has a cost of {_listed(costs)}")
    return f"Cost by {unit}, the lowest first: {'; '.join(parts)}."


def seconds_of_an_epoch(summary: pd.DataFrame) -> str:
    """What a pass over the photographs takes by each method."""
    parts = [
        f"{_listed(rows.set_index('method').seconds_per_epoch, unit=' s')} for {_TWINS[str(twin)]}"
        for twin, rows in summary.groupby("twin", sort=False)
    ]
    return f"A pass over the photographs takes {'; '.join(parts)}."


def twins_apart(summary: pd.DataFrame, float64: pd.DataFrame) -> str:
    """How far the twins' costs are apart in float32, and their weights in float64."""
    costs = summary.groupby("method", sort=False).final_cost.agg(np.ptp)
    weights = ", ".join(
        f"{number(row['largest_weight_difference'], 2)} after {number(row['steps'])} "
        f"{'step' if row['steps'] == 1 else 'steps'} of {row['method']} descent"
        for row in float64.to_dict("records")
    )
    return (
        f"At the end the twins' costs are apart by {_listed(costs, digits=2)}: float32 rounding, "
        f"amplified by training. In float64 their weights differ by at most {weights}."
    )


def update_rule(rule: pd.DataFrame) -> str:
    """Whether a step is the formula's."""
    exact = rule[rule.check.str.contains("whole numbers")]
    bounded = rule.drop(exact.index)
    return (
        f"A step is source C's W -= eta / batchsize * sum dL/dW on both sides: "
        f"{exact.holds.sum()} of {len(exact)} comparisons in whole numbers are equal bit for bit, "
        f"{bounded.holds.sum()} of {len(bounded)} in other numbers are within their rounding "
        f"bounds and use at most {number(bounded.error_ratio.max(), 2)} of them."
    )


def learning_rates(rates: pd.DataFrame) -> str:
    """What each method reaches at the rate used and at its neighbours."""
    parts = []
    for name, rows in rates.groupby("method", sort=False):
        tried = ", ".join(
            f"{number(row['cost'])} at {number(row['learning_rate'])}"
            + (" (used)" if row["chosen"] else "")
            for row in rows.to_dict("records")
        )
        parts.append(f"{name} descent, after {rows.epochs.iloc[0]} epochs, {tried}")
    return f"Costs by learning rate: {'; '.join(parts)}."


def _listed(values: Mapping[str, float] | pd.Series, unit: str = "", digits: int = 4) -> str:
    """One value for each method: "1.4 (stochastic), 1.5 (mini-batch) and 1.8 (batch)"."""
    *parts, last = [f"{number(value, digits)}{unit} ({name})" for name, value in values.items()]
    return f"{', '.join(parts)} and {last}"
