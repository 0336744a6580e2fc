import sys

import pandas as pd
import pytest

from experiments import style
from experiments.study import Figure, Findings, Kind, StudyError, Table, discover, rounding, select
from tests.experiments.helpers import STUDY, TOYS


def test_finds_studies_in_the_order_they_declare_without_importing_them() -> None:
    for name in ("curves", "layers"):
        sys.modules.pop(f"{TOYS}.{name}", None)
    studies = discover(TOYS)
    assert [(study.name, study.order) for study in studies] == [("layers", 5), ("curves", 10)]
    assert studies[0].question.startswith("Does every layer compute")
    assert f"{TOYS}.layers" not in sys.modules


def test_studies_without_an_order_come_after_and_by_name(package) -> None:
    first = STUDY + "\norder = 1\n"
    package(b=STUDY, a=STUDY, z=first)
    assert [study.name for study in discover()] == ["z", "a", "b"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def run(:", "broken.py, line 1, is not Python"),
        (STUDY.replace("question =", "query ="), "must declare question at module level"),
        (STUDY.replace("def findings", "def tell"), r"must declare findings\(\)"),
        (STUDY.replace('"By looking."', '"By" + "looking."'), "`method` must be a plain literal"),
        (STUDY + "\norder = '1'", "`order` must be a plain literal of type int"),
        (STUDY + "\norder = True", "`order` must be a plain literal of type int"),
    ],
)
def test_a_file_that_declares_no_study_is_named(package, source: str, message: str) -> None:
    package(broken=source, fine=STUDY)
    with pytest.raises(StudyError, match=message):
        discover()


def test_a_study_that_cannot_be_imported_says_where(package) -> None:
    package(broken=STUDY + "undefined_name\n")
    line = STUDY.count("\n") + 1
    (study,) = discover()
    with pytest.raises(
        StudyError, match=rf"'undefined_name' is not defined \(broken.py, line {line}\)"
    ):
        study.findings({})


def test_run_must_return_findings(package) -> None:
    package(odd=STUDY.replace("return Findings(", "return list("))
    with pytest.raises(StudyError, match="'odd': run\\(\\) must return Findings"):
        discover()[0].run(None)


def test_select_keeps_the_report_order_and_names_the_unknown() -> None:
    studies = discover(TOYS)
    assert select(studies, []) == studies
    assert [study.name for study in select(studies, ["curves", "layers"])] == ["layers", "curves"]
    with pytest.raises(
        StudyError, match=r"'curve'\. Did you mean 'curves'\? Known: layers, curves"
    ):
        select(studies, ["curve"])


@pytest.mark.parametrize(
    ("name", "frame", "kinds", "message"),
    [
        ("a/b", pd.DataFrame({"a": [1]}), {}, "name must be"),
        ("t", pd.DataFrame({"a": [1]}, index=[3]), {}, "index of its own"),
        ("t", pd.DataFrame([[1, 2]], columns=["a", "a"]), {}, "distinct"),
        ("t", pd.DataFrame({"a": [1]}), {"b": Kind("exact")}, "'b', not a column"),
        ("t", pd.DataFrame({"a": ["x"]}), {"a": rounding(1e-6)}, "not numeric"),
    ],
)
def test_a_table_that_could_not_be_kept_is_refused(name, frame, kinds, message) -> None:
    with pytest.raises(ValueError, match=message):
        Table(name, "title", frame, kinds)


def test_figures_need_an_alternative_text_and_names_of_their_own() -> None:
    figure, _ = style.subplots()
    with pytest.raises(ValueError, match="alternative text"):
        Figure("f", "caption", " ", figure)
    same = Figure("f", "caption", "alt", figure)
    with pytest.raises(ValueError, match="Two figures have the same name"):
        Findings([], [same, same])
