from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.provenance import record
from experiments.reproduce import check_data, hold
from experiments.results import FigureFile, ResultsError, StudyResults
from experiments.study import Kind, Table, exact, rounding, timing
from tests.experiments.helpers import context, named_data


def results(values: object, kind: Kind, *, column: str = "v", table: str = "t") -> StudyResults:
    frame = pd.DataFrame({"row": np.arange(len(values)), column: values})
    tables = [Table(table, "T", frame, {column: kind})]
    return StudyResults("toy", record("toy", context(), 1.0), tables, [])


@pytest.mark.parametrize(
    ("kind", "committed", "got"),
    [
        (exact(), [1, 2], [1, 2]),
        (exact(), ["a", "b"], ["a", "b"]),
        (exact(), [0.1, np.nan], [0.1, np.nan]),
        (rounding(rtol=1e-6), [1.0, np.inf], [1.0 + 9e-7, np.inf]),
        (rounding(atol=1e-8), [0.0, np.nan], [9e-9, np.nan]),
        (rounding(rtol=1e-3, atol=1e-3), [1.0, -1.0], [1.0019, -1.0019]),
        (timing(), [1.0, 2.0], [100.0, 0.5]),
    ],
)
def test_what_a_kind_allows(kind: Kind, committed: list, got: list) -> None:
    outcome = hold(results(committed, kind), results(got, kind))
    assert outcome.ok
    assert outcome.columns == 2
    assert bool(outcome.timings) == (kind.name == "timing")


@pytest.mark.parametrize(
    ("kind", "committed", "got", "message"),
    [
        (exact(), [1, 2], [1, 3], "1 of 2 rows differ, the first is row 1: committed 2, got 3"),
        (exact(), ["a", "b"], ["a", "c"], "row 1: committed b, got c"),
        (exact(), ["1", "2"], [1, 2], "2 of 2 rows differ"),
        (exact(), [0.1, 1.0], [0.1, np.nan], "row 1: committed 1.0, got nan"),
        (exact(), [0.1], [np.nextafter(0.1, 1)], "committed 0.1, got 0.10000000000000002"),
        (
            rounding(rtol=1e-6),
            [1.0, 10.0, 1.0],
            [1.0 + 2e-6, 10.0 + 5e-5, 1.0],
            "2 of 3 rows depart, most at row 1: committed 10.0, got 10.00005, off by 5e-5 "
            "where 1e-5 is allowed",
        ),
        (rounding(atol=1e-8), [0.0, 0.0], [2e-8, -1.1e-8], "2 of 2 rows depart, most at row 0"),
        (rounding(rtol=1.0), [1.0, 1.0], [9.0, np.nan], "most at row 1: committed 1.0, got nan"),
        (rounding(rtol=1.0), [np.inf], [1.0], "committed inf, got 1.0"),
        (rounding(rtol=1.0), [np.inf], [-np.inf], "committed inf, got -inf"),
        (rounding(rtol=1.0), [1.0], [np.inf], "committed 1.0, got inf"),
        (rounding(rtol=1.0), [1.0], ["x"], "committed are numbers"),
    ],
)
def test_what_a_kind_does_not_allow(kind: Kind, committed: list, got: list, message: str) -> None:
    new_kind = exact() if isinstance(got[0], str) else kind
    outcome = hold(results(committed, kind), results(got, new_kind))
    assert not outcome.ok
    assert [departure.place for departure in outcome.departures] == ["toy/t.v"]
    assert message in str(outcome.departures[0])


@pytest.mark.parametrize(
    ("got", "message"),
    [
        (results([1, 2, 3], exact()), "toy/t: 3 rows, committed are 2."),
        (results([1, 2], exact(), column="w"), "toy/t: columns missing: v."),
        (results([1, 2], exact(), column="w"), "toy/t: columns not committed: w."),
        (results([1, 2], exact(), table="u"), "toy: tables missing: t."),
        (results([1, 2], exact(), table="u"), "toy: tables not committed: u."),
    ],
)
def test_other_tables_columns_or_rows_depart(got: StudyResults, message: str) -> None:
    assert message in [str(d) for d in hold(results([1, 2], exact()), got).departures]


def test_a_figure_that_is_gone_departs() -> None:
    committed = replace(
        results([1], exact()), figures=[FigureFile("f", "Caption.", "Alt.", Path("f.png"))]
    )
    departures = hold(committed, results([1], exact())).departures
    assert [str(d) for d in departures] == ["toy: figures missing: f."]


def test_other_data_are_told_in_one_sentence() -> None:
    committed = results([1], exact())
    check_data(committed, named_data())
    with pytest.raises(
        ResultsError,
        match="were computed on 1080 training photographs, but what is found now is 12 drawings: a "
        "synthetic stand-in; give the same data with --data",
    ):
        check_data(committed, named_data(sha256="1" * 64, synthetic=True))
