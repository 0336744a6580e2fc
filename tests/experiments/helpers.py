"""What the tests of the studies' machinery share: data in name only, and throw-away studies."""

from pathlib import Path

import numpy as np

from experiments.progress import Progress
from experiments.runner import run_study
from experiments.signs import SignsData
from experiments.study import Context, Study

TOYS = "tests.experiments.toys"

STUDY = """
import pandas as pd
from experiments.study import Findings, Table, rounding, timing

question = "Is one one?"
method = "By looking."

def run(context):
    frame = pd.DataFrame({"a": [1, 2], "b": [0.1, 1.0], "seconds": [1.0, 2.0]})
    return Findings([Table("t", "T", frame, {"b": rounding(1e-6), "seconds": timing()})])

def findings(tables):
    return [f"a is {tables['t'].a[0]}."]
"""


def named_data(sha256: str = "0" * 64, synthetic: bool = False) -> SignsData:
    """A data set of one black image; only its name and its hash matter here."""
    x, y = np.zeros((1, 64, 64, 3), np.uint8), np.zeros(1, np.int64)
    source = "12 drawings: a synthetic stand-in." if synthetic else "1080 training photographs."
    return SignsData(x, y, x, y, y == 1, y == 1, source, sha256, synthetic)


def context(synthetic: bool = False, full: bool = False) -> Context:
    return Context(named_data(synthetic=synthetic), full, 0, Progress())


def run_all(studies: list[Study], root: Path, synthetic: bool = False) -> None:
    for study in studies:
        run_study(study, context(synthetic), root)


def few_drawings() -> SignsData:
    """18 images to train on and 12 to test with, three of which have a twin."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (30, 64, 64, 3)).astype(np.uint8)
    y = np.arange(30) % 6
    twin = np.arange(12) < 3
    return SignsData(
        x[:18], y[:18], x[18:], y[18:], twin, y[:18] < 0, "30 drawings.", "0" * 64, True
    )
