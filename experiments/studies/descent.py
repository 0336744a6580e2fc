"""Stochastic, mini-batch and batch gradient descent, with both twins."""

from __future__ import annotations

import pandas as pd

from experiments.descent import (
    METHODS,
    Descent,
    check_update_rule,
    compare_rates,
    descend,
    float64_difference,
    sentences,
)
from experiments.descent.figures import draw_costs, draw_seconds
from experiments.descent.summary import all_looks, summarise
from experiments.formatting import number
from experiments.study import Context, Figure, Findings, Table, rounding, timing

question = (
    "One photograph a step, 64, or all of them: which gradient descent lowers the cost most by "
    "steps, by passes over the photographs and by seconds, and do both twins agree on it?"
)
method = (
    "Source C's training, 11 steps there: the weights are drawn; a batch is taken; it goes forward "
    "through convolution, activation, pooling and the fully connected layer to the softmax; the "
    "cost is taken; the error goes back through the fully connected layer, pooling, activation "
    "and convolution; the gradients of the batch are summed; the weights move by W -= eta / "
    "batchsize * sum dL/dW; and the next batch is taken, until the epochs are over. signs_convnet "
    "is trained so in float32 with plain SGD and batches of 1 (stochastic), 64 (mini-batch) and "
    "the whole training set (batch), both twins from the same weights over the same batches. Each "
    "method has one learning rate, chosen on this data before and the same for both twins; the "
    "full form shows its neighbours. The cost is the mean cross-entropy over the whole training "
    "set, computed after steps 1, 10, 100, ... and epochs 1, 2, 3, 4, 6, ... outside the twins' "
    "own seconds. The update rule is checked in float64: exactly in whole numbers, otherwise "
    "within the bounds of rounding-error analysis (Higham 2002, sections 2.2 and 3.1). On one "
    "machine a rerun gives the same costs bit for bit; another machine rounds otherwise, and "
    "training amplifies that, so costs and accuracies are held against these with tolerances a "
    "little wider than the difference between the twins."
)
order = 28

_COST = rounding(atol=0.6)
_SHARE = rounding(atol=0.3)
_POWERS_OF_TEN = {10**k for k in range(6)}


def run(context: Context) -> Findings:
    """Check the update rule, then descend by every method from every seed."""
    with context.progress.task("update rule", 1) as advance:
        rule = pd.DataFrame(check_update_rule(context.signs, context.seed))
        advance(1)
    descents = _descend(context)
    looks = all_looks(descents, len(context.signs.y_train))
    summary = summarise(looks, descents)
    tables = [_summary_table(summary), _epochs_table(looks), _rule_table(rule)]
    tables += [_float64_table(context)]
    if context.full:
        tables.append(_rates_table(context))
    return Findings(tables, [_cost_figure(looks, summary), _seconds_figure(summary)])


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    summary = tables["summary"]
    found = [sentences.compare_after(summary, unit) for unit in ("epochs", "steps", "seconds")]
    found += [
        sentences.seconds_of_an_epoch(summary),
        sentences.twins_apart(summary, tables["float64"]),
        sentences.update_rule(tables["update_rule"]),
    ]
    if "learning_rates" in tables:
        found.append(sentences.learning_rates(tables["learning_rates"]))
    return found


def _descend(context: Context) -> list[Descent]:
    """Every method from every seed; the same seeds, so the same initial weights, for each."""
    data = context.signs.scaled("float32")
    photographs, form = len(data.y_train), int(context.full)
    # The longest steps are the fewest: all methods are compared after so many.
    fewest = min(kind.epochs[form] * kind.steps_an_epoch(photographs) for kind in METHODS)
    descents = []
    for kind in METHODS:
        seeds = range(context.seed, context.seed + (3 if context.full else 1))
        total = len(seeds) * kind.epochs[form] * kind.steps_an_epoch(photographs)
        with context.progress.task(f"{kind.name} descent", total) as advance:
            descents += [
                descend(
                    data,
                    kind,
                    epochs=kind.epochs[form],
                    seed=seed,
                    looks=_POWERS_OF_TEN | {fewest},
                    advance=advance,
                )
                for seed in seeds
            ]
    return descents


def _summary_table(summary: pd.DataFrame) -> Table:
    costs = [column for column in summary.columns if "cost" in column]
    seconds = [column for column in summary.columns if "seconds" in column]
    return Table(
        "summary",
        "Each method with each twin: cost and accuracy on the training set, means over the seeds",
        summary,
        {
            **dict.fromkeys(costs, _COST),
            "final_accuracy": _SHARE,
            **dict.fromkeys(seconds, timing()),
        },
    )


def _epochs_table(looks: pd.DataFrame) -> Table:
    return Table(
        "epochs",
        "Cost and accuracy on the training set, after chosen steps and epochs",
        looks,
        {"seconds": timing(), "cost": _COST, "accuracy": _SHARE},
    )


def _rule_table(rule: pd.DataFrame) -> Table:
    return Table(
        "update_rule",
        "Whether a step is W -= eta / batchsize * sum dL/dW, in float64",
        rule,
        {"largest_difference": rounding(atol=1e-12), "error_ratio": rounding(atol=1.0)},
    )


def _float64_table(context: Context) -> Table:
    data, form = context.signs.scaled("float64"), int(context.full)
    rows = []
    with context.progress.task("float64", len(METHODS)) as advance:
        for kind in METHODS:
            steps = kind.float64_steps[form]
            rows.append(
                {
                    "method": kind.name,
                    "batch_size": kind.batch_size(len(data.y_train)),
                    "steps": steps,
                    "largest_weight_difference": float64_difference(
                        data, kind, steps=steps, seed=context.seed
                    ),
                }
            )
            advance(1)
    return Table(
        "float64",
        "How far apart any weight of the float64 twins is at most, in the first steps",
        pd.DataFrame(rows),
        {"largest_weight_difference": rounding(atol=1e-8)},
    )


def _rates_table(context: Context) -> Table:
    total = sum(len(kind.rates) for kind in METHODS)
    with context.progress.task("learning rates", total) as advance:
        rows = compare_rates(context.signs.scaled("float32"), context.seed, advance)
    return Table(
        "learning_rates",
        "The cost that each method reaches at the learning rate used and at its neighbours",
        pd.DataFrame(rows),
        {"cost": _COST},
    )


def _cost_figure(looks: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    ends = ", ".join(
        f"{row['method']} {number(row['final_cost'])} after {number(row['epochs'])} epochs"
        for row in summary[summary.twin == "scratch"].to_dict("records")
    )
    return Figure(
        "cost",
        "The cost over the training set against steps, passes over the photographs (epochs) and "
        "each twin's own seconds: thick and pale the NumPy network, thin and dashed its Keras "
        "twin; where these part, training has amplified float32 rounding. The dotted line is "
        "ln 6 = 1.792, the cost of guessing. Means over the seeds.",
        f"Three panels of falling curves, those of the twins close together by steps and epochs. "
        f"The NumPy network's ends: {ends}.",
        draw_costs(looks),
    )


def _seconds_figure(summary: pd.DataFrame) -> Figure:
    seconds = ", ".join(
        f"{row['method']}, {row['twin']}: {number(row['seconds_per_epoch'], 2)} s"
        for row in summary.to_dict("records")
    )
    return Figure(
        "seconds",
        "What a pass over all photographs takes: with one photograph a step every step's fixed "
        "work is done once for each photograph.",
        f"Bars: {seconds}.",
        draw_seconds(summary),
    )
