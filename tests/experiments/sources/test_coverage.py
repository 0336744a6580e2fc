"""The table of what is covered where names studies and files that exist."""

from pathlib import Path

import pytest

from experiments.sources.coverage import COVERAGE
from experiments.study import discover

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("study", sorted({item.study for item in COVERAGE}))
def test_each_study_exists(study: str) -> None:
    assert study in {found.name for found in discover()}


@pytest.mark.parametrize("test", sorted({item.test for item in COVERAGE}))
def test_each_file_of_tests_exists(test: str) -> None:
    assert (ROOT / test).is_file()


def test_each_table_or_figure_is_committed() -> None:
    quick = ROOT / "results" / "quick"
    kept = {(path.parent.name, path.stem) for path in quick.glob("*/*") if path.suffix != ".json"}
    assert [item for item in COVERAGE if (item.study, item.where) not in kept] == []


def test_all_sources_and_no_item_twice() -> None:
    assert {item.source for item in COVERAGE} == {"A", "B", "C", "D", "E", "published"}
    places = [(item.source, item.item) for item in COVERAGE]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("source", "functions"),
    [
        ("A", "zero_pad conv_single_step conv_forward pool_forward conv_backward "
              "create_mask_from_window distribute_value pool_backward ReLU"),
        ("B", "distribute_value pool_backward conv_forward conv_backward"),
        ("C", "softmax upsample rot180 ReLU"),
        ("D", "convolution ReLU pooling"),
        ("E", "Conv2D MaxPooling Module zero_grad update step im2col"),
    ],
)  # fmt: skip
def test_every_function_of_a_source_is_there_by_name(source: str, functions: str) -> None:
    text = " ".join(item.item for item in COVERAGE if item.source == source)
    assert [name for name in functions.split() if name not in text] == []


def test_every_row_of_source_a_is_there() -> None:
    text = " ".join(item.item for item in COVERAGE if item.source == "A")
    assert all(f"A{number}" in text for number in range(1, 10))
