"""The five sources, audited: every number that they print, right or wrong, and why."""

from __future__ import annotations

import pandas as pd

from experiments.sources.coverage import coverage_frame
from experiments.sources.figures import audit_figure, wrong_figure
from experiments.sources.grids import hidden_figure, overlap_figure
from experiments.sources.hidden import hidden_frame, smallest_inputs
from experiments.sources.own_numbers import OWN_NUMBERS
from experiments.sources.printed import printed_frame, wrong_frame
from experiments.sources.source_a import source_a
from experiments.sources.source_b import source_b
from experiments.sources.sources_c_to_e import sources_c_to_e
from experiments.study import Context, Findings, Table

question = "Which numbers that sources A to E print are right, and what made the others wrong?"
method = (
    "Every printed number or array is computed again from the source's own set-up (A and B: "
    "NumPy's legacy generator, seed 1, draws in the order written) and held against the digits: "
    "half a unit of the last, and no more than the 15 digits that a float64 keeps. For each that "
    "departs the right value is proved in rational arithmetic, without any rounding and without "
    "the kit's convolutions, and the printed value is reproduced by planting one fault of the "
    "catalogue. A second search looks for what no printed number shows: for every other fault of "
    "the sources' code the smallest input, in whole numbers, on which it departs from plain loops "
    "(source A, eq. (1)-(5))."
)
order = 5


def run(context: Context) -> Findings:
    """Audit the printed numbers, then look for the faults that they hide."""
    with context.progress.task("sources read", 3) as advance:
        numbers = []
        for read in (source_a, source_b, sources_c_to_e):
            numbers += read()
            advance(1)
    with context.progress.task("hidden faults", len(OWN_NUMBERS)) as advance:
        found = smallest_inputs(advance)
    printed, wrong, hidden = printed_frame(numbers), wrong_frame(numbers), hidden_frame(found)
    return Findings(
        tables=[
            Table("printed", "Every printed number or array, and what the kit computes.", printed),
            Table("wrong_numbers", "Wrong numbers: proved, and reproduced by a fault.", wrong),
            Table("hidden", "Faults of the sources' code that their numbers never reveal.", hidden),
            Table("coverage", "Where each item of the sources is covered.", coverage_frame()),
        ],
        figures=[
            audit_figure(printed, wrong),
            wrong_figure(wrong),
            overlap_figure(),
            hidden_figure(found),
        ],
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """What the tables say."""
    printed, wrong, hidden = tables["printed"], tables["wrong_numbers"], tables["hidden"]
    agreeing = int(printed.agrees.sum())
    loose = printed[~printed.agrees & ~printed["item"].isin(wrong["item"])]
    proved = int((wrong.proof_agrees & wrong.fault_reproduces).sum())
    by_fault = "; ".join(
        f"{', '.join(dict.fromkeys(rows['item']))} by '{fault}'"
        for fault, rows in wrong.groupby("fault", sort=False)
    )
    given_wrong = wrong.set_index("what").loc["mean of dA"]
    cells = hidden.height * hidden.width * hidden.channels
    names = hidden.fault.nunique()
    shown = hidden[hidden.own_numbers_reveal].fault.nunique()
    coverage = tables["coverage"]
    return [
        f"{agreeing} of {len(printed)} printed numbers and arrays agree to the last digit, "
        f"{len(printed) - agreeing} do not.",
        f"{len(wrong)} of these come from faulty code, all of them in source "
        f"{', '.join(dict.fromkeys(wrong['item'].str[0]))}. For {proved} of the {len(wrong)} the "
        "right value is proved in rational arithmetic, and the printed one comes out again when "
        f"the fault is planted: {by_fault}.",
        f"In {given_wrong['item']} the code is right and its input wrong, A3's Z: it prints "
        f"{given_wrong.printed} as the {given_wrong.name}, where the right Z gives "
        f"{given_wrong.right_value}.",
        *(f'{row["item"]}: "{row.printed}" is {row.explanation}.' for _, row in loose.iterrows()),
        f"The sources' code has {names} more faults; {shown or 'none'} of them shows in the "
        f"numbers that the sources print. Inputs of {cells.min()} to {cells.max()} numbers are "
        "enough to show them.",
        f"{len(coverage)} items of the sources and published "
        f"figures are covered by {coverage.study.nunique()} studies; the last table says where.",
    ]
