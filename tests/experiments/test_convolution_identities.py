"""The study of equalities, against the sources' numbers, and against twins that are wrong."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.identities import (
    CASES,
    EQUALITIES,
    TWINS,
    Case,
    Equality,
    check,
    draw,
    matrix_row,
    random_cases,
    readings,
)
from experiments.identities.twins import Scratch
from experiments.progress import Progress
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.study import Context, discover, select
from tests.experiments.photographs import photographs

STRIDED = Case(9, 12, 3, (4, 2), 5, (2, 3), (1, 0, 0, 2))
PLANE = Case(6, 5, 1, (3, 2), 1)


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> tuple[StudyResults, list[str]]:
    """What a quick run wrote, and its sentences."""
    (study,) = select(discover(), ["convolution_identities"])
    context = Context(photographs(), full=False, seed=0, progress=Progress())
    results = run_study(study, context, tmp_path_factory.mktemp("results"))
    return results, study.findings(results.frames)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_every_equality_holds_exactly_and_within_rounding(found):
    rows = found[0].frames["identities"]
    assert rows.exact.all()
    assert (rows.largest_difference == 0).all()
    for dtype in ("float32", "float64"):
        assert (rows[f"{dtype}_share_of_bound"] <= 1).all()
        assert rows[f"{dtype}_difference"].max() > 0  # The float runs do round.
    assert set(rows.computed_by) == {"reference", "scratch", "keras"}
    wide = rows[(rows.identity == "wide convolution commutes") & (rows.input == "12x9x1")].iloc[0]
    assert (wide.padding, wide.output, wide.numbers) == ("wide", "14x12x1", 14 * 12)
    assert set(rows.identity) == {equality.name for equality in EQUALITIES}


def test_summary_counts_the_rows(found):
    summary, rows = (found[0].frames[name] for name in ("summary", "identities"))
    assert summary.checks.sum() == summary.exact_checks.sum() == len(rows)
    assert summary.numbers.sum() == rows.numbers.sum()


def test_matrices_of_the_sources(found):
    matrices = found[0].frames["matrices"]
    exercise = matrices[(matrices.input == "4x4x1") & (matrices.kernel == "3x3")].iloc[0]
    assert (exercise.rows, exercise.columns, exercise.nonzeros) == (4, 16, 36)
    # Source C: 6x6x3 with one and with two kernels of 3x3x3.
    theory = matrices[matrices.input == "6x6x3"]
    assert list(theory.output) == ["4x4x1", "4x4x2"]
    assert list(theory.nonzeros) == [16 * 27, 2 * 16 * 27]
    assert matrices.filter(like="equals").all(axis=None)


def test_readings_of_the_sources_star(found):
    table = found[0].frames["readings"]
    outcomes = table.set_index(["source", "layer_computes", "star_read_as"]).outcome
    correlation, convolution = "cross-correlation", "convolution"
    assert table.cases.min() >= 3
    assert list(table[table.source == "E 5-2"].outcome) == ["holds", "turned by 180 degrees"]
    assert list(outcomes["C", correlation, correlation]) == ["holds", "holds"]
    assert "holds" not in set(outcomes["C", correlation, convolution])
    assert list(outcomes["C", convolution, convolution]) == ["holds", "does not hold"]


def test_softmax_sums_to_one(found):
    table = found[0].frames["softmax"]
    assert table.sums_to_one.all()
    assert (table.share_of_bound <= 1).all()
    assert table.groupby("dtype").furthest_from_one.max()["float32"] > 1e-8


def test_sentences(found):
    results, sentences = found
    text = " ".join(sentences)
    checks = len(results.frames["identities"])
    assert f"{checks} of {checks} checks hold exactly" in text
    assert "4 rows and 16 columns, 36 of its cells" in text
    assert "a cross-correlation, it holds exactly" in text
    assert "each side is the other turned by 180 degrees" in text
    assert "of 8 readings of its two formulas 3 hold" in text
    assert [figure.name for figure in results.figures] == [
        "matrix", "matrix_variants", "wide_convolution",
    ]  # fmt: skip
    assert "1,480 of 1,480 numbers are equal" in results.figures[2].alt


class Unturned(Scratch):
    """Its input gradient lays the kernel on dy without turning it."""

    def gradients(self, dy, x, kernel, strides, padding):
        dx, dkernel = super().gradients(dy, x, kernel[::-1, ::-1], strides, padding)
        return dx, dkernel


class Displaced(Scratch):
    """Its gradients lie a row or a column off."""

    def gradients(self, dy, x, kernel, strides, padding):
        dx, dkernel = super().gradients(dy, x, kernel, strides, padding)
        return np.roll(dx, 1, axis=0), np.roll(dkernel, 1, axis=1)


class Shifted(Scratch):
    """Its convolution has its places one off."""

    def conv(self, x, kernel, strides=(1, 1), padding="valid"):
        return np.roll(super().conv(x, kernel, strides, padding), 1, axis=0)


BREAKS = [
    (Unturned(), STRIDED, {"backward is the transpose", "input gradient is wide"}),
    (Displaced(), STRIDED, {"backward is the transpose", "kernel gradient is a cross-correlation"}),
    (Shifted(), PLANE, {"convolution is a matrix", "channels add up"}),
    (
        Shifted(),
        PLANE,
        {"wide cross-correlation turns", "convolution is cross-correlation, turned"},
    ),
]


@pytest.mark.parametrize(("twin", "case", "broken"), BREAKS)
def test_a_wrong_twin_breaks_the_equalities_that_are_about_it(twin, case, broken, rng):
    given = draw(case, photographs(), rng)
    rows = pd.DataFrame([check(e, case, given, twin) for e in EQUALITIES if e.applies(case)])
    failed = rows[~rows.exact]
    assert broken <= set(failed.identity)
    assert (failed.largest_difference > 0).all()
    assert (failed.float32_share_of_bound > 1).all()
    assert (failed.float64_share_of_bound > 1).all()


def test_the_bound_is_not_generous(rng):
    """One float32 rounding too many in every number, a thousandfold, is outside."""
    exact = next(e for e in EQUALITIES if e.name == "convolution is a matrix")

    def disturbed(twin, case, given):
        left, right = exact.sides(twin, case, given)
        return left, right * (1 + 1000 * 2.0**-24)

    given = draw(STRIDED, photographs(), rng)
    row = check(replace(exact, sides=disturbed), STRIDED, given, Scratch())
    assert row["float32_share_of_bound"] > 1


def test_sides_of_different_shapes_are_an_error(rng):
    unlike = Equality("unlike", "", "", lambda *_: (np.zeros(3), np.zeros(1)), lambda _: 1)
    with pytest.raises(ValueError, match=r"'unlike' by scratch.*\(3,\) and \(1,\)"):
        check(unlike, PLANE, draw(PLANE, photographs(), rng), Scratch())


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_twins_agree_on_a_convolution_done_by_hand(twin):
    x = np.arange(12).reshape(3, 4, 1)
    kernel = np.array([[1, 2], [3, 4]])[..., None, None]
    y = twin.conv(x, kernel, (1, 2), (0, 1, 1, 0))
    # Columns -1 and 0, then 1 and 2; rows 0 to 2 and a row of zeros below.
    np.testing.assert_array_equal(y[..., 0], [[16, 1 + 4 + 15 + 24], [8 + 32, 84], [16, 29]])
    dy = np.array([[1, 0], [0, 0], [0, -1]])[..., None]
    dx, dkernel = twin.gradients(dy, x, kernel, (1, 2), (0, 1, 1, 0))
    np.testing.assert_array_equal(dx[..., 0], [[2, 0, 0, 0], [4, 0, 0, 0], [0, -1, -2, 0]])
    np.testing.assert_array_equal(dkernel[..., 0, 0], [[-9, 0 - 10], [0, 4]])


def test_nonzeros_do_not_depend_on_the_weights(rng):
    given = draw(PLANE, photographs(), rng)
    empty = replace(given, kernel=np.zeros_like(given.kernel))
    assert matrix_row(PLANE, empty)["nonzeros"] == matrix_row(PLANE, given)["nonzeros"] == 4 * 4 * 6


def test_readings_see_through_a_kernel_that_is_its_own_turn(rng):
    """With a symmetric kernel alone, reading * either way in delta would make no difference."""
    given = draw(PLANE, photographs(), rng)
    symmetric = replace(given, kernel=np.ones_like(given.kernel))
    outcomes = [
        row["outcome"] for row in readings([(PLANE, symmetric)]) if "delta^l" in row["formula"]
    ]
    assert outcomes == ["holds"] * 4
    assert "does not hold" in [row["outcome"] for row in readings([(PLANE, given)])]


def test_drawn_cases_cover_what_they_should(rng):
    cases = [*CASES, *random_cases(30, rng)]
    assert any(case.strides[0] > case.kernel[0] for case in cases)
    assert {type(case.padding) for case in cases} == {str, tuple}
    assert sum(case.is_plane for case in cases) >= 10
    for case in cases:
        given = draw(case, photographs(), rng)
        assert given.x.shape == case.input_shape
        assert given.x.dtype == given.kernel.dtype == np.int64
