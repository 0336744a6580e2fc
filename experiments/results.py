"""The results folder: `<root>/<study>/` with tables as CSV, figures as PNG, and meta.json.

A study's folder is built beside its place and renamed over it, so a run that fails or is
interrupted leaves what was there. Floats are written with the digits that read back the same.
"""

from __future__ import annotations

import contextlib
import errno
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.provenance import Provenance
from experiments.study import Figure, Findings, Kind, Table
from scratch.atomic import atomic_write

META = "meta.json"
FIGURE_DPI = 150


class ResultsError(ValueError):
    """A results folder that cannot be written, read, or compared."""


@dataclass(frozen=True)
class FigureFile:
    """A figure as it was written: name, caption and alternative text, and where the file is."""

    name: str
    caption: str
    alt: str
    path: Path


@dataclass(frozen=True)
class StudyResults:
    """What one study left in the results folder."""

    name: str
    provenance: Provenance
    tables: list[Table]
    figures: list[FigureFile]

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Table name -> rows: what the study's `findings` is given."""
        return {table.name: table.frame for table in self.tables}


def prepare_root(root: Path) -> None:
    """Make sure that results can be written under `root`, before the long work starts.

    Raises:
        ResultsError: `root` is not a folder, or nothing can be written there.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".probe-"):
            pass
    except OSError as error:
        raise ResultsError(
            f"Results cannot be written to {root}: {error.strerror}; choose another --output."
        ) from error


def write_study(root: Path, name: str, findings: Findings, provenance: Provenance) -> Path:
    """Write a study's results to `root / name`, replacing what was there in one step.

    Raises:
        ResultsError: The folder cannot be written, for instance because the disk is full.
    """
    try:
        with _replacing(root / name) as folder:
            for table in findings.tables:
                _write_csv(table.frame, folder / f"{table.name}.csv")
            for figure in findings.figures:
                _write_png(figure, folder / f"{figure.name}.png")
            meta = _meta(findings, provenance)
            text = json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            (folder / META).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{root / name} cannot be written: {error.strerror}.") from error
    return root / name


def read_study(folder: Path) -> StudyResults:
    """Read back what `write_study` wrote: the same values in the same dtypes.

    Raises:
        ResultsError: A file is missing or is not what this module writes.
    """
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        return StudyResults(
            name=folder.name,
            provenance=Provenance(**meta["provenance"]),
            tables=[_read_table(folder, entry) for entry in meta["tables"]],
            figures=[_read_figure(folder, entry) for entry in meta["figures"]],
        )
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise ResultsError(f"{folder} has no {missing}; run the study again.") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResultsError(
            f"{folder} does not hold a study's results ({error!r}); run the study again."
        ) from error


def read_root(root: Path) -> list[StudyResults]:
    """Read every study's results under `root`, by name.

    Raises:
        ResultsError: There are none, or a folder cannot be read.
    """
    folders = sorted(path.parent for path in root.glob(f"*/{META}"))
    if not folders:
        raise ResultsError(f"{root} holds no results; run `convtwin run` first.")
    return [read_study(folder) for folder in folders if not folder.name.startswith(".")]


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all.

    Raises:
        ResultsError: The file cannot be written.
    """
    try:
        with atomic_write(path) as stream:
            stream.write(text.encode())
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield a new folder that takes the place of `target` if the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as work:
        new, old = Path(work, "new"), Path(work, "old")
        new.mkdir()
        yield new
        try:
            if target.exists():
                target.rename(old)
            new.rename(target)
        except BaseException:
            # A folder cannot be renamed over another one: between the two renames there is none.
            if old.exists() and not target.exists():
                old.rename(target)
            raise


def _meta(findings: Findings, provenance: Provenance) -> dict[str, Any]:
    return {
        "provenance": asdict(provenance),
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "columns": {
                    column: {"dtype": _dtype(table.frame[column]), **asdict(table.kind(column))}
                    for column in table.frame.columns
                },
            }
            for table in findings.tables
        ],
        "figures": [
            {"name": figure.name, "caption": figure.caption, "alt": figure.alt}
            for figure in findings.figures
        ],
    }


def _dtype(column: pd.Series) -> str:
    """The dtype that a CSV column is read back in: numbers and booleans as they are, else text."""
    is_number = isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf"
    return column.dtype.name if is_number else "str"


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_png(figure: Figure, path: Path) -> None:
    figure.figure.savefig(path, dpi=FIGURE_DPI, metadata={"Software": None}, facecolor="white")


def _read_table(folder: Path, entry: dict[str, Any]) -> Table:
    columns = {name: dict(column) for name, column in entry["columns"].items()}
    dtypes = {name: column.pop("dtype") for name, column in columns.items()}
    # Everything is text first: "NA" and "01" stay what they are, and NumPy reads floats exactly.
    frame = pd.read_csv(folder / f"{entry['name']}.csv", dtype=str, keep_default_na=False)
    if list(frame.columns) != list(dtypes):
        raise ValueError(f"{entry['name']}.csv has other columns than {META} says")
    for name, dtype in dtypes.items():
        frame[name] = _typed(frame[name], dtype)
    kinds = {name: Kind(**column) for name, column in columns.items()}
    return Table(entry["name"], entry["title"], frame, kinds)


def _typed(text: pd.Series, dtype: str) -> pd.Series:
    """A column in the dtype that it was written from; an empty number is a NaN."""
    if dtype == "str":
        return text
    if dtype == "bool":
        return text == "True"
    return pd.Series(np.array(text.replace("", "nan"), dtype=str).astype(dtype))


def _read_figure(folder: Path, entry: dict[str, str]) -> FigureFile:
    path = folder / f"{entry['name']}.png"
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "missing", str(path))
    return FigureFile(entry["name"], entry["caption"], entry["alt"], path)
