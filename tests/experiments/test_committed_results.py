"""What is committed under `results/` belongs together: every study, and reports of these tables."""

import shutil
from pathlib import Path

import pytest

from experiments.reporting import write_report
from experiments.results import read_root
from experiments.study import discover

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture(params=["quick", "full"])
def root(request: pytest.FixtureRequest) -> Path:
    return RESULTS / request.param


def test_every_study_has_its_results_from_the_photographs(root: Path) -> None:
    found = {results.name: results for results in read_root(root)}
    assert set(found) == {study.name for study in discover()}
    for results in found.values():
        assert results.figures
        assert results.provenance.form == root.name
        assert not results.provenance.synthetic


def test_the_reports_are_those_of_the_tables(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / root.name
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("report.html", "README.md"))
    write_report(copy, discover())
    for name in ("report.html", "README.md"):
        assert (copy / name).read_text() == (root / name).read_text()


def test_only_a_report_is_larger_than_a_megabyte(root: Path) -> None:
    large = {path.name for path in root.rglob("*") if path.stat().st_size > 10**6}
    assert large <= {"report.html"}
