"""Rows of the comparison's table."""

from __future__ import annotations

from typing import Any

from experiments.compare.pairing import PairedCall
from experiments.compare.verdicts import Measured

Rows = list[dict[str, Any]]


def row(pair: PairedCall, tensor: str, mode: str, measured: Measured) -> dict[str, Any]:
    """One tensor of one call in one mode."""
    labels = {"layer": pair.name, "type": pair.type, "tensor": tensor, "mode": mode}
    return labels | vars(measured)
