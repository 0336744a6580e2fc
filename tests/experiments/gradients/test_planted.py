"""Which faults a gradient check sees, known from what each fault does."""

import numpy as np
import pytest

from experiments.faults import FAULTS
from experiments.gradients.kinks import kink_rows
from experiments.gradients.planted import (
    AT_KINKS,
    CAUGHT,
    CONSISTENT,
    planted_row,
    planted_subjects,
)
from experiments.gradients.steps import step_rows

BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope="module")
def subjects():
    return planted_subjects(0)


@pytest.mark.parametrize(
    ("fault", "tensors"),
    [
        ("stride-ignored-in-backward", {"grad_input", "grad:kernel"}),
        ("bias-gradient-averaged", {"grad:bias"}),
        ("input-gradient-kernel-not-turned", {"grad_input"}),
        ("relu-derivative-forgotten", {"grad_input", "grad:kernel", "grad:bias"}),
        ("overlapping-max-windows-overwrite", {"grad_input"}),
        ("statistics-as-constants", {"grad_input"}),
        ("add-splits-the-gradient", {"grad_input", "grad_input:1"}),
        # A wrong forward with the backward of the right one contradicts itself.
        ("bias-per-product", {"grad:bias"}),
        ("kernel-turned", {"grad_input", "grad:kernel"}),
    ],
)
def test_a_backward_that_is_not_the_forwards_is_caught(subjects, fault: str, tensors: set) -> None:
    row = planted_row(BY_NAME[fault], subjects)
    assert row["central_differences"] == row["keras"] == CAUGHT
    assert set(row["contradicts_itself"].split(", ")) == tensors
    assert row["difference_over_bound"] > 1e3


@pytest.mark.parametrize(
    "fault",
    [
        "padding-shifted",
        "average-counts-padding",
        "flatten-channels-first",
        "dropout-not-rescaled",
        "other-epsilon",
    ],
)
def test_a_wrong_layer_that_agrees_with_itself_is_missed_but_not_by_keras(
    subjects, fault: str
) -> None:
    row = planted_row(BY_NAME[fault], subjects)
    assert (row["central_differences"], row["keras"]) == (CONSISTENT, CAUGHT)
    assert "output" in row["departs_from_keras"]
    assert row["contradicts_itself"] == ""
    assert row["difference_over_bound"] <= 1


def test_tied_maxima_are_beyond_differences(subjects) -> None:
    row = planted_row(BY_NAME["all-ties-get-the-gradient"], subjects)
    assert (row["central_differences"], row["keras"]) == (AT_KINKS, CAUGHT)


def test_at_a_kink_each_oracle_has_an_answer_of_its_own() -> None:
    rows = {(row["kink"].partition(",")[0], row["cell"]): row for row in kink_rows()}
    relu = rows["ReLU at 0", "x"]
    assert (relu["derivative_from_below"], relu["derivative_from_above"]) == (0, 1)
    assert (relu["scratch"], relu["keras"], relu["central_differences"]) == (0, 0, 0.5)
    pool = [row for (kink, _), row in rows.items() if kink == "max pooling"]
    assert [row["scratch"] for row in pool] == [row["keras"] for row in pool] == [1, 0, 0, 0]
    assert [row["sources_a_b"] for row in pool] == [1, 1, 0, 1]
    assert [row["central_differences"] for row in pool] == [0.5, 0.5, 0, 0.5]
    clipped = rows["cross-entropy from probabilities", "true class"]
    assert clipped["scratch"] == clipped["keras"] == 0


def test_differences_have_a_best_step_and_the_complex_step_has_none(subjects) -> None:
    (curved,) = [s for s in subjects if s.case.options == {"units": 5, "activation": "softmax"}]
    rows = step_rows(curved, "grad:kernel")
    by_step = {row["step_log2"]: row for row in rows}
    assert list(by_step) == list(range(0, -67, -1))
    forward, central, complex_errors = (
        np.array([row[f"{name}_error"] for row in rows])
        for name in ("forward", "central", "complex")
    )
    assert complex_errors[30:].max() < 1e-14 < central.min() < forward.min() < 1e-6
    assert 10 < central.argmin() < 24 < forward.argmin() + 2
    assert forward[-1] == central[-1] == 1  # x + h is x.
    known = [row for row in rows if not np.isnan(row["central_bound"])]
    assert len(known) == 51
    assert all(row["central_error"] <= row["central_bound"] for row in known)
    # Truncation is quadratic: half the step, a quarter of the error.
    assert by_step[-8]["central_error"] / by_step[-9]["central_error"] == pytest.approx(4, rel=0.01)
    assert by_step[-8]["forward_error"] / by_step[-9]["forward_error"] == pytest.approx(2, rel=0.01)
