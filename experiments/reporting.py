"""The report of a results folder: `report.html`, self-contained, and `README.md` beside it.

Everything in it comes from the files in the folder, through the studies' own sentences.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from experiments import citations, style
from experiments.formatting import cell, label, number
from experiments.provenance import Provenance
from experiments.results import FigureFile, ResultsError, StudyResults, read_root, write_text
from experiments.study import Kind, Study, Table

FULL_ROWS = 30
PREVIEW_ROWS = 8
MOST_ROWS = 300


@dataclass(frozen=True)
class ShownTable:
    """A table as text.

    Attributes:
        numeric: For each column whether it is set flush right.
        preview: The rows that are always seen.
        rows: The rows behind "show all"; empty when the preview is all there is.
        notes: How the columns are held against these when the study is reproduced.
        file: Its CSV, relative to the report.
    """

    title: str
    columns: list[str]
    numeric: list[bool]
    preview: list[list[str]]
    rows: list[list[str]]
    total: int
    notes: list[str]
    file: str


@dataclass(frozen=True)
class Section:
    """One study in the report."""

    name: str
    heading: str
    question: str
    method: str
    findings: list[str]
    tables: list[ShownTable]
    figures: list[FigureFile]
    provenance: Provenance

    def cites(self, letter: str) -> bool:
        """Whether its text cites source `letter`."""
        text = " ".join([self.question, self.method, *self.findings])
        return letter in citations.cited(text)


def write_report(root: Path, studies: Iterable[Study]) -> Path:
    """Write `report.html` and `README.md` for the results under `root`; returns the former.

    Raises:
        ResultsError: There are no results, they belong to no study, or a file cannot be written.
    """
    sections = _sections(root, list(studies))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("experiments"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"data_uri": _data_uri, "markdown": _markdown, "cite": citations.linked}
    environment.globals |= {
        "verdicts": style.VERDICTS,
        "number": number,
        "the_sources": citations.SOURCES,
    }
    facts = {"sections": sections, "first": sections[0].provenance, **_summary(sections)}
    write_text(root / "README.md", environment.get_template("README.md.j2").render(facts))
    report = root / "report.html"
    write_text(report, environment.get_template("report.html.j2").render(facts))
    return report


def _sections(root: Path, studies: list[Study]) -> list[Section]:
    found = {results.name: results for results in read_root(root)}
    unknown = sorted(set(found) - {study.name for study in studies})
    if unknown:
        raise ResultsError(f"{root / unknown[0]} belongs to no study; remove the folder.")
    return [_section(study, found[study.name]) for study in studies if study.name in found]


def _section(study: Study, results: StudyResults) -> Section:
    try:
        findings = study.findings(results.frames)
    except (KeyError, IndexError, AttributeError, TypeError, ValueError) as error:
        raise ResultsError(
            f"The findings of '{study.name}' cannot be told from its tables ({error!r}); "
            f"run `convtwin run {study.name}` again."
        ) from error
    return Section(
        name=study.name,
        heading=study.name.replace("_", " ").capitalize(),
        question=study.question,
        method=study.method,
        findings=findings,
        tables=[_shown(table, study.name) for table in results.tables],
        figures=results.figures,
        provenance=results.provenance,
    )


def _shown(table: Table, study: str) -> ShownTable:
    frame = table.frame
    rows = [[cell(value) for value in row] for row in frame.head(MOST_ROWS).itertuples(index=False)]
    is_long = len(frame) > FULL_ROWS
    return ShownTable(
        title=table.title,
        columns=[label(column) for column in frame.columns],
        numeric=[frame[column].dtype.kind in "iuf" for column in frame.columns],
        preview=rows[:PREVIEW_ROWS] if is_long else rows,
        rows=rows if is_long else [],
        total=len(frame),
        notes=_notes(table),
        file=f"{study}/{table.name}.csv",
    )


def _notes(table: Table) -> list[str]:
    """How the columns reproduce, those of one kind together."""
    columns: dict[Kind, list[str]] = {}
    for column in table.frame.columns:
        columns.setdefault(table.kind(column), []).append(label(column))
    return [f"{_kind(kind)}: {', '.join(names)}" for kind, names in columns.items()]


def _kind(kind: Kind) -> str:
    if kind.name == "exact":
        return "Exact when run again"
    if kind.name == "timing":
        return "This machine's timing"
    parts = [f"{number(kind.rtol)} of the value"] if kind.rtol else []
    parts += [number(kind.atol)] if kind.atol or not parts else []
    return f"Within {' + '.join(parts)}"


def _summary(sections: list[Section]) -> dict[str, object]:
    """What the header says about all studies together."""
    origins = [section.provenance for section in sections]
    dates = sorted({origin.date[:10] for origin in origins})
    return {
        "sources": list(dict.fromkeys(origin.data_source for origin in origins)),
        "synthetic": any(origin.synthetic for origin in origins),
        "dates": " to ".join(dict.fromkeys((dates[0], dates[-1]))),
        "seconds": sum(origin.seconds for origin in origins),
    }


def _data_uri(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _markdown(text: str) -> str:
    """Plain text for one line or one table cell of Markdown: what would be markup is escaped."""
    return " ".join(re.sub(r"[\\|*<>`\[\]]|\b_|_\b", r"\\\g<0>", text).split())
