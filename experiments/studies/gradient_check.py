"""Gradient checking: is every backward the derivative of its forward, and is it the right one?"""

from __future__ import annotations

import pandas as pd

from experiments.faults import FAULTS
from experiments.formatting import number
from experiments.gradients.cases import CASES
from experiments.gradients.check import FAILS, NONE, check
from experiments.gradients.figures import ratio_figure, step_figure
from experiments.gradients.kinks import kink_rows
from experiments.gradients.layer_subject import layer_subject
from experiments.gradients.loss_subject import LOSS_CASES, loss_subject
from experiments.gradients.planted import (
    AT_KINKS,
    CAUGHT,
    CONSISTENT,
    planted_row,
    planted_subjects,
)
from experiments.gradients.steps import step_rows
from experiments.study import Context, Figure, Findings, Table, exact, rounding, timing

question = (
    "Is every backward pass the derivative of its forward pass, and would a check notice if not?"
)
method = (
    "Every layer with its options, and every loss, in float64: each number of its gradients of "
    "sum(dy * output) is held against (a) central differences of its own forward, (b) the complex "
    "step Im f(x + ih) / h of the same code run on complex numbers, h = 2^-70 (Squire and Trapp "
    "1998), (c) the sources' equations in loops: source A, eq. (1)-(5), and source C, delta^l = "
    "delta^(l+1) * rot180(w^(l+1)) . sigma'(z^l), dC/dw, dC/db, upsample and W^T delta, and (d) "
    "Keras. Inputs lie at least two steps from every kink (a ReLU's zero, tied maxima). No "
    "tolerance is chosen: rounding a sum of n products costs at most gamma_n times the sum of "
    "their magnitudes (Higham 2002, section 3.1), which also bounds each other order of the chain "
    "rule's sum over paths; central differences get the rounding of the output over h and "
    "h^2/6 max|f'''|, zero for layers that are linear in the tensor and derived for softmax, "
    "batch normalization and cross-entropy, at the power of two h where the two are least. Then "
    "known faults are planted, one at a time, and checked against their own forward and Keras."
)
order = 8

_KEYS = ["layer", "options", "tensor", "oracle", "source"]
_STEPS_CASE = {"units": 5, "activation": "softmax"}


def run(context: Context) -> Findings:
    """Check all layers and losses, plant the faults, look at kinks and at the step."""
    draws = 10 if context.full else 1
    rows = []
    cases = len(CASES) + len(LOSS_CASES)
    with context.progress.task("gradients checked", draws * cases) as advance:
        for seed in range(context.seed, context.seed + draws):
            for case in CASES:
                rows += check(layer_subject(case, seed))
                advance(1)
            for loss in LOSS_CASES:
                rows += check(loss_subject(loss, seed))
                advance(1)
    gradients = _worst(pd.DataFrame(rows))
    subjects = planted_subjects(context.seed)
    planted = []
    with context.progress.task("faults planted", len(FAULTS)) as advance:
        for fault in FAULTS:
            planted.append(planted_row(fault, subjects))
            advance(1)
    (curved,) = [subject for subject in subjects if subject.case.options == _STEPS_CASE]
    steps = pd.DataFrame(step_rows(curved, "grad:kernel"))
    summary = _summary(gradients)
    return Findings(
        [
            _summary_table(summary),
            _planted_table(pd.DataFrame(planted)),
            Table("kinks", "Where no derivative exists", pd.DataFrame(kink_rows())),
            _gradient_table(gradients),
            _step_table(steps),
        ],
        _figures(summary, steps),
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    gradients, planted = tables["gradients"], tables["planted"]
    compared = gradients[gradients.verdict != NONE]
    tensors = gradients.groupby(["layer", "options", "tensor"]).ngroups
    worst = compared.nlargest(1, "difference_over_bound").iloc[0]
    failing = int((compared.verdict == FAILS).sum())
    sentences = [
        f"{number(tensors)} gradients of {gradients.layer.nunique()} layers and losses were held "
        f"against four oracles, {number(int(compared.numbers_compared.sum()))} numbers in all: "
        f"{failing or 'none'} of {number(len(compared))} comparisons "
        f"{'fails' if failing == 1 else 'fail'}. The largest difference is "
        f"{number(worst.difference_over_bound, 2)} of what rounding allows ({worst.layer}, "
        f"{worst.tensor}, against {worst.oracle}).",
    ]
    sentences += _planted_sentences(planted)
    return [*sentences, _kink_sentence(tables["kinks"]), _step_sentence(tables["steps"])]


def _planted_sentences(planted: pd.DataFrame) -> list[str]:
    caught = planted[planted.central_differences == CAUGHT]
    consistent = planted[planted.central_differences == CONSISTENT]
    tied = planted[planted.central_differences == AT_KINKS]
    seen_by_keras = int((planted.keras == CAUGHT).sum())
    sentences = [
        f"The check can fail: of {len(planted)} planted faults, central differences catch "
        f"{len(caught)}; the comparison with Keras catches {seen_by_keras}.",
        f"What gradient checking cannot catch: in {len(consistent)} faults the backward is the "
        "exact derivative of a wrong forward, so that the layer agrees with itself and only the "
        f"framework tells: {', '.join(consistent.fault)}.",
    ]
    if len(tied):
        sentences.append(
            f"Nor does it catch {', '.join(tied.fault)}, which shows only where maxima are tied "
            "and no derivative exists."
        )
    return sentences


def _kink_sentence(kinks: pd.DataFrame) -> str:
    alike = bool((kinks.scratch == kinks.keras).all())
    relu = kinks[kinks.kink.str.startswith("ReLU")].iloc[0]
    pool = kinks[kinks.kink.str.startswith("max pooling")]
    return (
        f"At kinks scratch and Keras {'make the same choices' if alike else 'differ'}: ReLU'(0) = "
        f"{number(relu.scratch)}, where central differences say {number(relu.central_differences)};"
        f" of tied maxima the first gets the gradient, {number(pool.scratch.sum())} in all, where "
        f"sources A and B give it to each ({number(pool.sources_a_b.sum())} in all) and central "
        f"differences say {number(pool.central_differences.max())} for each."
    )


def _step_sentence(steps: pd.DataFrame) -> str:
    central = steps.nsmallest(1, "central_error").iloc[0]
    return (
        f"With the best step, h = 2^{int(central.step_log2)}, central differences of a softmax "
        f"layer's kernel are right to {number(central.central_error, 2)}; the complex step is "
        f"right to {number(steps.complex_error.iloc[-1], 2)} with any short step."
    )


def _worst(rows: pd.DataFrame) -> pd.DataFrame:
    """Of several draws, the one with the largest ratio; numbers compared add up."""
    ranked = rows.sort_values("difference_over_bound", ascending=False, kind="stable")
    worst = ranked.drop_duplicates(_KEYS).sort_index()
    totals = rows.groupby(_KEYS, sort=False).numbers_compared.sum()
    return worst.assign(
        numbers_compared=[totals[tuple(key)] for key in worst[_KEYS].to_numpy()]
    ).reset_index(drop=True)


def _summary(gradients: pd.DataFrame) -> pd.DataFrame:
    """One row for each layer and oracle."""
    rows = []
    for (layer, oracle), found in gradients.groupby(["layer", "oracle"], sort=False):
        compared = found[found.verdict != NONE]
        rows.append(
            {
                "layer": layer,
                "oracle": oracle,
                "comparisons": len(compared),
                "numbers_compared": int(compared.numbers_compared.sum()),
                "failing": int((compared.verdict == FAILS).sum()),
                "largest_difference_over_bound": compared.difference_over_bound.max(),
            }
        )
    return pd.DataFrame(rows)


def _summary_table(frame: pd.DataFrame) -> Table:
    ratio = {"largest_difference_over_bound": rounding(atol=1.0)}
    return Table("layers", "Each layer and loss against each oracle", frame, ratio)


def _gradient_table(frame: pd.DataFrame) -> Table:
    kinds = {
        "step_log2": timing(),
        "largest_difference": timing(),
        "bound": timing(),
        "difference_over_bound": rounding(atol=1.0),
        "verdict": exact(),
    }
    return Table("gradients", "Every gradient against every oracle", frame, kinds)


def _planted_table(frame: pd.DataFrame) -> Table:
    noise = {"largest_difference": timing(), "difference_over_bound": timing()}
    return Table("planted", "Known faults: what sees them", frame, noise)


def _step_table(frame: pd.DataFrame) -> Table:
    errors = ("forward_error", "central_error", "complex_error", "central_bound")
    title = "Errors by the step h = 2^step_log2, relative to the gradient's largest number"
    return Table("steps", title, frame, {name: timing() for name in errors})


def _figures(summary: pd.DataFrame, steps: pd.DataFrame) -> list[Figure]:
    return [ratio_figure(summary), step_figure(steps, "a softmax layer's kernel")]
