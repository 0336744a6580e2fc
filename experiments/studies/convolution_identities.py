"""Equalities between convolutions: the sources' exercises, checked in exact integers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.identities import (
    CASES,
    EQUALITIES,
    TWINS,
    Case,
    Operands,
    check,
    draw,
    matrix_row,
    random_cases,
    readings,
    softmax_rows,
)
from experiments.identities.check import DTYPES
from experiments.identities.matrix_figures import matrix_figure, variants_figure
from experiments.identities.wide_figure import wide_figure
from experiments.study import Context, Findings, Table, rounding, timing

question = "Do the equalities that convolutions are taught with hold, exactly, in both twins?"
method = (
    "Each equality of sources C and E (exercises 5-2 and 5-7) is computed on both sides from "
    "whole numbers, the pixels of photographs and weights from -9 to 9: no rounding, so that equal "
    "means equal. Keras computes in float64, where whole numbers below 2^53 are exact too. In "
    "float32 and float64 the sides may differ by gamma_n times the same sum of absolute values, n "
    "the roundings that a term meets on both sides (Higham 2002, lemmas 3.1 and 3.3). Convolution "
    "(⊗) is cross-correlation, as in every framework, unless said otherwise; wide means "
    "kernel - 1 zeros on every side. Where a source's * can be read in two ways, both are tried."
)
order = 6

_EXERCISE = "4x4x1"


def run(context: Context) -> Findings:
    """Check every equality on every case that it applies to, with every twin."""
    rng = np.random.default_rng(context.seed)
    cases = [*CASES, *random_cases(120 if context.full else 7, rng)]
    drawn = [(case, draw(case, context.signs, rng)) for case in cases]
    with context.progress.task("geometries checked", len(drawn)) as advance:
        rows = []
        for case, given in drawn:
            rows += _case_rows(case, given)
            advance(1)
    identities = pd.DataFrame(rows)
    classes = (6, 10, 1000)
    return Findings(
        tables=[
            Table(
                "summary",
                "Each equality over all of its cases and implementations.",
                _summary(identities),
                {f"{dtype}_worst_share_of_bound": rounding(atol=1.0) for dtype in DTYPES},
            ),
            Table(
                "readings",
                "What the sources' * can mean, and what becomes of their formulas.",
                pd.DataFrame(readings(drawn)),
            ),
            Table(
                "matrices",
                "Exercise 5-7: the matrix C of every case, and whether C x and C^T dy are what "
                "the twins compute forward and backward, in whole numbers.",
                pd.DataFrame([matrix_row(case, given) for case, given in drawn]),
            ),
            Table(
                "softmax",
                "How far the probabilities of a row of logits are from a sum of 1, at most.",
                pd.DataFrame(softmax_rows(classes, rng)),
                {"furthest_from_one": timing(), "share_of_bound": rounding(atol=1.0)},
            ),
            Table(
                "identities",
                "Each equality, case and implementation; differences in floating point are "
                "rounding noise, their shares of the bound below 1.",
                identities,
                {f"{dtype}_difference": timing() for dtype in DTYPES}
                | {f"{dtype}_share_of_bound": rounding(atol=1.0) for dtype in DTYPES},
            ),
        ],
        figures=[matrix_figure(), variants_figure(), wide_figure(context.signs)],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """What the tables say."""
    rows, matrices = tables["identities"], tables["matrices"]
    return [
        _exactness(rows, tables["summary"]),
        _exercise_5_7(matrices),
        _commutation(tables["readings"]),
        _theory(tables["readings"]),
        _softmax(tables["softmax"]),
    ]


def _case_rows(case: Case, given: Operands) -> list[dict]:
    return [
        check(equality, case, given, twin)
        for equality in EQUALITIES
        if equality.applies(case)
        for twin in TWINS
    ]


def _summary(identities: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for equality in EQUALITIES:
        found = identities[identities.identity == equality.name]
        rows.append(
            {
                "identity": equality.name,
                "source": equality.source,
                "statement": equality.statement,
                "checks": len(found),
                "exact_checks": int(found.exact.sum()),
                "numbers": int(found.numbers.sum()),
                "largest_difference": int(found.largest_difference.max()),
                **{
                    f"{dtype}_worst_share_of_bound": float(found[f"{dtype}_share_of_bound"].max())
                    for dtype in DTYPES
                },
            }
        )
    return pd.DataFrame(rows)


def _exactness(rows: pd.DataFrame, summary: pd.DataFrame) -> str:
    worst = max(float(summary[f"{dtype}_worst_share_of_bound"].max()) for dtype in DTYPES)
    return (
        f"{len(summary)} equalities were checked {len(rows):,} times on "
        f"{int(rows.numbers.sum()):,} whole numbers, by the plain loops, by NumPy and by Keras: "
        f"{int(rows.exact.sum()):,} of {len(rows):,} checks hold exactly. In floating point no "
        f"difference takes up more than {worst:.2g} of what rounding allows."
    )


def _exercise_5_7(matrices: pd.DataFrame) -> str:
    exercise = matrices[(matrices.input == _EXERCISE) & (matrices.kernel == "3x3")].iloc[0]
    forward = int((matrices.equals_conv2d & matrices.equals_keras).sum())
    backward = int(
        (matrices.transpose_equals_conv2d_backward & matrices.transpose_equals_keras_backward).sum()
    )
    return (
        f"A 3x3 kernel on a 4x4 image is a matrix of {exercise.rows} rows and {exercise.columns} "
        f"columns, {exercise.nonzeros} of its cells not empty (source E, exercise 5-7). In "
        f"{forward} of {len(matrices)} geometries, strides, paddings and channels included, that "
        f"matrix gives the output of both twins, and in {backward} its transpose gives their input "
        "gradient."
    )


def _commutation(table: pd.DataFrame) -> str:
    outcome = table[table.source == "E 5-2"].set_index("star_read_as").outcome
    return (
        "Exercise 5-2, rot180(W) ⊗ X = rot180(X) ⊗ W, both wide: read as the framework's "
        f"convolution, a cross-correlation, {_clause(outcome['cross-correlation'])}; read as the "
        f"mathematician's, which turns the kernel itself, {_clause(outcome['convolution'])}."
    )


def _theory(table: pd.DataFrame) -> str:
    theory = table[table.source == "C"]
    holds = theory[theory.outcome == "holds"]
    formulas = holds.groupby(["layer_computes", "star_read_as"]).formula.nunique()
    both = [
        f"the layer computes a {layer} and both * are {star}s"
        for layer, star in formulas[formulas == theory.formula.nunique()].index
    ]
    return (
        "Source C writes the error and the kernel gradient with one *: of "
        f"{len(theory)} readings of its two formulas {len(holds)} hold. Both hold together only "
        f"where {' or '.join(both)}, the first wide, the second valid."
    )


def _softmax(table: pd.DataFrame) -> str:
    return (
        f"Softmax's probabilities, summed over {', '.join(map(str, table.classes.unique()))} "
        f"classes, are 1 within rounding in {int(table.sums_to_one.sum())} of {len(table)} "
        f"combinations of classes, dtype and implementation; the furthest sum is "
        f"{table.furthest_from_one.max():.1e} from 1."
    )


def _clause(outcome: str) -> str:
    """What an outcome says of the two sides."""
    clauses = {
        "holds": "it holds exactly",
        "turned by 180 degrees": "each side is the other turned by 180 degrees",
    }
    return clauses.get(outcome, "it does not hold")
