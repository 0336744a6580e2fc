"""The studies that train twins, on a handful of drawn photographs."""

import numpy as np
import pytest

from experiments.progress import Progress
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.signs import SignsData
from experiments.study import Context, discover, select
from tests.experiments.helpers import few_drawings


@pytest.fixture(scope="module")
def few_photographs() -> SignsData:
    return few_drawings()


def results(name: str, signs: SignsData, root) -> tuple[StudyResults, str]:
    """What a study wrote, and its sentences in one text."""
    (study,) = select(discover(), [name])
    found = run_study(study, Context(signs, full=False, seed=0, progress=Progress()), root)
    return found, " ".join(study.findings(found.frames))


def test_float64_lockstep_proves_one_algorithm(few_photographs, tmp_path) -> None:
    found, text = results("float64_lockstep", few_photographs, tmp_path)
    like, exact = (row for _, row in found.frames["summary"].iterrows())
    assert (like.adam, exact.adam) == ("as Keras", "exact formula")
    assert like.largest_weight_difference < 1e-13
    assert exact.first_update_departure == pytest.approx(6.7e-6, rel=0.02)
    assert "it stays below 1e-8: the two are one algorithm" in text
    assert "departs by 6.7e-6 of itself" in text


def test_training_counts_the_same_in_every_table(few_photographs, tmp_path) -> None:
    found, text = results("training", few_photographs, tmp_path)
    assert [figure.name for figure in found.figures] == [
        "curves", "accuracy", "confusion", "photographs",
    ]  # fmt: skip
    accuracy, confusion = found.frames["accuracy"], found.frames["confusion"]
    for keys, rows in confusion.groupby(["network", "twin"]):
        counts = rows.filter(like="read_as_").to_numpy()
        assert counts.sum() == 12
        right = accuracy.set_index(["network", "twin"]).loc[[keys]].set_index("photographs")
        assert right.correct["all test"] == np.trace(counts)
        assert right.count_of["not in training set"] == 9
        assert right.low["all test"] <= right.accuracy["all test"] <= right.high["all test"]
    published = found.frames["published"].set_index("network")
    assert tuple(published.lowest) == (0.733, 0.9333)
    for row in accuracy[accuracy.photographs == "all test"].itertuples():
        assert published[row.twin.lower()][row.network] == row.accuracy
    runs = found.frames["runs"].set_index("network")
    assert list(runs.epochs) == list(found.frames["epochs"].groupby("network").epoch.max())
    for network in ("signs_convnet", "signs_deep"):
        assert f"{network} reads" in text
        listed = runs.disagree_on[network].split()
        assert len(listed) == runs.disagreements[network]
