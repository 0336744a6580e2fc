"""The pictures of a photograph: what is drawn is right, and the checks beside it can fail."""

import numpy as np
import pytest

from experiments.pictures import colour_kernels, five_by_five, padding, pooling
from experiments.pictures.exact import agreement, convolutions
from experiments.progress import Progress
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.signs import SignsData
from experiments.signs.synthetic import draw_signs
from experiments.study import Context, discover, select

PHOTOGRAPH = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.float64)


@pytest.fixture(scope="module")
def study_results(tmp_path_factory) -> tuple[StudyResults, str]:
    """What the study wrote about a few drawings, and its sentences in one text."""
    signs = SignsData.from_splits(draw_signs(train=18, test=6), synthetic=True)
    (study,) = select(discover(), ["feature_maps"])
    context = Context(signs, full=False, seed=0, progress=Progress())
    found = run_study(study, context, tmp_path_factory.mktemp("results"))
    return found, " ".join(study.findings(found.frames))


def drawn_numbers(axes) -> np.ndarray:
    """The numbers that stand in a small grid, in the order of its cells."""
    cells = {(round(t.get_position()[1]), round(t.get_position()[0])): t for t in axes.texts}
    height, width = (1 + max(places) for places in zip(*cells, strict=True))
    texts = [cells[place].get_text() for place in np.ndindex(height, width)]
    return np.array(texts, float).reshape(height, width)


def test_the_five_by_five_picture_shows_the_known_numbers() -> None:
    picture = five_by_five()
    image, kernel, valid, same = map(drawn_numbers, picture.figure.figure.axes)
    np.testing.assert_array_equal(kernel, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    np.testing.assert_array_equal(valid, [[4, 3, 4], [2, 4, 3], [2, 3, 4]])
    np.testing.assert_array_equal(same[1:-1, 1:-1], valid)
    # In the corner of `same` two cells of the kernel lie on the image: its middle and one corner.
    assert same[0, 0] == image[0, 0] + image[1, 1] == 2
    assert same[4, 4] == image[4, 4] + image[3, 3] == 1


def test_the_pooling_picture_shows_maxima_and_means() -> None:
    picture = pooling(PHOTOGRAPH)
    before, maxima, means, *photographs = picture.figure.figure.axes
    blocks = drawn_numbers(before).reshape(2, 2, 2, 2)
    np.testing.assert_array_equal(drawn_numbers(maxima), blocks.max(axis=(1, 3)))
    np.testing.assert_array_equal(drawn_numbers(means), blocks.mean(axis=(1, 3)))
    shown = [ax.images[0].get_array().shape for ax in photographs]
    assert shown == [(16, 16, 3), (4, 4, 3), (4, 4, 3)]


def test_the_padding_picture_shows_zeros_around_the_photograph() -> None:
    _, padded, detail = padding(PHOTOGRAPH).figure.figure.axes
    shown = np.asarray(padded.images[0].get_array())
    np.testing.assert_array_equal(shown[8:-8, 8:-8], PHOTOGRAPH)
    assert shown.sum() == PHOTOGRAPH.sum()
    # `same` for a 4x4 kernel: one zero before, two behind.
    shown = np.asarray(detail.images[0].get_array())
    assert shown.shape == (15, 15, 3)
    np.testing.assert_array_equal(shown[1:-2, 1:-2], PHOTOGRAPH[2:14, 2:14])


def test_the_parts_of_the_colours_add_up_to_the_feature_map() -> None:
    picture = colour_kernels(PHOTOGRAPH)
    maps = [np.asarray(ax.images[0].get_array()) for ax in picture.figure.figure.axes if ax.images]
    rows = [maps[start : start + 4] for start in (0, 4, 8)]
    for *parts, whole in rows:
        assert whole.shape == (14, 14)
        assert np.abs(whole).max() > 0
        np.testing.assert_array_equal(sum(parts), whole)
    red, green, blue, whole = rows[0]
    np.testing.assert_array_equal(red, whole)
    assert not green.any()
    assert not blue.any()
    # The same plane for every colour: the kernel on the sum of the colours.
    grey = PHOTOGRAPH.sum(axis=2)
    sobel = grey[:, 2:] - grey[:, :-2]
    np.testing.assert_array_equal(rows[1][3], sobel[:-2] + 2 * sobel[1:-1] + sobel[2:])


def test_agreement_is_of_values_shape_and_dtype() -> None:
    right = np.arange(6.0).reshape(2, 3)
    wrong = {
        "value": np.add(right, [[0, 0, 0], [0, 0, 0.5]]),
        "shape": right.T,
        "dtype": right.astype("float32"),
    }
    rows = agreement("p", "o", {"reference": right, "copy": right.copy(), **wrong})
    assert [row["equal"] for row in rows] == [True, False, False, False]
    assert [row["largest_difference"] for row in rows] == [0, 0.5, np.inf, 0]
    assert {row["compared_with"] for row in rows} == {"reference"}


def test_all_convolutions_are_padded_alike_where_sides_differ() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (2, 5, 7, 3)).astype(np.float64)
    kernel = rng.integers(-3, 4, (3, 3, 3, 4)).astype(np.float64)
    results = convolutions(x, kernel, pad=1)
    assert {result.shape for result in results.values()} == {(2, 5, 7, 4)}
    assert all(row["equal"] for row in agreement("p", "o", results))
    corner = (x[:, :2, :2, :, None] * kernel[1:, 1:]).sum(axis=(1, 2, 3))
    for result in results.values():
        np.testing.assert_array_equal(result[:, 0, 0], corner)


def test_the_study_finds_every_operation_equal(study_results) -> None:
    found, text = study_results
    checks = found.frames["checks"]
    assert checks.equal.all()
    assert not checks.largest_difference.any()
    assert set(checks.picture) == {
        "padding", "first_channels", "colour_kernels", "five_by_five", "pooling",
    }  # fmt: skip
    # Source C: 6x6x3 with two kernels gives 4x4x2; source A's padding adds on both sides.
    assert {"1x4x4x2", "1x80x80x3", "1x67x67x3", "1x16x16x3"} <= set(checks["shape"])
    assert f"{len(checks)} of {len(checks)} comparisons" in text


def test_the_study_compares_the_twins_layer_by_layer(study_results) -> None:
    found, text = study_results
    twins = found.frames["twins"].set_index("layer")
    assert list(twins["shape"]) == [
        "1x64x64x8", "1x64x64x8", "1x8x8x8", "1x8x8x16", "1x8x8x16", "1x2x2x16", "1x64", "1x6",
    ]  # fmt: skip
    assert twins.within_bound.all()
    assert (twins.error_ratio <= 1).all()
    assert twins.largest_number["classifier"] <= 1
    assert "within its rounding bound in 8 of 8 layers" in text


def test_the_study_draws_small_files(study_results) -> None:
    found, _ = study_results
    assert [figure.name for figure in found.figures] == [
        "padding", "first_channels", "colour_kernels", "five_by_five", "pooling", "twins",
    ]  # fmt: skip
    assert max(figure.path.stat().st_size for figure in found.figures) < 300_000
