"""Labelled photographs of one split, and the rules that every source of them must satisfy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

CLASSES = 6
"""Hands showing 0 to 5."""

SIZE = 64
"""Height and width of a photograph, in pixels."""

MOST_PHOTOS = 20_000
"""More photographs than this in one source is taken for a mistake or an attack (245 MB decoded)."""


class DataError(ValueError):
    """The data cannot be used; the message says what is wrong, where, and what to do.

    A stranger's file names may be part of it, so it is kept to one line of printable characters.
    """

    def __init__(self, message: str):
        super().__init__(
            "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in message)
        )


@dataclass(frozen=True)
class Photos:
    """Photographs with their labels.

    Attributes:
        x: uint8 pixels, (N, 64, 64, 3), RGB.
        y: int64 labels, (N,), 0 to 5.
    """

    x: np.ndarray
    y: np.ndarray

    @classmethod
    def checked(cls, x: np.ndarray, y: np.ndarray, where: str) -> Photos:
        """Photographs after validation.

        Args:
            x: what should be uint8 pixels of shape (N, 64, 64, 3).
            y: what should be integer labels of shape (N,), each 0 to 5.
            where: the file they come from, for the messages.

        Raises:
            DataError: a shape, a dtype, a pixel or a label is not as it should be.
        """
        check_shapes(x.shape, y.shape, where)
        _check_pixels(x, where)
        if not np.issubdtype(y.dtype, np.integer):
            raise DataError(f"{where} holds labels of dtype {y.dtype}; give integers 0 to 5.")
        outside = np.flatnonzero((y < 0) | (y >= CLASSES))
        if len(outside):
            raise DataError(
                f"{where} labels photograph {outside[0]} as {y[outside[0]]} "
                f"({len(outside)} such labels); labels go from 0 to {CLASSES - 1}."
            )
        return cls(np.ascontiguousarray(x), y.astype(np.int64))


@dataclass(frozen=True)
class Splits:
    """What a source holds.

    Attributes:
        train: the training photographs, those of a validation split included.
        test: the test photographs.
        train_is_val: bool (len(train),): which training photographs the source keeps as its
            validation split.
        source: one sentence for people; names the file, never its folder.
    """

    train: Photos
    test: Photos
    train_is_val: np.ndarray
    source: str


def _check_pixels(x: np.ndarray, where: str) -> None:
    if np.issubdtype(x.dtype, np.floating) and not np.isfinite(x).all():
        first = int(np.flatnonzero(~np.isfinite(x).all(axis=(1, 2, 3)))[0])
        raise DataError(
            f"{where} has NaN or infinite pixels, first in photograph {first}; "
            "store whole numbers 0 to 255 (uint8)."
        )
    if x.dtype != np.uint8:
        raise DataError(f"{where} holds pixels of dtype {x.dtype}; store them as uint8, 0 to 255.")


def check_shapes(x_shape: tuple[int, ...], y_shape: tuple[int, ...], where: str) -> None:
    """Reject photographs and labels by their shapes alone, before any of them is read.

    Raises:
        DataError: the shapes are not (N, 64, 64, 3) and (N,) with N from 1 to `MOST_PHOTOS`.
    """
    if len(x_shape) != 4 or x_shape[1:] != (SIZE, SIZE, 3):
        raise DataError(
            f"{where} holds pixels of shape {x_shape}; expected (N, {SIZE}, {SIZE}, 3): "
            f"resize the photographs to {SIZE}x{SIZE} RGB, channels last."
        )
    if not 1 <= x_shape[0] <= MOST_PHOTOS:
        raise DataError(
            f"{where} holds {x_shape[0]} photographs; give a data set of 1 to {MOST_PHOTOS}."
        )
    if y_shape != x_shape[:1]:
        raise DataError(
            f"{where} holds {x_shape[0]} photographs but labels of shape {y_shape}; "
            f"give one label for each photograph, shape ({x_shape[0]},)."
        )


def digests(x: np.ndarray) -> list[bytes]:
    """One SHA-256 digest for each photograph's pixels: equal digests are exact twins."""
    return [hashlib.sha256(photo.tobytes()).digest() for photo in x]
