"""Whether "auto" chooses what is fastest here, for every convolution of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers

from experiments.speed.convolution import (
    PASSES,
    Convolution,
    Tensors,
    algorithm_of,
    scratch_pass,
)
from experiments.timing import Run, interleaved
from scratch.functional.convolution import ALGORITHMS, Pass

TIMED = tuple(name for name in ALGORITHMS if name != "textbook")
"""The textbook's whole-batch im2col is a rung of the ladder, not a choice."""


def convolutions_of(model: keras.Model, batch: int) -> list[Convolution]:
    """The convolutions of a Keras model in order, each size once.

    Args:
        model: Any model; convolutions in groups are left out.
        batch: How many images go through it.
    """
    found = [
        Convolution.of_layer(layer, batch)
        for layer in model.layers
        if type(layer) is layers.Conv2D and layer.groups == 1
    ]
    return list(dict.fromkeys(found))


def choice_table(
    models: Mapping[str, keras.Model],
    batch: int,
    repeats: int,
    rng: np.random.Generator,
    advance: Callable[[float], None],
) -> pd.DataFrame:
    """Time every algorithm on every convolution of some networks, forward and backward.

    Args:
        models: Keras models by name.
        batch: How many images go through each.
        repeats: How many runs of each algorithm count.
        rng: Draws the tensors.
        advance: Called once a network.

    Returns:
        One row a network, convolution and pass; `times_best` is what the chosen algorithm takes
        over what the fastest one takes.
    """
    rows = []
    for name, model in models.items():
        for case in convolutions_of(model, batch):
            tensors = case.draw(rng)
            rows += [{"network": name, **_timed(which, case, tensors, repeats)} for which in PASSES]
        advance(1)
    return pd.DataFrame(rows)


def _timed(which: Pass, case: Convolution, tensors: Tensors, repeats: int) -> dict[str, Any]:
    """One row: what every algorithm takes that can, in milliseconds."""

    def run(name: str) -> Run:
        return lambda: scratch_pass(which, case, tensors, name)

    able = [name for name in TIMED if ALGORITHMS[name].can(which, case.problem)]
    timings = interleaved({name: run(name) for name in able}, repeats)
    medians = {name: 1000 * timing.median for name, timing in timings.items()}
    auto, best = algorithm_of(which, case, tensors), min(medians, key=medians.__getitem__)
    return {
        "convolution": str(case),
        "pass": which,
        "auto": auto,
        "fastest": best,
        "auto_ms": medians[auto],
        "fastest_ms": medians[best],
        "times_best": medians[auto] / medians[best],
        **{f"{name}_ms": medians.get(name, np.nan) for name in TIMED},
    }
