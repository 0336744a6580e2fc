"""What the trained variants come to, as the rows of the study's tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from keras.layers import Conv2D

from experiments.compare import Comparison, compare_layers
from experiments.complexity import count
from experiments.intervals import wilson
from experiments.lockstep.outcome import accuracy
from experiments.one_by_one.paired import paired
from experiments.one_by_one.training import Trained
from experiments.one_by_one.variants import (
    DIRECT,
    LINEAR,
    MIXED,
    NONE,
    REDUCED,
    RELU,
    SCALED,
    Variant,
    keras_own,
    network,
)
from experiments.signs import SignsData
from keras_models import to_scratch

_COMPARED = 4  # Photographs that the trained twins are compared on, layer by layer.
_SIGNIFICANT = 0.05


class Pair(NamedTuple):
    """A question put to two variants: what the first has and the second has not."""

    role: str
    what: str
    first: Variant
    second: Variant


PAIRS = (
    Pair("non-linearity", "the ReLU behind the 1x1", RELU, LINEAR),
    Pair("non-linearity", "the 1x1 with its ReLU", RELU, NONE),
    Pair("non-linearity", "the 1x1 without ReLU", LINEAR, NONE),
    Pair("channel mixing", "mixing in the 1x1", MIXED, SCALED),
    Pair("cost", "the 1x1 before the 3x3", REDUCED, DIRECT),
)


def compare(one: Trained, data: SignsData) -> Comparison:
    """A trained network, in Keras' own layers, against its NumPy twin, on a few photographs."""
    model = keras_own(one.variant, one.weights)
    x, y = data.x_test[:_COMPARED], data.y_test[:_COMPARED]
    with _unwarned():
        return compare_layers(to_scratch(model), model, x, y)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without TensorFlow's advice on retracing: Keras compiles each grouped convolution anew."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def run_rows(one: Trained, epochs: int, y: np.ndarray) -> list[dict[str, Any]]:
    """A row for each twin that was trained; y are the test photographs' classes, (N,)."""
    return [
        {
            "variant": one.variant.name,
            "seed": one.seed,
            "twin": side,
            "epochs": epochs,
            "count_of": len(y),
            **accuracy(predicted, y),
        }
        for side, predicted in one.predicted.items()
    ]


def variant_row(
    variant: Variant, runs: pd.DataFrame, trained: list[Trained], compared: Comparison
) -> dict[str, Any]:
    """What a variant costs, how well its seeds read, and whether its twins agree."""
    mine = runs[(runs.variant == variant.name) & (runs.twin == "Keras")]
    photographs = int(mine.count_of.iloc[0])
    low, high = wilson(round(mine.correct.mean()), photographs)
    totals = count(network(variant, Conv2D)).totals
    seconds = [one.seconds for one in trained if one.variant is variant]
    return {
        "variant": variant.name,
        "description": variant.description,
        "parameters": totals["parameters"],
        "macs": totals["macs"],
        "seeds": len(mine),
        "accuracy": mine.accuracy.mean(),
        "lowest": mine.accuracy.min(),
        "highest": mine.accuracy.max(),
        "low": low,
        "high": high,
        "seconds_keras": _median(seconds, "Keras"),
        "seconds_scratch": _median(seconds, "scratch"),
        "tensors_compared": len(compared.isolated),
        "worst_error_ratio": compared.isolated.error_ratio.max(),
        "verdict": "agree" if compared.ok else "differ",
    }


def paired_row(pair: Pair, trained: list[Trained], y: np.ndarray) -> dict[str, Any]:
    """Two variants' answers held against each other, and what may be said of them."""
    first, second = (
        np.array([one.predicted["Keras"] == y for one in trained if one.variant is variant])
        for variant in (pair.first, pair.second)
    )
    found = paired(first, second)
    told = found.p_value < _SIGNIFICANT / len(PAIRS)
    if told and found.low > 0:
        says = "the network reads better with it"
    elif told and found.high < 0:
        says = "the network reads worse with it"
    else:
        says = "these data cannot tell the two apart"
    return {
        "role": pair.role,
        "what": pair.what,
        "first": pair.first.name,
        "second": pair.second.name,
        "seeds": len(first),
        **found._asdict(),
        "says": says,
    }


def _median(seconds: list[dict[str, float]], side: str) -> float:
    return float(np.median([times[side] for times in seconds if side in times]))
