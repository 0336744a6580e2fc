from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.signs import SignsData, load_signs
from experiments.signs.audit import audit, contact_sheet, count_repeats, find_again
from experiments.signs.hdf5 import read_hdf5
from experiments.signs.photos import Photos, Splits
from experiments.signs.synthetic import draw_signs


def planted() -> SignsData:
    """Drawings with known duplicates: their numbers are in the test that uses them."""
    splits = draw_signs(30, 12, seed=1)
    x, y = splits.train.x.copy(), splits.train.y.copy()
    x_test, y_test = splits.test.x.copy(), splits.test.y.copy()
    x[6] = x[12] = x[0]  # two repeats inside train
    x[25] = x[1]  # a val photograph with a twin in train
    x[29] = x[28]  # a repeat inside val, with another label
    x_test[0] = x[6]  # a twin in train
    x_test[7] = x[28]  # a twin in val
    x_test[5] = x_test[11]  # a repeat inside test
    y[28], y[29], y_test[7] = 4, 5, 4
    is_val = np.arange(30) >= 24
    return SignsData.from_splits(Splits(Photos(x, y), Photos(x_test, y_test), is_val, "planted"))


def test_planted_duplicates_are_counted() -> None:
    found = audit(planted())
    assert found.total == 42
    assert found.unique == 42 - 2 - 1 - 1 - 1 - 1 - 1
    assert found.inside == {"train": 2, "val": 1, "test": 1}
    assert found.val_in_train == 1
    assert found.test_in_training == 2
    assert found.conflicts == 1
    assert found.counts["train"].tolist() == [4] * 6
    assert found.counts["train + val"].tolist() == [5] * 6
    assert found.counts["test"].sum() == 12
    assert dict(found.findings)["test photographs without one"] == 10


def test_a_source_without_validation_split() -> None:
    found = audit(SignsData.from_splits(draw_signs(12, 6)))
    assert found.counts["val"].tolist() == [0] * 6
    assert found.inside == {"train": 0, "val": 0, "test": 0}
    assert found.unique == 18


def test_a_class_without_photographs_is_counted_as_none() -> None:
    splits = draw_signs(12, 6)
    keep = splits.train.y != 3
    train = Photos(splits.train.x[keep], splits.train.y[keep])
    data = SignsData.from_splits(Splits(train, splits.test, np.zeros(10, bool), ""))
    assert audit(data).counts["train"].tolist() == [2, 2, 2, 0, 2, 2]


def test_resaved_photographs_are_found_again() -> None:
    photos = draw_signs(12, 6, seed=2).train
    order = np.random.default_rng(0).permutation(12)
    saved = np.stack([_resaved(photo) for photo in photos.x[order]])
    other = Photos(saved, photos.y[order])
    found = find_again(photos, other)
    expected = [
        np.sqrt(np.mean((photos.x[old].astype(float) - saved[new]) ** 2))
        for new, old in enumerate(order)
    ]
    assert found.same_label == found.photographs == 12
    assert found.identical == 0
    assert found.mean_rmse == pytest.approx(np.mean(expected))
    assert found.largest_rmse == pytest.approx(max(expected))
    assert find_again(photos, photos).identical == 12


def _resaved(photo: np.ndarray) -> np.ndarray:
    content = io.BytesIO()
    Image.fromarray(photo).save(content, "JPEG", quality=80)
    return np.array(Image.open(content))


def test_contact_sheet_shows_each_class_in_its_row() -> None:
    splits = draw_signs(60, 6)
    figure = contact_sheet(SignsData.from_splits(splits), columns=4)
    sheet = figure.axes[0].images[0].get_array()
    assert sheet.shape == (6 * 64, 4 * 64, 3)
    for label in range(6):
        known = {photo.tobytes() for photo in splits.train.x[splits.train.y == label]}
        row = sheet[label * 64 : (label + 1) * 64]
        shown = {row[:, i * 64 : (i + 1) * 64].tobytes() for i in range(4)}
        assert len(shown) == 4
        assert shown <= known


@pytest.fixture(scope="module")
def photographs() -> SignsData:
    signs = load_signs()
    if signs.synthetic:
        pytest.skip("the SIGNS photographs are not here and could not be downloaded")
    return signs


def test_the_known_facts_of_the_photographs(photographs: SignsData) -> None:
    if "CS230" not in photographs.source:
        pytest.skip(f"the known facts are those of the CS230 archive, not of: {photographs.source}")
    found = audit(photographs)
    assert photographs.x_train.shape == (1080, 64, 64, 3)
    assert photographs.x_test.shape == (120, 64, 64, 3)
    assert photographs.train_is_val.sum() == 216
    assert found.counts["train + val"].tolist() == [180] * 6
    assert found.counts["test"].tolist() == [20] * 6
    assert found.total == 1200
    assert found.unique == 1144
    assert found.test_in_training == 12
    assert (~photographs.test_has_twin).sum() == 108
    assert found.val_in_train == 15
    assert found.conflicts == 0


def test_the_test_photographs_are_those_of_the_hdf5_file(photographs: SignsData) -> None:
    path = Path(os.environ.get("SIGNS_DATA", "data/signs")) / "test_signs.h5"
    if not path.is_file() or "CS230" not in photographs.source:
        pytest.skip("needs a data folder with both the CS230 archive and test_signs.h5")
    original = read_hdf5(path)
    assert count_repeats(original) == 1
    found = find_again(Photos(photographs.x_test, photographs.y_test), original)
    assert found.same_label == 120
    assert found.identical == 0
    assert found.mean_rmse == pytest.approx(4.4, abs=0.05)
