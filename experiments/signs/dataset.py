"""The SIGNS data set: found, read, and described; or a synthetic stand-in that says so."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from experiments.signs.download import DownloadError, data_folder, fetch_zip
from experiments.signs.formats import read_signs
from experiments.signs.photos import DataError, Photos, Splits, digests
from experiments.signs.synthetic import draw_signs

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignsData:
    """Hands showing 0 to 5.

    The order of the photographs is that of their names (or of the HDF5 file), the same on every
    machine. It may run class by class: shuffle before taking a part.

    Attributes:
        x_train: uint8, (N, 64, 64, 3), RGB. A validation split of the source is part of it.
        y_train: int64, (N,), 0 to 5.
        x_test: uint8, (M, 64, 64, 3).
        y_test: int64, (M,).
        test_has_twin: bool, (M,): the same pixels are also in the training set.
        train_is_val: bool, (N,): the source keeps this photograph in its validation split.
        source: a sentence on where the data come from.
        sha256: hash of all pixels and labels in their order.
        synthetic: these are drawings, not photographs.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    test_has_twin: np.ndarray
    train_is_val: np.ndarray
    source: str
    sha256: str
    synthetic: bool

    @classmethod
    def from_splits(cls, splits: Splits, synthetic: bool = False) -> SignsData:
        """The data set of two splits, with its twins marked and its content hashed."""
        train, test = splits.train, splits.test
        known = set(digests(train.x))
        return cls(
            x_train=train.x,
            y_train=train.y,
            x_test=test.x,
            y_test=test.y,
            test_has_twin=np.array([digest in known for digest in digests(test.x)]),
            train_is_val=splits.train_is_val,
            source=f"{len(train.y)} training and {len(test.y)} test images: {splits.source}.",
            sha256=_content_hash(train, test),
            synthetic=synthetic,
        )

    def scaled(self, dtype: str) -> SignsData:
        """The same data with pixels 0 to 1 in `dtype`, "float32" or "float64"."""
        return replace(
            self,
            x_train=self.x_train.astype(dtype) / np.asarray(255, dtype),
            x_test=self.x_test.astype(dtype) / np.asarray(255, dtype),
        )


def load_signs(path: str | os.PathLike[str] | None = None) -> SignsData:
    """Find SIGNS and read it.

    Looked for in this order: `path`; the environment variable SIGNS_DATA; `data/signs/` in the
    project or the working folder; the download. Where none of these is to be had, hands are drawn
    instead, and a notice is logged. `path` and SIGNS_DATA never fall through: what they name must
    be there and right.

    Raises:
        DataError: what was found is not a complete data set.
    """
    named = os.environ.get("SIGNS_DATA") if path is None else os.fspath(path)
    if named is not None:
        if not named:
            raise DataError("The path to the SIGNS data (--data, SIGNS_DATA) is empty; name one.")
        return SignsData.from_splits(read_signs(Path(named)))
    found = _default_place() or _downloaded()
    if found is not None:
        return SignsData.from_splits(read_signs(found))
    return SignsData.from_splits(draw_signs(), synthetic=True)


def _default_place() -> Path | None:
    """The first default folder that holds anything; an empty one counts as absent."""
    places = dict.fromkeys((data_folder(), Path("data", "signs").absolute()))
    return next((place for place in places if place.is_dir() and any(place.iterdir())), None)


@functools.cache
def _downloaded() -> Path | None:
    """The downloaded archive, or None after a notice; tried once in a process."""
    try:
        return fetch_zip(data_folder())
    except DownloadError as error:
        _log.warning(
            "The SIGNS photographs are not here; using a synthetic stand-in, drawn hands. "
            "Everything computed from it is named synthetic. %s",
            error,
        )
        return None


def _content_hash(*splits: Photos) -> str:
    content = hashlib.sha256()
    for photos in splits:
        content.update(repr(photos.x.shape).encode())
        content.update(photos.x.tobytes())
        content.update(photos.y.astype("<i8").tobytes())
    return content.hexdigest()
