"""Small data sets in every format, written from the synthetic stand-in."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from experiments.signs.photos import Photos, Splits
from experiments.signs.synthetic import draw_signs

TRAIN, VAL, TEST = 24, 6, 12


def small_splits() -> Splits:
    return draw_signs(TRAIN + VAL, TEST, seed=3)


def write_hdf5(path: Path, x: np.ndarray, y: np.ndarray) -> Path:
    split = "train" if path.name.startswith("train") else "test"
    with h5py.File(path, "w") as file:
        file[f"{split}_set_x"] = x
        file[f"{split}_set_y"] = y
        file["list_classes"] = np.arange(6)
    return path


def write_hdf5_pair(folder: Path, splits: Splits) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_hdf5(folder / "train_signs.h5", splits.train.x, splits.train.y)
    write_hdf5(folder / "test_signs.h5", splits.test.x, splits.test.y)
    return folder


def write_cs230(folder: Path, splits: Splits) -> Path:
    """`folder/64x64_SIGNS/...`, with the hidden files that the original has."""
    root = folder / "64x64_SIGNS"
    train = Photos(splits.train.x[:TRAIN], splits.train.y[:TRAIN])
    val = Photos(splits.train.x[TRAIN:], splits.train.y[TRAIN:])
    for name, photos in (("train", train), ("val", val), ("test", splits.test)):
        place = root / f"{name}_signs"
        place.mkdir(parents=True)
        (place / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        for number, (photo, label) in enumerate(zip(photos.x, photos.y, strict=True)):
            Image.fromarray(photo).save(place / f"{label}_IMG_{number:04d}.jpg", quality=95)
    return folder


def write_classes(folder: Path, photos: Photos, suffix: str = ".png") -> Path:
    for number, (photo, label) in enumerate(zip(photos.x, photos.y, strict=True)):
        place = folder / str(label)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(place / f"{number:04d}{suffix}")
    return folder


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):  # an order unlike the names'
            archive.write(file, file.relative_to(folder))
    return path
