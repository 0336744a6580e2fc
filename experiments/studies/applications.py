"""Every network of keras.applications becomes NumPy, and is compared layer by layer."""

from __future__ import annotations

import pandas as pd

from experiments.applications import figures, sentences
from experiments.applications.compared import (
    INFERENCE,
    TRAINING,
    Compared,
    compare_application,
)
from experiments.applications.fit_steps import NAMES as FITTED
from experiments.applications.fit_steps import fit_steps, layer_table, part_table
from experiments.applications.native import native_table
from experiments.applications.networks import LARGEST, NAMES, QUICK
from experiments.study import Context, Findings, Kind, Table, rounding, timing

question = (
    "Do networks that were not written for this kit, Keras' own collection, compute the same in "
    "NumPy: every layer, forward and backward?"
)
method = (
    "Each network is built by keras.applications with 1,000 classes for the smallest photographs "
    "its architecture allows, gets random weights of which none is neutral, and is converted. "
    "Eight photographs go through both twins in training, with the dropout masks that Keras drew; "
    "in the full form through those of the quick form in inference too. Each layer is given the "
    "Keras layer's own input and upstream gradient and judged by the bound of rounding-error "
    "analysis (Higham 2002, section 3.1; Higham and Mary 2019); then both networks run end to end "
    "beside a float64 judge. Seconds are medians of passes in turn in one process, TensorFlow's "
    "graph compiled; memory is the peak that tracemalloc and TensorFlow's allocator (which sees no "
    "tensors below 256 KiB) report."
)
order = 12

PHOTOS, FULL_PHOTOS = 8, 32
REPEATS, FULL_REPEATS = 1, 3
QUICK_FITTED = ("MobileNetV2",)


def run(context: Context) -> Findings:
    """Convert and compare the networks; in the full form also run them at their native sizes."""
    with context.progress.task("steps of fit", len(FITTED)) as advance:
        fitted = FITTED if context.full else QUICK_FITTED
        steps = fit_steps(fitted, context.signs, context.seed, advance)
    found = _compared(context)
    networks = pd.DataFrame([one.network for one in found])
    runs = pd.DataFrame([row for one in found for row in one.runs])
    drawn = [one.depth for one in found if one.network["network"] in QUICK]
    depth = pd.concat(drawn, ignore_index=True)
    tables = [
        _network_table(networks),
        _run_table(runs),
        _step_table(part_table(steps)),
        _step_layer_table(layer_table(steps)),
        _depth_table(depth),
    ]
    if context.full:
        with context.progress.task("networks at their native size", len(LARGEST)) as advance:
            tables.append(_native_table(native_table(LARGEST, context.seed, advance)))
    return Findings(
        tables,
        [
            figures.draw_ratios(runs),
            figures.draw_growth(depth),
            figures.draw_cost(networks),
        ],
    )


def _compared(context: Context) -> list[Compared]:
    names = NAMES if context.full else QUICK
    photos, repeats = (FULL_PHOTOS, FULL_REPEATS) if context.full else (PHOTOS, REPEATS)
    found = []
    with context.progress.task("networks compared", len(names)) as advance:
        for name in names:
            also = (INFERENCE,) if context.full and name in QUICK else ()
            modes = (TRAINING, *also)
            found.append(
                compare_application(
                    name, context.signs, context.seed, modes, photos, repeats, advance
                )
            )
    return found


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """What the tables say."""
    networks, runs = tables["networks"], tables["runs"]
    said = [
        sentences.converted(networks),
        sentences.verdicts(runs),
        sentences.worst(runs),
        sentences.grown(runs),
        sentences.agreement(networks),
        sentences.fit_steps(tables["fit_step"]),
        sentences.cost(networks),
    ]
    return said + ([sentences.native(tables["native"])] if "native" in tables else [])


_PROPAGATED: dict[str, Kind] = {
    "worst_forward_ratio": rounding(atol=1.0),
    "worst_backward_ratio": rounding(atol=1.0),
    "propagated_ulp": timing(),
    "propagated_layer": timing(),
    "grows_at": timing(),
}
"""A ratio below 1 is what must hold; whose rounding is worst is another machine's own business."""


def _network_table(networks: pd.DataFrame) -> Table:
    timed = [c for c in networks.columns if c.startswith(("seconds_", "peak_mib_"))]
    return Table(
        "networks",
        "One row a network: its size, the worst errors, time and memory of both twins.",
        networks,
        # A near tie of two classes may fall to either.
        {**_PROPAGATED, **{c: timing() for c in timed}, "top1_agree": rounding(atol=1.0)},
    )


def _run_table(runs: pd.DataFrame) -> Table:
    loose = rounding(atol=float(runs.tensors.max()))
    names = ("worst_forward_layer", "worst_backward_layer", "worst_backward_tensor", "last_ulp",
             "growth", "choices_turned")  # fmt: skip
    return Table(
        "runs",
        "Verdicts in isolation, and errors end to end: one row a network and mode.",
        runs,
        {
            **_PROPAGATED,
            **dict.fromkeys(("identical", "rounding", "flip"), loose),
            **{column: timing() for column in names},
        },
    )


def _step_table(steps: pd.DataFrame) -> Table:
    return Table(
        "fit_step",
        "One step of fit by both twins: one row a network and part of the step.",
        steps,
        {"largest_ratio": rounding(atol=1.0), "layer": timing(), "tensor": timing()},
    )


def _step_layer_table(layers: pd.DataFrame) -> Table:
    exact_columns = ("network", "layer", "type")
    return Table(
        "fit_step_layers",
        "The same, one row a network and layer: error ratios by part, and how far weights moved.",
        layers,
        # Whether a tensor is bitwise equal is another machine's own business.
        {column: timing() for column in layers.columns if column not in exact_columns},
    )


def _depth_table(depth: pd.DataFrame) -> Table:
    return Table(
        "depth",
        "How far each layer's output is from float64, end to end, in the networks of the quick "
        "form.",
        depth,
        {"ulp": timing()},
    )


def _native_table(native: pd.DataFrame) -> Table:
    return Table(
        "native",
        "One photograph forward and backward in NumPy at the network's native size.",
        native,
        {"seconds": timing(), "peak_gib": timing()},
    )
