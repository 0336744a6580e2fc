"""How values are printed for people: in the report, in sentences and in the terminal."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd


def number(value: float, digits: int = 4) -> str:
    """A number with `digits` significant digits, thousands separated: 1,310  0.7833  2.3e-13."""
    if isinstance(value, bool) or not math.isfinite(value):
        return str(value).lower()
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < 1e6:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"


def percent(fraction: float, decimals: int = 1) -> str:
    """A fraction as a percentage: 78.3 %."""
    return f"{100 * fraction:.{decimals}f} %"


def cell(value: Any) -> str:
    """A table's cell: numbers as `number`, truth as yes or no, missing values as a dash."""
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if pd.isna(value):
        return "\N{EN DASH}"
    if isinstance(value, (int, float)) or hasattr(value, "dtype"):
        return number(value.item() if hasattr(value, "item") else value)
    return str(value)


def label(column: str) -> str:
    """A column's heading: its name with spaces."""
    return column.replace("_", " ")
