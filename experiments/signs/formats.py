"""Recognise the form in which SIGNS lies at a path, and read it.

- the course's HDF5 pair: `train_signs.h5` and `test_signs.h5`;
- CS230: `{train,val,test}_signs/<label>_IMG_<n>.jpg`, in a folder or a zip archive;
- one sub-folder per class, in a folder or a zip archive, with or without `train/` and `test/`.
"""

from __future__ import annotations

from pathlib import Path

from experiments.signs.hdf5 import TEST_H5, TRAIN_H5, read_hdf5_pair
from experiments.signs.layouts import read_photo_files
from experiments.signs.photo_files import FolderFiles, opened_zip
from experiments.signs.photos import DataError, Splits


def read_signs(path: Path) -> Splits:
    """Read the data set at `path`, whichever form it has.

    Where a folder holds several forms, the complete HDF5 pair comes first, then a zip archive,
    then image files.

    Raises:
        DataError: nothing is there, or what is there is not a complete data set.
    """
    try:
        return _read(path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); check its permissions."
        ) from error


def _read(path: Path) -> Splits:
    if not path.exists():
        raise DataError(f"There is no file or folder {path}; check the path to the SIGNS data.")
    if path.is_dir():
        return _read_folder(path)
    if path.suffix.lower() == ".zip":
        return _read_zip(path)
    if path.name in (TRAIN_H5, TEST_H5):
        return read_hdf5_pair(path.parent)
    raise DataError(
        f"{path} is not SIGNS data; give a zip archive, {TRAIN_H5} beside {TEST_H5}, or a folder."
    )


def _read_folder(folder: Path) -> Splits:
    halves = [name for name in (TRAIN_H5, TEST_H5) if (folder / name).is_file()]
    if len(halves) == 2:
        return read_hdf5_pair(folder)
    archives = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".zip" and p.is_file())
    if len(archives) > 1:
        raise DataError(
            f"{folder} holds {len(archives)} zip archives; give the path of the one to read."
        )
    if archives:
        return _read_zip(archives[0])
    files = FolderFiles(folder)
    if not files.names and halves:
        return read_hdf5_pair(folder)  # says which half is missing
    return read_photo_files(files, f"the folder {folder.resolve().name}")


def _read_zip(path: Path) -> Splits:
    with opened_zip(path) as files:
        return read_photo_files(files, path.name)
