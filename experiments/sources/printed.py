"""A printed number: where it stands, what the kit computes, and where it is wrong, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd

from experiments.faults import BY_NAME
from experiments.sources.digits import agree, decimals, exactly, listed, rewritten

# Right values are written to so many decimals.
PLACES = 12


@dataclass(frozen=True)
class Wrong:
    """Why a printed number is wrong.

    Attributes:
        cause: In one clause.
        right: The right value, from the proof.
        proof: How that was found without the kit's code.
        fault: The catalogue's name of the mistake.
        with_fault: What the faulty implementation gives.
    """

    cause: str
    right: Sequence[Fraction]
    proof: str
    fault: str
    with_fault: Sequence[Fraction]


@dataclass(frozen=True)
class Printed:
    """One number or array of a source.

    Attributes:
        item: Its place: the source's letter, and a number or a word.
        function: The source's function, or what else it is about.
        set_up: What it was computed from.
        what: Which number it is.
        printed: The digits as printed.
        computed: The same numbers, computed by the kit.
        wrong: Why it is wrong, where code is the reason.
        words: How it stands in the text where it is not printed in digits.
        note: What else to say.
    """

    item: str
    function: str
    set_up: str
    what: str
    printed: str
    computed: Any
    wrong: Wrong | None = None
    words: str = ""
    note: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the printed digits are those of the computed numbers."""
        return agree(self.printed, exactly(self.computed))

    @property
    def explanation(self) -> str:
        """What explains a difference, or what else there is to say."""
        return self.wrong.cause if self.wrong else self.note


def printed_frame(numbers: Sequence[Printed]) -> pd.DataFrame:
    """One row for every printed number or array."""
    return pd.DataFrame(
        {
            "source": number.item[0],
            "item": number.item,
            "function": number.function,
            "set_up": number.set_up,
            "what": number.what,
            "printed": number.words or number.printed,
            "computed": rewritten(number.printed, exactly(number.computed)),
            "agrees": number.agrees,
            "explanation": number.explanation,
        }
        for number in numbers
    )


def wrong_frame(numbers: Sequence[Printed]) -> pd.DataFrame:
    """One row for every printed number that faulty code explains."""
    return pd.DataFrame(
        _wrong_row(number, number.wrong) for number in numbers if number.wrong is not None
    )


def _wrong_row(number: Printed, wrong: Wrong) -> dict[str, Any]:
    places = decimals(number.printed)
    return {
        "item": number.item,
        "function": number.function,
        "what": number.what,
        "printed": number.printed,
        "right_value": listed(wrong.right, PLACES),
        "proof": wrong.proof,
        "proof_agrees": _close(exactly(number.computed), wrong.right, Fraction(1, 2 * 10**places)),
        "fault": BY_NAME[wrong.fault].name,
        "with_fault": listed(wrong.with_fault, places),
        "fault_reproduces": agree(number.printed, wrong.with_fault),
        "cause": wrong.cause,
    }


def _close(one: Sequence[Fraction], other: Sequence[Fraction], allowed: Fraction) -> bool:
    return all(abs(a - b) <= allowed for a, b in zip(one, other, strict=True))
