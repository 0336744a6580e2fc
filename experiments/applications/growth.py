"""Where rounding grows: what each layer makes of the error that it is given."""

from __future__ import annotations

from typing import NamedTuple

import keras
import pandas as pd

from keras_models.graph import trace


class Growth(NamedTuple):
    """How far a network that ran end to end is from the float64 judge, forward.

    Attributes:
        worst: The largest distance of any layer's output, of the twin that is further off, in
            units in the last place of that output's largest number.
        worst_layer: Its layer.
        last: The same of the network's output.
        fastest: The largest factor between a layer's distance and that of its inputs.
        fastest_layer: Its layer.
    """

    worst: float
    worst_layer: str
    last: float
    fastest: float
    fastest_layer: str


def growth(model: keras.Model, table: pd.DataFrame) -> Growth:
    """Read the growth of rounding off a comparison.

    Args:
        model: The Keras model.
        table: `Comparison.table` of it and its twin, in float32.
    """
    distances = output_distances(table)
    graph = trace(model)
    inputs = len(graph.inputs)
    factors = {}
    for call, name, distance in zip(graph.calls, distances.index, distances, strict=True):
        before = [distances.iloc[number - inputs] for number in call.inputs if number >= inputs]
        # Half an ulp is what a layer that is given exact numbers starts from.
        factors[name] = distance / max(0.5, *before, 0.0)
    fastest = max(factors, key=factors.__getitem__)
    worst = str(distances.idxmax())
    last = distances.iloc[graph.outputs[0] - inputs]
    return Growth(float(distances[worst]), worst, float(last), factors[fastest], fastest)


def output_distances(table: pd.DataFrame) -> pd.Series:
    """Each layer's distance from the judge, end to end, in the order of computation."""
    rows = table[(table["mode"] == "propagated") & (table.tensor == "output")]
    return rows.set_index("layer")[["scratch_ulp", "keras_ulp"]].max(axis=1)
