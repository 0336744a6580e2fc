"""Read image files out of a folder or a zip archive, in memory, in the order of their names."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
from PIL import Image

from experiments.signs.photos import MOST_PHOTOS, SIZE, DataError, Photos

_SUFFIXES = (".jpg", ".jpeg", ".png")
_MOST_BYTES = 1_000_000  # a 64x64 photograph takes 12 KB uncompressed; no honest file is larger


class PhotoFiles(Protocol):
    """Image files by name; names are relative, with forward slashes, sorted."""

    where: str
    names: list[str]

    def read(self, name: str) -> bytes:
        """The content of one file."""


class FolderFiles:
    """The image files below a folder."""

    def __init__(self, folder: Path):
        self.where = str(folder)
        self._folder = folder
        paths = (Path(at, file) for at, _, files in os.walk(folder) for file in files)
        self.names = _photo_names((p.relative_to(folder).as_posix() for p in paths), self.where)

    def read(self, name: str) -> bytes:
        """The content of one file.

        Raises:
            DataError: the file cannot be read, or is too large to be a 64x64 photograph.
        """
        try:
            with (self._folder / name).open("rb") as file:
                return _limited(file.read(_MOST_BYTES + 1), f"{self.where}/{name}")
        except OSError as error:
            raise DataError(
                f"{self.where}/{name} cannot be read ({error.strerror}); check it."
            ) from error


class ZipFiles:
    """The image files of a zip archive. Nothing is ever unpacked to disk."""

    def __init__(self, archive: zipfile.ZipFile, where: str):
        self.where = where
        self._archive = archive
        self.names = _photo_names(archive.namelist(), where)

    def read(self, name: str) -> bytes:
        """The content of one member.

        Raises:
            DataError: the member is damaged, encrypted, or too large to be a 64x64 photograph.
        """
        try:
            with self._archive.open(name) as file:
                return _limited(file.read(_MOST_BYTES + 1), f"{name} in {self.where}")
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise DataError(
                f"{name} in {self.where} is damaged ({error}); fetch the archive again."
            ) from error
        except (RuntimeError, NotImplementedError) as error:
            raise DataError(f"{name} in {self.where} cannot be unpacked ({error}).") from error


@contextmanager
def opened_zip(path: Path) -> Iterator[ZipFiles]:
    """The image files of the archive at `path`, open inside the block.

    Raises:
        DataError: `path` is no complete zip archive.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise DataError(
            f"{path} is not a complete zip archive ({error}); fetch it again."
        ) from error
    with archive:
        yield ZipFiles(archive, str(path))


def _photo_names(names: Iterator[str] | list[str], where: str) -> list[str]:
    """The names that are image files, sorted; hidden files and paths leading out are left aside."""
    photos = sorted({name for name in names if _is_photo(PurePosixPath(name))})
    if len(photos) > MOST_PHOTOS:
        raise DataError(
            f"{where} holds {len(photos)} image files; expected at most {MOST_PHOTOS}: "
            "give the folder of the data set itself."
        )
    return photos


def _is_photo(name: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.parts)
    return name.suffix.lower() in _SUFFIXES and not name.is_absolute() and not hidden


def _limited(content: bytes, where: str) -> bytes:
    if len(content) > _MOST_BYTES:
        raise DataError(
            f"{where} unpacks to more than {_MOST_BYTES:,} bytes; a {SIZE}x{SIZE} photograph "
            "does not: give the data set's own files."
        )
    return content


def read_photos(files: PhotoFiles, names: Sequence[str], labels: Sequence[int]) -> Photos:
    """Decode the named files into photographs with the given labels.

    Raises:
        DataError: a file is damaged or is not a 64x64 RGB photograph.
    """
    x = np.stack([_decode(files.read(name), f"{name} in {files.where}") for name in names])
    return Photos.checked(x, np.asarray(labels, np.int64), files.where)


def _decode(content: bytes, where: str) -> np.ndarray:
    """The pixels of one image file, (64, 64, 3) uint8. The size is checked before decoding."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            if image.size != (SIZE, SIZE):
                width, height = image.size
                raise DataError(
                    f"{where} is {width}x{height} pixels; resize the photographs to {SIZE}x{SIZE}."
                )
            if image.mode != "RGB":
                raise DataError(
                    f"{where} has the colour mode {image.mode}; save the photographs as RGB."
                )
            return np.array(image)
    except DataError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{where} is not a complete JPEG or PNG image; replace it or take it out."
        ) from error
