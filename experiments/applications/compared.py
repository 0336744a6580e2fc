"""One network of keras.applications against its twin: a row of the study's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

import scratch
from experiments.applications.growth import growth, output_distances
from experiments.applications.networks import build, prepared, small_shape
from experiments.compare import Comparison, compare_layers
from experiments.passes import BOTH, keras_runs, scratch_runs
from experiments.random_weights import calibrate
from experiments.signs import SignsData
from experiments.timing import interleaved, numpy_peak, tensorflow_peak
from keras_models import copy_weights, to_scratch

BATCH = 8
"""Photographs that are compared. Batch normalization needs some: where an image has shrunk to one
pixel, it divides by the deviation of so few numbers."""
LOSS = "sparse_categorical_crossentropy"
TRAINING, INFERENCE = "training", "inference"

_MIB = 2**20
_VERDICTS = ("identical", "rounding", "flip", "suspect", "unjudged", "fault")


class Compared(NamedTuple):
    """What came of one network.

    Attributes:
        network: Its row.
        runs: A row for each mode of its layers.
        depth: How far each layer's output is from the judge, in the last of the modes.
    """

    network: dict[str, Any]
    runs: list[dict[str, Any]]
    depth: pd.DataFrame


def compare_application(
    name: str,
    signs: SignsData,
    seed: int,
    modes: Sequence[str],
    photos: int,
    repeats: int,
    advance: Callable[[float], None],
) -> Compared:
    """Convert a network, compare it, and time both twins.

    Args:
        name: One of `networks.NAMES`.
        signs: Where its inputs come from.
        seed: Draws weights and photographs.
        modes: In which modes its layers are compared.
        photos: How many photographs both twins are asked to classify.
        repeats: How many timed passes count.
        advance: Called with 1 when it is done.
    """
    keras.backend.clear_session()
    shape = small_shape(name)
    model = build(name, shape, seed)
    twin = to_scratch(model)
    chosen = np.random.default_rng(seed).choice(len(signs.x_test), photos, replace=False)
    x, y = prepared(name, signs.x_test[chosen], shape), signs.y_test[chosen]
    found = {
        mode: compare_layers(twin, model, x[:BATCH], y[:BATCH], LOSS, training=mode == TRAINING)
        for mode in modes
    }
    runs = [run_row(name, mode, model, comparison) for mode, comparison in found.items()]
    agree = top1_agreement(model, twin, x)
    network = {
        "network": name,
        "input": "x".join(map(str, shape)),
        "parameters_keras": model.count_params(),
        "parameters_scratch": twin.count_params(),
        "layers": len(twin.layers),
        **summary(runs),
        "top1_photos": photos,
        "top1_agree": agree,
        **_measured(model, twin, x[:BATCH], repeats),
    }
    advance(1)
    return Compared(network, runs, _depth(name, found[modes[-1]]))


def top1_agreement(model: keras.Model, twin: scratch.Model, x: np.ndarray) -> int:
    """How many photographs both twins give the same class.

    The moving statistics become the photographs' own: with random ones a deep network's numbers
    grow until one class has all the probability, and which one is a matter of rounding.
    """
    calibrate(model, x)
    copy_weights(model, twin)
    return int((twin.predict(x).argmax(-1) == model.predict(x, verbose=0).argmax(-1)).sum())


def run_row(name: str, mode: str, model: keras.Model, found: Comparison) -> dict[str, Any]:
    """What a comparison of one network in one mode came to."""
    rows = found.isolated
    counts = rows.verdict.value_counts()
    forward, backward = (
        rows[on].nlargest(1, "error_ratio").iloc[0]
        for on in (rows.tensor == "output", rows.tensor != "output")
    )
    grown = growth(model, found.table)
    return {
        "network": name,
        "run_as": mode,
        "tensors": len(rows),
        **{verdict: int(counts.get(verdict, 0)) for verdict in _VERDICTS},
        "worst_forward_ratio": forward.error_ratio,
        "worst_forward_layer": forward.layer,
        "worst_backward_ratio": backward.error_ratio,
        "worst_backward_layer": backward.layer,
        "worst_backward_tensor": backward.tensor,
        "propagated_ulp": grown.worst,
        "propagated_layer": grown.worst_layer,
        "last_ulp": grown.last,
        "growth": grown.fastest,
        "grows_at": grown.fastest_layer,
        "choices_turned": int(found.table[found.table["mode"] == "propagated"].flips.max()),
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """All modes of one network in one row: sums of counts, and the worst errors."""
    furthest = max(runs, key=lambda run: run["propagated_ulp"])
    return {
        "tensors": sum(run["tensors"] for run in runs),
        "suspect": sum(run["suspect"] for run in runs),
        "fault": sum(run["fault"] for run in runs),
        "worst_forward_ratio": max(run["worst_forward_ratio"] for run in runs),
        "worst_backward_ratio": max(run["worst_backward_ratio"] for run in runs),
        **{key: furthest[key] for key in ("propagated_ulp", "propagated_layer", "grows_at")},
    }


def _depth(name: str, found: Comparison) -> pd.DataFrame:
    distances = output_distances(found.table)
    return pd.DataFrame(
        {
            "network": name,
            "layer": distances.index,
            "depth": np.linspace(0, 1, len(distances)),
            "ulp": distances.to_numpy(),
        }
    )


def _measured(
    model: keras.Model, twin: scratch.Model, x: np.ndarray, repeats: int
) -> dict[str, float]:
    """Seconds and peak memory of a pass forward and backward on either side, interleaved."""
    dy = np.full((len(x), *model.output_shape[1:]), 1 / len(x), x.dtype)
    works = {"scratch": scratch_runs(twin, x, dy)[BOTH], "keras": keras_runs(model, x, dy)[BOTH]}
    timings = interleaved(works, repeats, lambda _: None)
    return {
        "seconds_scratch": timings["scratch"].median,
        "seconds_keras": timings["keras"].median,
        "peak_mib_scratch": numpy_peak(works["scratch"]) / _MIB,
        "peak_mib_keras": tensorflow_peak(works["keras"]) / _MIB,
    }
