import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments.signs.formats import read_signs
from experiments.signs.photos import Photos, Splits
from tests.experiments.signs.samples import (
    TEST,
    TRAIN,
    VAL,
    small_splits,
    write_classes,
    write_cs230,
    write_hdf5_pair,
    zipped,
)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return small_splits()


def assert_same_photos(found: Photos, expected: Photos) -> None:
    """The same photographs under the same labels, whatever their order."""
    assert found.x.dtype == np.uint8
    assert found.y.dtype == np.int64
    pairs = zip(expected.x, expected.y, strict=True)
    wanted = sorted((int(label), photo.tobytes()) for photo, label in pairs)
    pairs = zip(found.x, found.y, strict=True)
    assert sorted((int(label), photo.tobytes()) for photo, label in pairs) == wanted


def assert_cs230(found: Splits, splits: Splits) -> None:
    assert len(found.train.y) == TRAIN + VAL
    assert found.train_is_val.tolist() == [False] * TRAIN + [True] * VAL
    # Names sort by label, then by number; numbers count up in the order written.
    for photos, written in (
        (Photos(found.train.x[:TRAIN], found.train.y[:TRAIN]), splits.train.x[:TRAIN]),
        (Photos(found.train.x[TRAIN:], found.train.y[TRAIN:]), splits.train.x[TRAIN:]),
        (found.test, splits.test.x),
    ):
        numbers = np.arange(len(written))
        order = np.lexsort((numbers, numbers % 6))
        assert photos.y.tolist() == (order % 6).tolist()
        difference = photos.x.astype(float) - written[order]
        assert np.abs(difference).mean(axis=(1, 2, 3)).max() < 8, "another photograph than written"


def test_hdf5_pair_keeps_its_order(tmp_path: Path, splits: Splits) -> None:
    folder = write_hdf5_pair(tmp_path, splits)
    for path in (folder, folder / "train_signs.h5", folder / "test_signs.h5"):
        found = read_signs(path)
        np.testing.assert_array_equal(found.train.x, splits.train.x)
        np.testing.assert_array_equal(found.train.y, splits.train.y)
        np.testing.assert_array_equal(found.test.x, splits.test.x)
        np.testing.assert_array_equal(found.test.y, splits.test.y)
        assert not found.train_is_val.any()
        assert "HDF5" in found.source


def test_cs230_folder_and_zip_are_read_alike(tmp_path: Path, splits: Splits) -> None:
    folder = write_cs230(tmp_path / "unpacked", splits)
    archive = zipped(folder, tmp_path / "signs.zip")
    found = [read_signs(path) for path in (folder, folder / "64x64_SIGNS", archive)]
    for one in found:
        assert_cs230(one, splits)
        np.testing.assert_array_equal(one.train.x, found[0].train.x)
        np.testing.assert_array_equal(one.test.x, found[0].test.x)
    assert "signs.zip" in found[2].source


def test_cs230_names_with_a_remark(tmp_path: Path, splits: Splits) -> None:
    """The real archive holds names such as `0_IMG_5975 (1).jpg`."""
    folder = write_cs230(tmp_path, splits) / "64x64_SIGNS" / "test_signs"
    (folder / "0_IMG_0000.jpg").rename(folder / "0_IMG_0000 (1).jpg")
    assert len(read_signs(tmp_path).test.y) == TEST


def test_class_folders_with_their_own_split(tmp_path: Path, splits: Splits) -> None:
    write_classes(tmp_path / "mine" / "train", splits.train)
    write_classes(tmp_path / "mine" / "test", splits.test)
    for path in (tmp_path, tmp_path / "mine", zipped(tmp_path / "mine", tmp_path.parent / "m.zip")):
        found = read_signs(path)
        assert_same_photos(found.train, splits.train)
        assert_same_photos(found.test, splits.test)
        assert "seed" not in found.source


def test_class_folders_are_split_within_each_class(tmp_path: Path, splits: Splits) -> None:
    x = np.concatenate([splits.train.x, splits.test.x])
    y = np.concatenate([splits.train.y, splits.test.y])
    write_classes(tmp_path, Photos(x, y))
    found = read_signs(tmp_path)
    assert np.bincount(found.test.y).tolist() == [1] * 6
    assert np.bincount(found.train.y).tolist() == [6] * 6
    both = Photos(
        np.concatenate([found.train.x, found.test.x]), np.concatenate([found.train.y, found.test.y])
    )
    assert_same_photos(both, Photos(x, y))
    assert "90/10" in found.source
    assert "seed 0" in found.source
    np.testing.assert_array_equal(read_signs(tmp_path).test.x, found.test.x)


def test_the_order_is_not_the_file_systems(
    tmp_path: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_classes(tmp_path, splits.train)
    forward = read_signs(tmp_path)
    walk = os.walk
    monkeypatch.setattr(
        os, "walk", lambda top: [(at, d, sorted(f)[::-1]) for at, d, f in reversed(list(walk(top)))]
    )
    backward = read_signs(tmp_path)
    np.testing.assert_array_equal(forward.train.x, backward.train.x)
    np.testing.assert_array_equal(forward.test.x, backward.test.x)


def test_precedence(tmp_path: Path, splits: Splits) -> None:
    """The complete HDF5 pair, then the zip archive, then image files."""
    write_cs230(tmp_path, splits)
    zipped(write_classes(tmp_path / "other", splits.train), tmp_path / "classes.zip")
    shutil.rmtree(tmp_path / "other")
    write_hdf5_pair(tmp_path, splits)
    assert "HDF5" in read_signs(tmp_path).source
    (tmp_path / "train_signs.h5").unlink()
    assert "classes.zip" in read_signs(tmp_path).source
    (tmp_path / "classes.zip").unlink()
    assert "CS230" in read_signs(tmp_path).source


def test_named_classes_take_their_numbers_in_order(tmp_path: Path, splits: Splits) -> None:
    write_classes(tmp_path, splits.train)
    for number in reversed(range(6)):
        (tmp_path / str(number)).rename(tmp_path / str(number + 5))  # 10 sorts after 9
    found = read_signs(tmp_path)
    assert "5, 6, 7, 8, 9, 10" in found.source
    of_ten = {photo.tobytes() for photo in splits.train.x[splits.train.y == 5]}
    labelled_five = {photo.tobytes() for photo in found.train.x[found.train.y == 5]}
    assert labelled_five < of_ten
