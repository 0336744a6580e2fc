"""Source E, exercise 5-4: a 3x3 convolution, and the same behind a 1x1 reduction, step by step."""

from __future__ import annotations

import pandas as pd

from experiments.complexity import conv2d_cost


def exercise_5_4() -> pd.DataFrame:
    """Time (MACs) and space (numbers written) for 100x100x256 -> 256, with the numbers put in.

    One row a convolution, and one for the two that make up the reduced form.
    """
    steps = {
        "direct: 3x3, 256 to 256": conv2d_cost(100, 100, 3, 256, 256),
        "reduced, first: 1x1, 256 to 64": conv2d_cost(100, 100, 1, 256, 64),
        "reduced, then: 3x3, 64 to 256": conv2d_cost(100, 100, 3, 64, 256),
    }
    rows = [
        (step, cost.macs, cost.activations, cost.weights, cost.time_formula, cost.space_formula)
        for step, cost in steps.items()
    ]
    _, *reduced = steps.values()
    time = [cost.macs for cost in reduced]
    space = [cost.activations for cost in reduced]
    weights = sum(cost.weights for cost in reduced)
    rows.append(("reduced, both", sum(time), sum(space), weights, _sum(time), _sum(space)))
    columns = ["step", "time_macs", "space_numbers", "weights", "time", "space"]
    return pd.DataFrame(rows, columns=columns)


def _sum(terms: list[int]) -> str:
    return f"{' + '.join(f'{term:,}' for term in terms)} = {sum(terms):,}"
