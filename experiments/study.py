"""What a study is: a question, a method, a run that returns tables and figures, and findings.

Adding a study is adding one file to `experiments/studies/`. It declares, at module level:

    question: str      plain string literals, shown by `convtwin list` without importing the file
    method: str
    order: int         optional: its place in the report (default 100; ties by name)
    def run(context: Context) -> Findings
    def findings(tables: dict[str, pandas.DataFrame]) -> list[str]

`findings` gets the tables as they were read back from disk, so that every number in the report's
sentences is a number in a committed table.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import pkgutil
import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import matplotlib.figure
    import pandas as pd

    from experiments.progress import Progress
    from experiments.signs import SignsData

PACKAGE = "experiments.studies"
DEFAULT_ORDER = 100


class StudyError(ValueError):
    """A study that is unknown, or whose file does not declare what a study must."""


@dataclass(frozen=True)
class Kind:
    """How a column is held against the committed one when a study is reproduced."""

    name: Literal["exact", "rounding", "timing"]
    rtol: float = 0.0
    atol: float = 0.0


def exact() -> Kind:
    """The same value in every row; a column that is not named in `Table.kinds` is exact."""
    return Kind("exact")


def rounding(rtol: float = 0.0, atol: float = 0.0) -> Kind:
    """Numbers within `atol + rtol * |committed|`; NaN and infinities must be the same."""
    return Kind("rounding", rtol, atol)


def timing() -> Kind:
    """Depends on the machine and its load: reported, never held against anything."""
    return Kind("timing")


@dataclass(frozen=True)
class Table:
    """One table of a study.

    Args:
        name: File name without suffix: lower-case letters, digits and underscores.
        title: One line that says what a row is.
        frame: The rows; its index is not kept.
        kinds: Column -> `Kind`; columns that are not named are exact.

    Raises:
        ValueError: The name, the columns, the index or the kinds cannot be written as they are.
    """

    name: str
    title: str
    frame: pd.DataFrame
    kinds: dict[str, Kind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_file_name("table", self.name)
        columns = list(self.frame.columns)
        if len(set(columns)) < len(columns) or not all(isinstance(c, str) for c in columns):
            raise ValueError(f"Table '{self.name}': column names must be distinct strings.")
        if list(self.frame.index) != list(range(len(self.frame))):
            raise ValueError(f"Table '{self.name}' has an index of its own; reset_index() first.")
        for column, kind in self.kinds.items():
            if column not in columns:
                raise ValueError(f"Table '{self.name}' gives a kind to '{column}', not a column.")
            if kind.name == "rounding" and self.frame[column].dtype.kind not in "iuf":
                raise ValueError(f"Table '{self.name}': '{column}' is rounding but not numeric.")

    def kind(self, column: str) -> Kind:
        """How `column` is reproduced."""
        return self.kinds.get(column, exact())


@dataclass(frozen=True)
class Figure:
    """One figure of a study.

    Args:
        name: File name without suffix: lower-case letters, digits and underscores.
        caption: What is seen, in a sentence or two.
        alt: What a reader who cannot see the picture must know.
        figure: The drawing; `experiments.style.subplots` gives one in the common style.
    """

    name: str
    caption: str
    alt: str
    figure: matplotlib.figure.Figure

    def __post_init__(self) -> None:
        _check_file_name("figure", self.name)
        if not self.alt.strip():
            raise ValueError(f"Figure '{self.name}' needs an alternative text.")


@dataclass(frozen=True)
class Findings:
    """What a study's run returns."""

    tables: list[Table]
    figures: list[Figure] = field(default_factory=list)

    def __post_init__(self) -> None:
        for what, names in (
            ("tables", [table.name for table in self.tables]),
            ("figures", [figure.name for figure in self.figures]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"Two {what} have the same name: {', '.join(names)}.")


@dataclass(frozen=True)
class Context:
    """What a study's run is given.

    Attributes:
        signs: The data.
        full: The long form (all epochs, several seeds, native sizes) instead of the default one.
        seed: The only source of randomness that a study may use.
        progress: `with context.progress.task("name", total) as advance:`, then `advance()`.
    """

    signs: SignsData
    full: bool
    seed: int
    progress: Progress

    @property
    def form(self) -> str:
        """Where the results belong: "full" or "quick"."""
        return "full" if self.full else "quick"


@dataclass(frozen=True)
class Study:
    """One study, found but not imported: its code is loaded when it is first run or reported."""

    name: str
    question: str
    method: str
    order: int
    module: str

    def run(self, context: Context) -> Findings:
        """Run the experiment.

        Raises:
            StudyError: The file cannot be imported, or `run` returned something else.
        """
        result = self._load().run(context)
        if not isinstance(result, Findings):
            raise StudyError(f"Study '{self.name}': run() must return Findings, got {result!r}.")
        return result

    def findings(self, tables: dict[str, pd.DataFrame]) -> list[str]:
        """The report's sentences, from `tables` as read back from disk (name -> frame)."""
        return self._load().findings(tables)

    def _load(self) -> ModuleType:
        try:
            return importlib.import_module(self.module)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise StudyError(
                f"Study '{self.name}' cannot be imported: {type(error).__name__}: {error} "
                f"({Path(place.filename).name}, line {place.lineno})."
            ) from error


def discover(package: str | None = None) -> list[Study]:
    """Every study of `package` (default `PACKAGE`), in the order of the report.

    Raises:
        StudyError: A file does not declare what a study must, naming the file and what is missing.
    """
    package = package or PACKAGE
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__)
    studies = [_read_study(package, module.name) for module in modules]
    return sorted(studies, key=lambda study: (study.order, study.name))


def select(studies: Iterable[Study], names: Iterable[str]) -> list[Study]:
    """The studies called `names`, in the order of the report; all of them when `names` is empty.

    Raises:
        StudyError: A name is unknown; the message lists the known ones and the closest.
    """
    studies, names = list(studies), list(names)
    known = [study.name for study in studies]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise StudyError(f"No study is called '{name}'.{hint} Known: {', '.join(known)}.")
    return [study for study in studies if not names or study.name in names]


def _read_study(package: str, name: str) -> Study:
    """Read a study's declarations from its source, so that finding it imports nothing heavy."""
    spec = importlib.util.find_spec(f"{package}.{name}")
    if spec is None or spec.origin is None:
        raise StudyError(f"The study '{name}' has no source file.")
    file = Path(spec.origin)
    try:
        declared = _declarations(ast.parse(file.read_text(encoding="utf-8")))
    except SyntaxError as error:
        raise StudyError(
            f"{file.name}, line {error.lineno}, is not Python: {error.msg}."
        ) from error
    except ValueError as error:
        raise StudyError(f"{file.name}: {error}") from error
    return Study(
        name=name,
        question=declared["question"],
        method=declared["method"],
        order=declared.get("order", DEFAULT_ORDER),
        module=f"{package}.{name}",
    )


def _declarations(tree: ast.Module) -> dict[str, Any]:
    """The literal values of question, method and order; ValueError where one is not as it must."""
    types = {"question": str, "method": str, "order": int}
    declared: dict[str, Any] = {}
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in types:
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if (
                name in types
            ):
                pass
            case _:
                continue
        declared[name] = value.value if isinstance(value, ast.Constant) else None
        if type(declared[name]) is not types[name]:
            raise ValueError(f"`{name}` must be a plain literal of type {types[name].__name__}.")
    missing = [name for name in ("question", "method") if name not in declared]
    missing += [f"{name}()" for name in ("run", "findings") if name not in functions]
    if missing:
        raise ValueError(f"a study must declare {', '.join(missing)} at module level.")
    return declared


def _check_file_name(what: str, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(f"A {what}'s name must be of a-z, 0-9 and _ only, got {name!r}.")
