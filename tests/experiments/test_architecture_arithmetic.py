"""The study of sizes, parameters and receptive fields, in its quick form."""

import pytest

from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.study import discover, select
from tests.experiments.helpers import context


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResults, str]:
    (study,) = select(discover(), ["architecture_arithmetic"])
    results = run_study(study, context(), tmp_path_factory.mktemp("results"))
    return results, " ".join(study.findings(results.frames))


def test_everything_agrees(found) -> None:
    frames = found[0].frames
    for name in ("sizes", "examples", "ng_network", "connections", "vgg16", "receptive_fields"):
        assert len(frames[name]) > 4
        assert frames[name].all_agree.all(), name


def test_the_sentences_have_the_sources_numbers(found) -> None:
    text = found[1]
    for stated in (
        "4,563 numbers to 1,960",
        "39x39x3 -> 37x37x10 -> 17x17x20 -> 7x7x40 -> 1960",
        "62,481,160",
        "138,357,544",
        "36 in vgg_mini, 46 in signs_deep, 212 in vgg16",
    ):
        assert stated in text


def test_the_figures_are_drawn(found) -> None:
    names = [figure.name for figure in found[0].figures]
    assert names == ["ng_network", "receptive_fields", "parameters"]
