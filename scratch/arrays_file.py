"""Named arrays under a JSON header in one file: what model files and checkpoints are made of.

The container is NumPy's own `.npz`, a zip of `.npy` members, here uncompressed, so `numpy.load`
opens it too; the header is the member `header.json`. Nothing in it is ever executed. Because no
member is compressed, and each must be exactly as long as its declared shape and dtype need, the
arrays of a file can never take more memory than the file takes on disk.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scratch.atomic import atomic_write

VERSION = 1
_HEADER = "header.json"
_SUFFIX = ".npy"
_DTYPES = ("<f4", "<f8", "<i8")


class SerializationError(ValueError):
    """A file is not what it should be: foreign, damaged, hostile, or of something else."""


def write_arrays_file(
    path: str | os.PathLike[str],
    kind: str,
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write `header` (JSON values) and `arrays` to exactly `path`; equal content, equal bytes.

    Args:
        path: The file; what was there is replaced, whole or not at all.
        kind: What the file is, such as "model"; reading asks for the same.
        header: JSON values.
        arrays: float32, float64 or int64 arrays by name.
    """
    described = {"format": f"scratch {kind}", "version": VERSION, **header}
    with atomic_write(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_HEADER), json.dumps(described))
        for name, array in arrays.items():
            # A ZipInfo of its own carries no date: the bytes depend on the content only.
            with archive.open(zipfile.ZipInfo(name + _SUFFIX), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)


@dataclass(frozen=True)
class ArraySpec:
    """What an array of the file is, known before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @classmethod
    def of(cls, array: np.ndarray) -> ArraySpec:
        """The spec of an array in memory."""
        return cls(array.shape, array.dtype)

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}"


class ArraysFile:
    """An arrays file open for reading, as a context manager.

    Args:
        path: The file.
        kind: What it must be, as it was written.

    Attributes:
        header: The JSON header.
        specs: Shape and dtype of every array, in the file's order.

    Raises:
        OSError: There is no such file, or it may not be read.
        SerializationError: It is anything but an intact file of that kind.
    """

    def __init__(self, path: str | os.PathLike[str], kind: str) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise SerializationError(f"{self.path} is a folder, not a {kind} file.")
        self._stream = self.path.open("rb")
        try:
            with self.blamed(f"is not an intact {kind} file of scratch"):
                self._archive = zipfile.ZipFile(self._stream)
                self._members = self._checked_members()
                self.header = json.loads(self._archive.read(_HEADER))
                self.specs = {name: self._read_spec(name) for name in self._members}
            self._check_kind(kind)
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> ArraysFile:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stream.close()

    def read(self, name: str) -> np.ndarray:
        """The array called `name`.

        Raises:
            SerializationError: Its bytes are damaged.
        """
        with (
            self.blamed(f"is damaged at {name!r}"),
            self._archive.open(self._members[name]) as member,
        ):
            return np.lib.format.read_array(member, allow_pickle=False)

    @contextmanager
    def blamed(self, complaint: str) -> Iterator[None]:
        """Report whatever goes wrong inside the block as a SerializationError of this file.

        What the file says may come from a stranger and make anything fail in any way.
        """
        try:
            yield
        except SerializationError:
            raise
        except Exception as error:
            reason = str(error).rstrip(".") or type(error).__name__
            raise SerializationError(f"{self.path} {complaint}: {reason}.") from error

    def require_specs(self, expected: Mapping[str, ArraySpec], owner: str) -> None:
        """Check that the file holds exactly the `expected` arrays.

        Raises:
            SerializationError: One is missing, left over, or of another shape or dtype.
        """
        for name, spec in expected.items():
            self.require_spec(name, spec, owner)
        self.require_nothing_beyond(expected, owner)

    def require_spec(self, name: str, expected: ArraySpec, owner: str) -> None:
        """Check that the file holds `name` as `expected`; otherwise SerializationError."""
        if name not in self.specs:
            raise SerializationError(f"{self.path} lacks the array {name!r} that {owner} needs.")
        if self.specs[name] != expected:
            raise SerializationError(
                f"{self.path} holds {name!r} as {self.specs[name]}, {owner} needs {expected}."
            )

    def require_nothing_beyond(self, names: Mapping[str, object], owner: str) -> None:
        """Check that the file holds no array besides `names`; otherwise SerializationError."""
        left_over = [name for name in self.specs if name not in names]
        if left_over:
            raise SerializationError(
                f"{self.path} holds arrays that {owner} has no use for: {', '.join(left_over)}."
            )

    def _checked_members(self) -> dict[str, zipfile.ZipInfo]:
        """The array members by name, once the zip is plain: uncompressed, unique, not inflated."""
        infos = self._archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
            raise ValueError("it has compressed members")
        if sum(info.file_size for info in infos) > self.path.stat().st_size:
            raise ValueError("it declares more bytes than it has")
        names = [info.filename for info in infos]
        if len(set(names)) != len(names):
            raise ValueError("a member occurs twice")
        if not all(name.endswith(_SUFFIX) or name == _HEADER for name in names):
            raise ValueError("it has members that are no arrays")
        return {
            info.filename.removesuffix(_SUFFIX): info for info in infos if info.filename != _HEADER
        }

    def _read_spec(self, name: str) -> ArraySpec:
        info = self._members[name]
        with self._archive.open(info) as member:
            if np.lib.format.read_magic(member) != (1, 0):
                raise ValueError(f"{name!r} is of an unknown .npy version")
            shape, _, dtype = np.lib.format.read_array_header_1_0(member)
            start = member.tell()
        if dtype.str not in _DTYPES:
            raise ValueError(f"{name!r} is of type {dtype}")
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != info.file_size - start:
            raise ValueError(f"{name!r} is not as long as its shape {shape} says")
        return ArraySpec(shape, dtype)

    def _check_kind(self, kind: str) -> None:
        header = self.header if isinstance(self.header, dict) else {}
        if header.get("format") != f"scratch {kind}":
            raise SerializationError(
                f"{self.path} is not a {kind} file of scratch: it calls itself "
                f"{header.get('format')!r}."
            )
        if header.get("version") != VERSION:
            raise SerializationError(
                f"{self.path} is a {kind} file of version {header.get('version')!r}, this package "
                f"reads version {VERSION}."
            )
