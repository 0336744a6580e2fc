"""Hold a study's new results against committed ones, column by column, by the columns' kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.formatting import cell, number
from experiments.results import ResultsError, StudyResults
from experiments.signs import SignsData
from experiments.study import Kind, Table


@dataclass(frozen=True)
class Departure:
    """Something in the new results that is not as committed; `place` is study/table.column."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True)
class Outcome:
    """What came of holding one study's results against the committed ones."""

    study: str
    columns: int
    departures: list[Departure]
    timings: list[str]

    @property
    def ok(self) -> bool:
        """Whether everything is as committed; timings do not count."""
        return not self.departures


def check_data(committed: StudyResults, signs: SignsData) -> None:
    """Refuse to compare results that were computed on other data.

    Raises:
        ResultsError: The data that are there now are not those of the committed results.
    """
    was = committed.provenance
    if was.data_sha256 != signs.sha256:
        raise ResultsError(
            f"The results of '{committed.name}' were computed on {_named(was.data_source)}, but "
            f"what is found now is {_named(signs.source)}; give the same data with --data."
        )


def hold(committed: StudyResults, got: StudyResults) -> Outcome:
    """Compare every table and the names of the figures; the committed kinds decide."""
    departures: list[Departure] = []
    timings: list[str] = []
    columns = 0
    new_tables = {table.name: table for table in got.tables}
    departures += _names(
        f"{got.name}", "tables", [t.name for t in committed.tables], list(new_tables)
    )
    departures += _names(
        f"{got.name}", "figures", [f.name for f in committed.figures], [f.name for f in got.figures]
    )
    for old in committed.tables:
        if old.name not in new_tables:
            continue
        place, new = f"{got.name}/{old.name}", new_tables[old.name]
        shape = _names(place, "columns", list(old.frame.columns), list(new.frame.columns))
        if len(old.frame) != len(new.frame):
            shape.append(
                Departure(place, f"{len(new.frame)} rows, committed are {len(old.frame)}.")
            )
        departures += shape
        if not shape:
            columns += len(old.frame.columns)
            departures += _columns(place, old, new)
            timings += _timings(place, old, new)
    return Outcome(got.name, columns, departures, timings)


def _names(place: str, what: str, committed: list[str], got: list[str]) -> list[Departure]:
    missing = [name for name in committed if name not in got]
    added = [name for name in got if name not in committed]
    found = []
    if missing:
        found.append(Departure(place, f"{what} missing: {', '.join(missing)}."))
    if added:
        found.append(Departure(place, f"{what} not committed: {', '.join(added)}."))
    if not found and committed != got:
        found.append(Departure(place, f"{what} in another order: {', '.join(got)}."))
    return found


def _columns(place: str, old: Table, new: Table) -> list[Departure]:
    found = []
    for column in old.frame.columns:
        message = _difference(old.frame[column], new.frame[column], old.kind(column))
        if message:
            found.append(Departure(f"{place}.{column}", message))
    return found


def _difference(old: pd.Series, new: pd.Series, kind: Kind) -> str | None:
    """What is wrong with a new column, or None when its kind allows the difference."""
    if kind.name == "timing":
        return None
    return _exact(old, new) if kind.name == "exact" else _rounding(old, new, kind)


def _exact(old: pd.Series, new: pd.Series) -> str | None:
    departs = ~((old == new) | (old.isna() & new.isna()))
    if not departs.any():
        return None
    row = int(np.argmax(departs.to_numpy()))
    return (
        f"{departs.sum()} of {len(old)} rows differ, the first is row {row}: "
        f"committed {_full(old[row])}, got {_full(new[row])}."
    )


def _rounding(old: pd.Series, new: pd.Series, kind: Kind) -> str | None:
    if new.dtype.kind not in "iuf":
        return f"committed are numbers, got {new.dtype.name}."
    was, now = old.to_numpy(float), new.to_numpy(float)
    with np.errstate(invalid="ignore"):
        apart = np.abs(now - was)
        allowed = kind.atol + kind.rtol * np.abs(was)
        excess = np.nan_to_num(apart - allowed, nan=np.inf)
        same = (was == now) | (np.isnan(was) & np.isnan(now))
        departs = ~(same | (np.isfinite(was) & (apart <= allowed)))
    if not departs.any():
        return None
    # A NaN or infinity that came or went is further off than any number.
    row = int(np.argmax(np.where(departs, excess, -np.inf)))
    return (
        f"{departs.sum()} of {len(was)} rows depart, most at row {row}: committed "
        f"{_full(old[row])}, got {_full(new[row])}, off by {number(float(apart[row]))} "
        f"where {number(float(allowed[row]))} is allowed."
    )


def _timings(place: str, old: Table, new: Table) -> list[str]:
    """One informative line for each timing column that holds numbers."""
    lines = []
    for column in old.frame.columns:
        was, now = old.frame[column], new.frame[column]
        if old.kind(column).name == "timing" and {was.dtype.kind, now.dtype.kind} <= set("iuf"):
            before, after = was.median(), now.median()
            lines.append(f"{place}.{column}: median {cell(after)}, committed {cell(before)}")
    return lines


def _full(value: object) -> str:
    """All digits of a value, so that two that differ are printed differently."""
    return str(value.item() if isinstance(value, np.generic) else value)


def _named(source: str) -> str:
    return source.strip().rstrip(".")
