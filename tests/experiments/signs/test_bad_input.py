"""Every bad input ends in one sentence that names the file and says what to do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from experiments.signs.formats import read_signs
from experiments.signs.photos import DataError, Photos, Splits
from tests.experiments.signs.samples import (
    small_splits,
    write_classes,
    write_cs230,
    write_hdf5,
    write_hdf5_pair,
    zipped,
)

SPLITS = small_splits()


def pair(folder: Path) -> Path:
    return write_hdf5_pair(folder, SPLITS)


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def with_test_set(folder: Path, x: np.ndarray, y: np.ndarray) -> Path:
    pair(folder)
    write_hdf5(folder / "test_signs.h5", x, y)
    return folder


def nan_pixels(folder: Path) -> Path:
    x = SPLITS.test.x.astype(np.float32)
    x[4, 3, 2, 1] = np.nan
    return with_test_set(folder, x, SPLITS.test.y)


def label_seven(folder: Path) -> Path:
    y = SPLITS.test.y.copy()
    y[5] = 7
    return with_test_set(folder, SPLITS.test.x, y)


def without_key(folder: Path) -> Path:
    with h5py.File(pair(folder) / "test_signs.h5", "a") as file:
        del file["test_set_y"]
    return folder


def group_for_dataset(folder: Path) -> Path:
    with h5py.File(without_key(folder) / "test_signs.h5", "a") as file:
        file.create_group("test_set_y")
    return folder


def huge(folder: Path) -> Path:
    """A file of a few KB that claims 1.2 TB of pixels."""
    with h5py.File(pair(folder) / "test_signs.h5", "a") as file:
        del file["test_set_x"], file["test_set_y"]
        file.create_dataset("test_set_x", (10**8, 64, 64, 3), "uint8", chunks=(1, 64, 64, 3))
        file.create_dataset("test_set_y", (10**8,), "int64", chunks=(1000,))
    return folder


def text_for_hdf5(folder: Path) -> Path:
    (pair(folder) / "test_signs.h5").write_text("not HDF5")
    return folder


def empty_hdf5(folder: Path) -> Path:
    (pair(folder) / "test_signs.h5").write_bytes(b"")
    return folder


def cut_hdf5(folder: Path) -> Path:
    cut(pair(folder) / "train_signs.h5", 0.6)
    return folder


def half_a_pair(folder: Path) -> Path:
    (pair(folder) / "train_signs.h5").unlink()
    return folder


BAD_HDF5 = {
    "NaN": (nan_pixels, r"test_signs\.h5 has NaN or infinite pixels, first in photograph 4"),
    "label": (label_seven, r"test_signs\.h5 labels photograph 5 as 7"),
    "negative label": (
        lambda f: with_test_set(f, SPLITS.test.x, SPLITS.test.y - 1),
        r"labels photograph 0 as -1",
    ),
    "float labels": (
        lambda f: with_test_set(f, SPLITS.test.x, SPLITS.test.y / 2),
        r"labels of dtype float64",
    ),
    "float pixels": (
        lambda f: with_test_set(f, SPLITS.test.x / 255, SPLITS.test.y),
        r"pixels of dtype float64; store them as uint8",
    ),
    "channels first": (
        lambda f: with_test_set(f, SPLITS.test.x.transpose(0, 3, 1, 2), SPLITS.test.y),
        r"pixels of shape \(12, 3, 64, 64\); expected \(N, 64, 64, 3\)",
    ),
    "label count": (
        lambda f: with_test_set(f, SPLITS.test.x, SPLITS.test.y[:-1]),
        r"12 photographs but labels of shape \(11,\)",
    ),
    "label columns": (
        lambda f: with_test_set(f, SPLITS.test.x, SPLITS.test.y[:, None]),
        r"12 photographs but labels of shape \(12, 1\)",
    ),
    "no photographs": (
        lambda f: with_test_set(f, SPLITS.test.x[:0], SPLITS.test.y[:0]),
        r"holds 0 photographs",
    ),
    "missing key": (without_key, r"no data set 'test_set_y' \(it has: list_classes, test_set_x\)"),
    "group": (group_for_dataset, r"no data set 'test_set_y'"),
    "huge": (huge, r"holds 100000000 photographs"),
    "text": (text_for_hdf5, r"test_signs\.h5 is not a complete HDF5 file"),
    "empty": (empty_hdf5, r"test_signs\.h5 is not a complete HDF5 file"),
    "cut": (cut_hdf5, r"train_signs\.h5 is not a complete HDF5 file"),
    "half": (half_a_pair, r"train_signs\.h5 is missing"),
}


def cs230(folder: Path) -> Path:
    return write_cs230(folder, SPLITS) / "64x64_SIGNS"


def jpeg(size: tuple[int, int] = (64, 64), mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    Image.new(mode, size).save(content, "JPEG")
    return content.getvalue()


def cs230_with(folder: Path, name: str, content: bytes) -> Path:
    path = cs230(folder) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return folder


def cut_photo(folder: Path) -> Path:
    cut(cs230(folder) / "val_signs" / "2_IMG_0002.jpg", 0.5)
    return folder


def without_split(folder: Path, name: str) -> Path:
    (cs230(folder) / name).rename(folder / ".gone")
    return folder


def two_data_sets(folder: Path) -> Path:
    cs230(folder / "a")
    cs230(folder / "b")
    return folder


BAD_FILES = {
    "cut": (cut_photo, r"val_signs/2_IMG_0002\.jpg in .* is not a complete JPEG or PNG"),
    "text": (
        lambda f: cs230_with(f, "test_signs/0_IMG_9.jpg", b"hello"),
        r"0_IMG_9\.jpg in .* is not a complete JPEG or PNG",
    ),
    "empty": (
        lambda f: cs230_with(f, "test_signs/0_IMG_9.jpg", b""),
        r"0_IMG_9\.jpg in .* is not a complete JPEG or PNG",
    ),
    "size": (
        lambda f: cs230_with(f, "test_signs/0_IMG_9.jpg", jpeg((224, 100))),
        r"0_IMG_9\.jpg in .* is 224x100 pixels; resize the photographs to 64x64",
    ),
    "grey": (
        lambda f: cs230_with(f, "test_signs/0_IMG_9.jpg", jpeg(mode="L")),
        r"0_IMG_9\.jpg in .* has the colour mode L; save the photographs as RGB",
    ),
    "large": (
        lambda f: cs230_with(f, "test_signs/0_IMG_9.jpg", jpeg() + b"\0" * 1_000_000),
        r"0_IMG_9\.jpg unpacks to more than 1,000,000 bytes",
    ),
    "label": (
        lambda f: cs230_with(f, "test_signs/6_IMG_9.jpg", jpeg()),
        r"6_IMG_9\.jpg in .* does not fit the layout of CS230",
    ),
    "name": (
        lambda f: cs230_with(f, "test_signs/hand.jpg", jpeg()),
        r"hand\.jpg in .* does not fit the layout of CS230",
    ),
    "elsewhere": (
        lambda f: cs230_with(f, "more/0_IMG_9.jpg", jpeg()),
        r"more/0_IMG_9\.jpg in .* does not fit the layout of CS230",
    ),
    "no train": (lambda f: without_split(f, "train_signs"), r"no photographs in its train folder"),
    "no val": (lambda f: without_split(f, "val_signs"), r"no photographs in its val folder"),
    "no test": (lambda f: without_split(f, "test_signs"), r"no photographs in its test folder"),
    "two": (two_data_sets, r"holds 2 data sets \(a/64x64_SIGNS, b/64x64_SIGNS\)"),
}


def five_classes(folder: Path) -> Path:
    keep = SPLITS.train.y != 2
    return write_classes(folder, Photos(SPLITS.train.x[keep], SPLITS.train.y[keep]))


def loose_photo(folder: Path) -> Path:
    write_classes(folder, SPLITS.train)
    (folder / "sheet.jpg").write_bytes(jpeg())
    return folder


def lonely_photo(folder: Path) -> Path:
    return write_classes(folder, Photos(SPLITS.train.x[:11], SPLITS.train.y[:11]))


BAD_CLASSES = {
    "five": (five_classes, r"has 5 class folders \(0, 1, 3, 4, 5\); expected 6"),
    "loose": (loose_photo, r"sheet\.jpg in .* does not lie in one of the class folders"),
    "lonely": (lonely_photo, r"holds 1 photograph of class 5; at least 2"),
    "no test": (
        lambda f: write_classes(f / "train", SPLITS.train).parent,
        r"no photographs in its test folder",
    ),
    "empty folder": (lambda f: f, r"holds no SIGNS data"),
    "foreign folder": (
        lambda f: (f / "notes.txt").write_text("hello") and f,
        r"holds no SIGNS data",
    ),
    "missing": (lambda f: f / "nowhere", r"There is no file or folder .*nowhere"),
    "foreign file": (
        lambda f: (f / "notes.txt").write_text("hello") and f / "notes.txt",
        r"notes\.txt is not SIGNS data",
    ),
}


def archive(folder: Path) -> Path:
    return zipped(write_cs230(folder / "in", SPLITS), folder / "signs.zip")


def archive_with(folder: Path, name: str, content: bytes) -> Path:
    path = archive(folder)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return path


def cut_archive(folder: Path) -> Path:
    path = archive(folder)
    cut(path, 0.7)
    return path


def text_for_zip(folder: Path) -> Path:
    path = folder / "signs.zip"
    path.write_text("hello")
    return path


def damaged_member(folder: Path) -> Path:
    path = archive(folder)
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)  # inside the first photograph; its CRC no longer fits
    path.write_bytes(content)
    return path


def encrypted_member(folder: Path) -> Path:
    path = archive(folder)
    content = path.read_bytes()
    local, central = content.find(b"PK\3\4"), content.find(b"PK\1\2")
    assert 0 <= local < central
    changed = bytearray(content)
    for start in _all(content, b"PK\3\4"):
        changed[start + 6] |= 1
    for start in _all(content, b"PK\1\2"):
        changed[start + 8] |= 1
    path.write_bytes(changed)
    return path


def _all(content: bytes, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


def two_archives(folder: Path) -> Path:
    path = archive(folder)
    (folder / "again.zip").write_bytes(path.read_bytes())
    return folder


BAD_ZIPS = {
    "cut": (cut_archive, r"signs\.zip is not a complete zip archive"),
    "text": (text_for_zip, r"signs\.zip is not a complete zip archive"),
    "damaged": (damaged_member, r"\.jpg in .*signs\.zip is damaged"),
    "encrypted": (encrypted_member, r"\.jpg in .*signs\.zip cannot be unpacked"),
    "bomb": (
        lambda f: archive_with(f, "64x64_SIGNS/test_signs/0_IMG_9.jpg", bytes(50_000_000)),
        r"0_IMG_9\.jpg in .* unpacks to more than 1,000,000 bytes",
    ),
    "two": (two_archives, r"holds 2 zip archives"),
}

ALL = {
    f"{kind}: {name}": case
    for kind, cases in (
        ("hdf5", BAD_HDF5),
        ("files", BAD_FILES),
        ("classes", BAD_CLASSES),
        ("zip", BAD_ZIPS),
    )
    for name, case in cases.items()
}


@pytest.mark.parametrize(("build", "message"), ALL.values(), ids=ALL.keys())
def test_bad_input(build: Callable[[Path], Path], message: str, tmp_path: Path) -> None:
    path = build(tmp_path)
    with pytest.raises(DataError, match=message) as caught:
        read_signs(path)
    said = str(caught.value)
    assert str(tmp_path) in said, "the message must say where"
    assert "\n" not in said
    assert said.endswith(".")


def test_members_that_lead_out_of_the_archive_are_left_aside(tmp_path: Path) -> None:
    path = archive_with(tmp_path, "../train_signs/0_IMG_9.jpg", jpeg())
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("/train_signs/0_IMG_9.jpg", jpeg())
        file.writestr("__MACOSX/train_signs/._0_IMG_9.jpg", b"resource fork")
    found: Splits = read_signs(path)
    assert len(found.train.y) == len(SPLITS.train.y)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9, 0.999])
def test_a_cut_file_is_never_anything_but_a_data_error(share: float, tmp_path: Path) -> None:
    folder = pair(tmp_path / "pair")
    cut(folder / "train_signs.h5", share)
    zip_path = archive(tmp_path)
    cut(zip_path, share)
    for path in (folder, zip_path):
        with pytest.raises(DataError):
            read_signs(path)


@pytest.mark.parametrize("form", ["hdf5", "zip"])
def test_damaged_bytes_are_never_anything_but_a_data_error(form: str, tmp_path: Path) -> None:
    """Flipped bytes where the formats keep their tables; some do no harm, none may do worse."""
    path = pair(tmp_path) / "test_signs.h5" if form == "hdf5" else archive(tmp_path)
    content = path.read_bytes()
    table = range(3000) if form == "hdf5" else range(len(content) - 3000, len(content))
    rng = np.random.default_rng(0)
    failures = []
    for _ in range(60):
        damaged = bytearray(content)
        for at in rng.choice(table, 5):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_signs(path)
        except DataError as error:
            failures.append(str(error))
    assert len(failures) > 20
    assert all(map(str.isprintable, failures))


def test_a_strangers_file_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = archive_with(tmp_path, "64x64_SIGNS/test_signs/\x1b[2J\nx.jpg", jpeg())
    with pytest.raises(DataError, match="does not fit the layout") as caught:
        read_signs(path)
    assert str(caught.value).isprintable()
