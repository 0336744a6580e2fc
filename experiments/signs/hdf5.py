"""SIGNS as the course gives it: the HDF5 files `train_signs.h5` and `test_signs.h5`."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from experiments.signs.photos import DataError, Photos, Splits, check_shapes

TRAIN_H5, TEST_H5 = "train_signs.h5", "test_signs.h5"


def read_hdf5_pair(folder: Path) -> Splits:
    """The course's pair of HDF5 files.

    Raises:
        DataError: one of them is missing, damaged, or holds something else.
    """
    train = read_hdf5(folder / TRAIN_H5)
    test = read_hdf5(folder / TEST_H5)
    source = f"SIGNS photographs of deeplearning.ai, from the HDF5 pair {TRAIN_H5} and {TEST_H5}"
    return Splits(train, test, np.zeros(len(train.y), bool), source)


def read_hdf5(path: Path) -> Photos:
    """The photographs of one HDF5 file of the course: keys `train_set_x`, `train_set_y`, or test.

    Raises:
        DataError: the file is missing, damaged, or holds something else.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing; {TRAIN_H5} and {TEST_H5} must lie side by side.")
    split = "train" if path.name.startswith("train") else "test"
    try:
        with h5py.File(path, "r") as file:
            x, y = (_dataset(file, f"{split}_set_{axis}", path) for axis in "xy")
            check_shapes(x.shape, y.shape, str(path))
            return Photos.checked(x[()], y[()], str(path))
    except (OSError, KeyError, RuntimeError) as error:
        raise DataError(f"{path} is not a complete HDF5 file ({error}); fetch it again.") from error


def _dataset(file: h5py.File, key: str, path: Path) -> h5py.Dataset:
    found = file.get(key)
    if not isinstance(found, h5py.Dataset):
        keys = ", ".join(sorted(map(str, file))) or "nothing"
        raise DataError(
            f"{path} has no data set {key!r} (it has: {keys}); give the course's own file."
        )
    return found
