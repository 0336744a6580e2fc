"""Numbers as text: what a source printed, held against what was computed to the printed digits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

_KEPT = 15
_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?|True|False")


def exactly(values: Any) -> list[Fraction]:
    """All numbers of an array or a sequence; each float is a ratio of integers, exactly."""
    flat = np.asarray(values, dtype=object).ravel()
    return [Fraction(value.item() if hasattr(value, "item") else value) for value in flat]


def agree(printed: str, values: Sequence[Fraction]) -> bool:
    """Whether every printed number is the value rounded: off by half a unit of its last digit.

    NumPy prints the numbers of an array with the same decimals and drops the zeros at their ends,
    so that the last digit is that of the longest one. What is printed as integers must be equal.
    """
    wanted = [_read(text) for text in _numbers(printed, values)]
    places = decimals(printed)
    allowed = Fraction(1, 2 * 10**places) if places else Fraction(0)
    pairs = zip(wanted, values, strict=True)
    return all(abs(text - value) <= allowed for text, value in pairs)


def rewritten(printed: str, values: Sequence[Fraction]) -> str:
    """`printed` with the values in the place of its numbers, to the same decimals."""
    _numbers(printed, values)
    places, in_order = decimals(printed), iter(values)

    def written(match: re.Match[str]) -> str:
        value = next(in_order)
        if match[0] in ("True", "False"):
            return str(bool(value))
        text = rounded(value, places)
        return f"{int(text):,}" if "," in match[0] else text

    return _NUMBER.sub(written, printed)


def rounded(value: Fraction, places: int) -> str:
    """A number to so many decimals, zeros at its end dropped: 0.5, -23.16, 0."""
    text = f"{Decimal(round(value * 10**places)).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def listed(values: Iterable[Fraction], places: int) -> str:
    """Numbers to so many decimals, one behind the other."""
    return ", ".join(rounded(value, places) for value in values)


def decimals(printed: str) -> int:
    """How many decimals count: those of the longest number, and none beyond 15 digits in all.

    Fifteen is what a float64 keeps of any decimal number; the sixteenth and seventeenth digit that
    a sum was printed with depend on the order of its additions.
    """
    return max(_decimals(text) for text in _NUMBER.findall(printed))


def _decimals(text: str) -> int:
    whole, _, fraction = text.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    return len(fraction) - max(0, len(digits) - _KEPT) if fraction else 0


def _numbers(printed: str, values: Sequence[Fraction]) -> list[str]:
    found = _NUMBER.findall(printed)
    if len(found) != len(values):
        raise ValueError(f"{len(values)} values were computed for the {len(found)} of {printed!r}.")
    return found


def _read(text: str) -> Fraction:
    return (
        Fraction(text == "True") if text in ("True", "False") else Fraction(text.replace(",", ""))
    )
