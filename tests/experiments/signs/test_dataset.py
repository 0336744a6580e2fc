from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from experiments.signs import SignsData, dataset, load_signs
from experiments.signs.download import DownloadError
from experiments.signs.photos import DataError, Photos, Splits
from experiments.signs.synthetic import draw_signs
from tests.experiments.signs.samples import small_splits, write_hdf5_pair


class Downloads:
    """Stands in for the network: counts attempts, and delivers a folder or fails."""

    def __init__(self, delivers: Path | None = None):
        self.delivers = delivers
        self.attempts = 0

    def __call__(self, folder: Path) -> Path:
        self.attempts += 1
        if self.delivers is None:
            raise DownloadError("No network.")
        return self.delivers


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Downloads:
    """A machine that has no data: empty default folders, no variable, no network."""
    downloads = Downloads()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("SIGNS_DATA", raising=False)
    monkeypatch.setattr(dataset, "data_folder", lambda: tmp_path / "project" / "data" / "signs")
    monkeypatch.setattr(dataset, "fetch_zip", downloads)
    monkeypatch.setattr(dataset, "draw_signs", lambda: draw_signs(12, 6))
    dataset._downloaded.cache_clear()
    yield downloads
    dataset._downloaded.cache_clear()


def data_set(folder: Path, seed: int) -> tuple[Path, str]:
    """A data set on disk and the hash it is known by."""
    splits = draw_signs(12, 6, seed)
    return write_hdf5_pair(folder, splits), SignsData.from_splits(splits).sha256


def test_the_order_of_finding(
    tmp_path: Path, nowhere: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    explicit, explicit_hash = data_set(tmp_path / "explicit", 1)
    named, named_hash = data_set(tmp_path / "named", 2)
    _, project_hash = data_set(tmp_path / "project" / "data" / "signs", 3)
    _, work_hash = data_set(tmp_path / "work" / "data" / "signs", 4)
    nowhere.delivers, download_hash = data_set(tmp_path / "downloaded", 5)

    monkeypatch.setenv("SIGNS_DATA", str(named))
    assert load_signs(explicit).sha256 == explicit_hash
    assert load_signs(str(explicit)).sha256 == explicit_hash
    assert load_signs().sha256 == named_hash
    monkeypatch.delenv("SIGNS_DATA")
    assert load_signs().sha256 == project_hash
    (tmp_path / "project").rename(tmp_path / "gone")
    assert load_signs().sha256 == work_hash
    (tmp_path / "work" / "data").rename(tmp_path / "gone too")
    assert nowhere.attempts == 0
    assert load_signs().sha256 == download_hash
    assert not load_signs().synthetic


def test_the_stand_in_says_what_it_is_once(
    nowhere: Downloads, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        first, second = load_signs(), load_signs()
    assert first.synthetic
    assert second.synthetic
    assert "synthetic" in first.source
    assert nowhere.attempts == 1
    assert len(caplog.records) == 1
    assert "synthetic" in caplog.text
    assert "No network." in caplog.text


def test_an_empty_default_folder_is_as_none(tmp_path: Path, nowhere: Downloads) -> None:
    (tmp_path / "project" / "data" / "signs").mkdir(parents=True)
    nowhere.delivers, download_hash = data_set(tmp_path / "downloaded", 5)
    assert load_signs().sha256 == download_hash


@pytest.mark.parametrize("named", ["nowhere", "empty", "foreign.txt", ""])
@pytest.mark.parametrize("how", ["argument", "variable"])
def test_a_wrong_name_is_an_error_never_the_stand_in(
    how: str, named: str, tmp_path: Path, nowhere: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign.txt").write_text("hello")
    path = str(tmp_path / named) if named else ""
    if how == "variable":
        monkeypatch.setenv("SIGNS_DATA", path)
    with pytest.raises(DataError, match=path or "is empty"):
        load_signs(path if how == "argument" else None)
    assert nowhere.attempts == 0


def test_damaged_data_in_the_default_folder_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "project" / "data" / "signs"
    data_set(folder, 3)
    (folder / "test_signs.h5").write_bytes(b"cut")
    with pytest.raises(DataError, match="not a complete HDF5 file"):
        load_signs()


def test_twins_are_photographs_whose_every_pixel_agrees() -> None:
    splits = small_splits()
    x = splits.test.x.copy()
    x[3] = splits.train.x[17]
    x[8] = splits.train.x[2]
    x[5] = splits.train.x[9]
    x[5, 63, 63, 2] ^= 1  # one bit of one pixel
    test = Photos(x, splits.test.y)
    data = SignsData.from_splits(Splits(splits.train, test, splits.train_is_val, "test"))
    assert np.flatnonzero(data.test_has_twin).tolist() == [3, 8]


def test_the_hash_follows_pixels_labels_and_order() -> None:
    splits = small_splits()
    hashes = {SignsData.from_splits(splits).sha256}
    pixel = splits.train.x.copy()
    pixel[0, 0, 0, 0] ^= 1
    label = splits.test.y.copy()
    label[0] = (label[0] + 1) % 6
    for train, test in (
        (Photos(pixel, splits.train.y), splits.test),
        (splits.train, Photos(splits.test.x, label)),
        (Photos(splits.train.x[::-1], splits.train.y[::-1]), splits.test),
    ):
        hashes.add(SignsData.from_splits(Splits(train, test, splits.train_is_val, "")).sha256)
    assert len(hashes) == 4
    again = Splits(splits.train, splits.test, splits.train_is_val, "elsewhere")
    assert SignsData.from_splits(again).sha256 == SignsData.from_splits(splits).sha256


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scaled(dtype: str) -> None:
    data = SignsData.from_splits(small_splits())
    before = data.x_train.copy()
    scaled = data.scaled(dtype)
    for found, pixels in ((scaled.x_train, data.x_train), (scaled.x_test, data.x_test)):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, (pixels / 255.0).astype(dtype))
    np.testing.assert_array_equal(data.x_train, before)
    np.testing.assert_array_equal(scaled.y_test, data.y_test)
    assert (scaled.sha256, scaled.source) == (data.sha256, data.source)
