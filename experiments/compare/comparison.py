"""What a comparison found: a table, and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from experiments.compare.verdicts import FAULT, FLIP, SUSPECT, UNJUDGED
from experiments.formatting import cell, label

COLUMNS = [
    "layer", "type", "tensor", "mode", "shape", "max_abs_diff", "max_rel_diff", "max_ulp",
    "error_ratio", "verdict", "flips", "scratch_ulp", "keras_ulp", "nearer", "note",
]  # fmt: skip
_NAMED_FAULTS = 6
_STYLE = """
.comparison { font: 12px/1.35 system-ui, sans-serif; }
.comparison p { font-size: 14px; }
.comparison table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.comparison th { position: sticky; top: 0; background: Canvas; text-align: left; }
.comparison th, .comparison td { padding: 1px 8px; white-space: nowrap; }
.comparison tr:nth-child(even) { background: color-mix(in srgb, CanvasText 5%, Canvas); }
.comparison .fault td { font-weight: bold; color: #b3261e; }
.comparison .suspect td, .comparison .unjudged td { color: #8a5a00; }
.comparison .flip td { color: #7a3e9d; }
"""
_MARKDOWN_ESCAPES = str.maketrans(
    {"|": r"\|", "\\": r"\\", "*": r"\*", "`": r"\`", "<": "&lt;", "\n": " "}
)


@dataclass(frozen=True)
class Comparison:
    """What the comparison of two models found.

    Attributes:
        table: One row for each layer call, tensor and mode. `error_ratio` is the largest
            |difference| / what the deterministic bound allows; `flips` counts numbers that differ
            because rounding turned a ReLU's sign or a maximum's place, in propagated mode these
            choices themselves; `scratch_ulp` and
            `keras_ulp` are each side's largest distance from the float64 judge, in units in the
            last place of the tensor's largest number, and `nearer` says whose is smaller.
        dtype: What the twins computed in.
        training: Whether they ran as in training.
        loss: Keras' loss on the given data.
        algorithm: How the scratch side computed its convolutions.
    """

    table: pd.DataFrame
    dtype: str
    training: bool
    loss: float
    algorithm: str = "exact"

    @property
    def isolated(self) -> pd.DataFrame:
        """The rows that the verdict rests on."""
        return self.table[self.table["mode"] == "isolated"]

    @property
    def faults(self) -> list[tuple[str, str]]:
        """(layer, tensor) of every proven difference, in the order of the layers."""
        return self._with_verdict(FAULT)

    @property
    def suspects(self) -> list[tuple[str, str]]:
        """(layer, tensor) of what differs by more than is likely, in the order of the layers."""
        return self._with_verdict(SUSPECT)

    @property
    def unjudged(self) -> list[tuple[str, str]]:
        """(layer, tensor) of what could only be measured, in the order of the layers."""
        return self._with_verdict(UNJUDGED)

    @property
    def notable(self) -> pd.DataFrame:
        """The rows of proven differences, of unlikely ones, and of turned choices in isolation.

        End to end every gradient behind a turned choice is a flip: those rows are not among them.
        """
        verdicts = self.table.verdict
        isolated = self.table["mode"] == "isolated"
        return self.table[verdicts.isin([FAULT, SUSPECT]) | (isolated & (verdicts == FLIP))]

    @property
    def counts(self) -> pd.DataFrame:
        """How many tensors have which verdict: a row for each verdict, a column for each mode."""
        counted = self.table.groupby(["verdict", "mode"]).size().unstack(fill_value=0)
        return counted.sort_values(list(counted.columns), ascending=False)

    def worst(self, count: int) -> pd.DataFrame:
        """The judged tensors that come nearest to their bound or are furthest outside it."""
        judged = self.isolated.dropna(subset="error_ratio")
        return judged.sort_values("error_ratio", ascending=False, kind="stable").head(count)

    @property
    def ok(self) -> bool:
        """Whether no difference was proven."""
        return not self.faults

    @property
    def summary(self) -> str:
        """Whether the twins agree and, if not, where and as far as known why: one sentence.

        Another one says by which algorithm convolutions were computed, where not by "exact".
        """
        sentence = self._agreement() if self.ok else self._disagreement()
        if self.algorithm == "exact":
            return sentence
        return f"{sentence} Convolutions were computed, and bounded, by {self.algorithm!r}."

    def _disagreement(self) -> str:
        named = [f"{tensor} of {layer!r}" for layer, tensor in self.faults]
        more = len(named) - _NAMED_FAULTS
        places = ", ".join(named[:_NAMED_FAULTS]) + (f" and {more} more" if more > 0 else "")
        notes = [n for n in self.table[self.table.verdict == FAULT].note if n]
        reason = f" ({notes[0]})" if notes else ""
        return f"They differ beyond what {self.dtype} rounding can explain: {places}{reason}."

    def _agreement(self) -> str:
        rows = self.isolated
        extras = ""
        if flips := int((rows.verdict == FLIP).sum()):
            extras += f"; in {flips}, rounding turned a ReLU's sign or a maximum's place"
        if suspects := len(self.suspects):
            extras += f"; {suspects} differ by more than is likely"
        if unjudged := self.unjudged:
            layers = len({layer for layer, _ in unjudged})
            extras += (
                f"; {len(unjudged)} more, of {layers} layer{'s' * (layers > 1)} without a derived "
                f"bound or with numbers beyond {self.dtype}, were only measured"
            )
        worst = self.worst(1)
        if worst.empty:
            return f"Nothing could be judged{extras}."
        place = f"{worst.tensor.item()} of {worst.layer.item()!r}"
        return (
            f"They agree: all {len(rows) - len(self.unjudged)} tensors are within the {self.dtype} "
            f"rounding bound, the largest difference being {worst.error_ratio.item():.2g} of it "
            f"({place}){extras}."
        )

    def _with_verdict(self, verdict: str) -> list[tuple[str, str]]:
        rows = self.table[self.table.verdict == verdict]
        return list(dict.fromkeys(zip(rows.layer, rows.tensor, strict=True)))

    def to_markdown(self) -> str:
        """The table in GitHub's Markdown."""
        rows = self._printed.itertuples(index=False)
        cells = [[text.translate(_MARKDOWN_ESCAPES) for text in row] for row in rows]
        lines = [COLUMNS, ["---"] * len(COLUMNS), *cells]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def to_html(self) -> str:
        """Sentence and table as an HTML fragment: small print, the heading always in sight."""
        heading = "".join(f"<th>{label(column)}</th>" for column in COLUMNS)
        rows = "\n".join(
            f'<tr class="{row.verdict}">{"".join(f"<td>{escape(text)}</td>" for text in row)}</tr>'
            for row in self._printed.itertuples(index=False)
        )
        return (
            f'<div class="comparison"><style>{_STYLE}</style>\n<p>{escape(self.summary)}</p>\n'
            f"<table><thead><tr>{heading}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n"
        )

    @property
    def _printed(self) -> pd.DataFrame:
        return self.table.map(_cell)


def _cell(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else cell(value)
