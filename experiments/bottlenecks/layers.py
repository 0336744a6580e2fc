"""Where a NumPy forward pass spends its time: every layer on its own, on the inputs it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import scratch
from experiments.timing import Run, Timing


class LayerKey(NamedTuple):
    """One use of a layer in a variant."""

    pair: str
    variant: str
    layer_type: str
    layer: str


def layer_runs(pair: str, variant: str, model: scratch.Model, x: np.ndarray) -> dict[LayerKey, Run]:
    """Every layer's forward pass, ready to be timed.

    Args:
        pair: Whose variant the model is.
        variant: Which one.
        model: A model of one input.
        x: That input.
    """
    values: dict[Any, np.ndarray] = {model.inputs[0]: x}
    runs: dict[LayerKey, Run] = {}
    for call in model.calls:
        inputs = call.arguments(values)
        values[call.output] = call.layer.forward(inputs)
        key = LayerKey(pair, variant, type(call.layer).__name__, call.layer.name)
        runs[key] = _forward(call.layer, inputs)
    return runs


def layer_table(timings: Mapping[LayerKey, Timing]) -> pd.DataFrame:
    """Median seconds by type of layer, one row a variant and type."""
    rows = pd.DataFrame({**key._asdict(), "seconds": t.median} for key, t in timings.items())
    by_type = rows.groupby(["pair", "variant", "layer_type"], sort=False)["seconds"].sum()
    table = by_type.reset_index()
    table["share"] = table.seconds / table.groupby(["pair", "variant"]).seconds.transform("sum")
    return table


def _forward(layer: Any, inputs: Any) -> Run:
    return lambda: layer.forward(inputs)
