"""SIGNS as image files: the layout of CS230, or one sub-folder per class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from experiments.signs.photo_files import PhotoFiles, read_photos
from experiments.signs.photos import CLASSES, DataError, Splits

_CS230_FOLDER = re.compile(r"(train|val|test)_signs")
_CS230_FILE = re.compile(r"([0-5])_IMG_.+")
_SPLIT_FOLDERS = {"train", "val", "test"}
_SPLIT_SEED = 0
_TEST_SHARE = 0.1


def read_photo_files(files: PhotoFiles, title: str) -> Splits:
    """Image files in the layout of CS230, or in one sub-folder per class.

    Args:
        files: the image files.
        title: what to call them in the source sentence.

    Raises:
        DataError: there are no image files, or their names fit neither layout.
    """
    if not files.names:
        raise DataError(
            f"{files.where} holds no SIGNS data; expected train_signs.h5 and test_signs.h5, "
            "a zip archive, or folders of JPEG or PNG photographs."
        )
    paths = [PurePosixPath(name) for name in files.names]
    if any(_CS230_FOLDER.fullmatch(path.parent.name) for path in paths):
        return _read_cs230(files, paths, title)
    return _read_class_folders(files, paths, title)


def _read_cs230(files: PhotoFiles, paths: Sequence[PurePosixPath], title: str) -> Splits:
    names: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    roots = set()
    for path in paths:
        folder = _CS230_FOLDER.fullmatch(path.parent.name)
        label = _CS230_FILE.fullmatch(path.stem)
        if folder is None or label is None:
            raise DataError(
                f"{path} in {files.where} does not fit the layout of CS230, "
                "{train,val,test}_signs/<label 0 to 5>_IMG_<n>.jpg; rename it or take it out."
            )
        roots.add(path.parent.parent)
        names[folder[1]].append(str(path))
        labels[folder[1]].append(int(label[1]))
    if len(roots) > 1:
        raise DataError(
            f"{files.where} holds {len(roots)} data sets "
            f"({', '.join(sorted(map(str, roots)))}); give the path of one."
        )
    source = f"SIGNS photographs in the layout of CS230, from {title}"
    return _splits(files, names, labels, source)


def _read_class_folders(files: PhotoFiles, paths: Sequence[PurePosixPath], title: str) -> Splits:
    common = _common_depth(paths)
    parts = [path.parts[common:] for path in paths]
    is_split = {part[0] for part in parts} <= _SPLIT_FOLDERS
    depth = 3 if is_split else 2
    for path, part in zip(paths, parts, strict=True):
        if len(part) != depth:
            raise DataError(
                f"{path} in {files.where} does not lie in one of the class folders; expected "
                "<class>/<photograph> throughout, or train/<class>/… and test/<class>/…."
            )
    classes = sorted({part[-2] for part in parts}, key=_numbers_first)
    if len(classes) != CLASSES:
        raise DataError(
            f"{files.where} has {len(classes)} class folders ({', '.join(classes[:8])}); "
            f"expected {CLASSES}, one for each sign."
        )
    label_of = {name: label for label, name in enumerate(classes)}
    y = [label_of[part[-2]] for part in parts]
    split_of = [part[0] for part in parts] if is_split else _stratified_split(y, files.where)
    names: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for path, label, split in zip(paths, y, split_of, strict=True):
        names[split].append(str(path))
        labels[split].append(label)
    how = "" if is_split else f", split 90/10 within each class with seed {_SPLIT_SEED}"
    source = f"photographs in class folders {', '.join(classes)}, from {title}{how}"
    return _splits(files, names, labels, source, optional=("val",))


def _common_depth(paths: Sequence[PurePosixPath]) -> int:
    """How many leading folders all paths share, the class or split folder apart."""
    depth = 0
    while all(len(path.parts) > depth + 2 for path in paths):
        shared = {path.parts[depth] for path in paths}
        if len(shared) > 1 or shared <= _SPLIT_FOLDERS:
            break
        depth += 1
    return depth


def _numbers_first(name: str) -> tuple[bool, int, str]:
    return (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)


def _stratified_split(labels: Sequence[int], where: str) -> list[str]:
    """A tenth of each class, at least one photograph, drawn for the test set with a fixed seed."""
    y = np.asarray(labels)
    split = np.full(len(y), "train")
    rng = np.random.default_rng(_SPLIT_SEED)
    for label in range(CLASSES):
        members = np.flatnonzero(y == label)
        if len(members) < 2:
            raise DataError(
                f"{where} holds {len(members)} photograph of class {label}; "
                "at least 2 are needed, one to train and one to test."
            )
        count = max(1, round(_TEST_SHARE * len(members)))
        split[rng.permutation(members)[:count]] = "test"
    return split.tolist()


def _splits(
    files: PhotoFiles,
    names: dict[str, list[str]],
    labels: dict[str, list[int]],
    source: str,
    optional: tuple[str, ...] = (),
) -> Splits:
    missing = [split for split in names if not names[split] and split not in optional]
    if missing:
        raise DataError(
            f"{files.where} has no photographs in its {missing[0]} folder; "
            "the data set is incomplete: fetch or copy it again."
        )
    train = read_photos(files, names["train"] + names["val"], labels["train"] + labels["val"])
    test = read_photos(files, names["test"], labels["test"])
    is_val = np.arange(len(train.y)) >= len(names["train"])
    return Splits(train, test, is_val, source)
