"""The study as it runs: its tables, its sentences, and that a second run is the first."""

import pytest

from experiments.runner import run_study
from experiments.study import discover, select
from tests.experiments.helpers import context


@pytest.fixture(scope="module")
def study_and_results(tmp_path_factory):
    (study,) = select(discover(), ["sources"])
    return study, run_study(study, context(), tmp_path_factory.mktemp("results"))


def test_its_sentences(study_and_results) -> None:
    study, found = study_and_results
    text = " ".join(study.findings(found.frames))
    assert "51 of 58 printed numbers and arrays agree to the last digit, 7 do not." in text
    assert "6 of these come from faulty code, all of them in source A." in text
    assert "A2, A3, A5 by 'bias-per-product'" in text
    assert "A9 by 'overlapping-average-windows-overwrite'" in text
    assert "it prints 9.60899067587 as the mean of dA, where the right Z gives 4.1145817" in text
    assert 'E 5-3: "about one third" is loosely said: 157,184 / 387,072 = 0.406' in text
    assert "11 more faults; none of them shows" in text
    assert "76 items of the sources and published figures are covered by 10 studies" in text


def test_its_tables_and_figures(study_and_results) -> None:
    _, found = study_and_results
    assert list(found.frames) == ["printed", "wrong_numbers", "hidden", "coverage"]
    assert [figure.name for figure in found.figures] == [
        "audit", "wrong_numbers", "overlap", "hidden",
    ]  # fmt: skip
    assert found.frames["printed"].agrees.dtype == bool
    assert not found.frames["hidden"].own_numbers_reveal.any()


def test_nothing_in_it_may_change(study_and_results) -> None:
    """Every column is exact: no number here depends on a machine."""
    _, found = study_and_results
    kinds = [table.kind(column).name for table in found.tables for column in table.frame]
    assert set(kinds) == {"exact"}
