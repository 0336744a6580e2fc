"""1x1 bottlenecks: what they save by the count, and what is left of it on this machine."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.bottlenecks import figures, sentences
from experiments.bottlenecks.applications import QUICK, all_applications, application_table
from experiments.bottlenecks.exercise import exercise_5_4
from experiments.bottlenecks.inception import inception_table
from experiments.bottlenecks.measured import Bench, Measured, speed_up_table
from experiments.bottlenecks.published import published_table
from experiments.bottlenecks.sweep import break_even_table, sweep_table
from experiments.bottlenecks.variants import PAIRS, block_table
from experiments.study import Context, Figure, Findings, Kind, Table, timing
from experiments.timing import WARM_UP
from scratch.functional import using_algorithm

question = (
    "What does a 1x1 bottleneck save in weights, multiply-accumulates, memory and time, and why "
    "is the time saved not the count saved?"
)
method = (
    "Counted: every use of a layer of a model, from its shapes; FLOPs = 2 MACs + bias adds. Held "
    "against source E (exercises 5-3 and 5-4), the papers, TensorFlow's own profiler, and the "
    "width at which a reduction breaks even, r* = K^2 C_in C_out / (C_in + K^2 C_out), in exact "
    "integers. Measured: each block with and without its 1x1 on the same random tensors, in NumPy "
    "and TensorFlow, everything in turn in one process, the median of the warm runs; memory is the "
    "peak that tracemalloc (NumPy) and TensorFlow's allocator (which sees no tensors below 256 KiB "
    "and perhaps not oneDNN's inner scratch space) report for one more run. The roof is each "
    "implementation's own: the highest rate of a product of two 2000 x 2000 matrices or of any "
    "block, and of a += b over 128 MiB arrays (Williams et al. 2009). NumPy computes on one "
    "thread and by im2col, so that its operations are those counted (never by Winograd's "
    "algorithm), TensorFlow on all cores: speed-ups compare within each, never between them. "
    "Operations are 2 for each MAC; bytes are each layer's inputs, weights and output once; a "
    "backward pass takes both twice more."
)
order = 50

REPEATS, FULL_REPEATS = 5, 11
FULL_SCALE = 4
"""How many times the batches of the quick form the full form has."""


def run(context: Context) -> Findings:
    """Count everything, then run the pairs."""
    names = all_applications() if context.full else list(QUICK)
    with context.progress.task("networks counted", len(names)) as advance:
        applications = application_table(names, advance)
    measured = _measure(context)
    speed_ups = speed_up_table(measured.variants)
    sweep, break_even = sweep_table(), break_even_table()
    return Findings(
        _counted_tables(applications, sweep, break_even) + _timed_tables(measured, speed_ups),
        _figures(sweep, break_even, measured, speed_ups),
    )


def findings(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The sentences of the report."""
    return [
        sentences.exercise(tables["exercise_5_4"]),
        *sentences.inception(tables["inception"]),
        sentences.blocks(tables["blocks"]),
        sentences.break_even(tables["break_even"]),
        *sentences.applications(tables["applications"], tables["published"]),
        *sentences.speed_ups(tables["speed_ups"]),
        sentences.memory(tables["measured"]),
        sentences.roofline(tables["measured"], tables["roofs"]),
        sentences.numpy_time(tables["measured"], tables["numpy_layers"], tables["numpy_products"]),
    ]


def _measure(context: Context) -> Measured:
    scale, repeats = (FULL_SCALE, FULL_REPEATS) if context.full else (1, REPEATS)
    bench = Bench(PAIRS, scale, np.random.default_rng(context.seed))
    task = context.progress.task("runs", bench.runs * (WARM_UP + repeats))
    with using_algorithm("exact"), task as advance:
        return bench.measure(repeats, advance)


def _counted_tables(
    applications: pd.DataFrame, sweep: pd.DataFrame, break_even: pd.DataFrame
) -> list[Table]:
    return [
        Table("exercise_5_4", "Exercise 5-4 with its numbers put in.", exercise_5_4()),
        Table(
            "inception",
            "GoogLeNet's inception modules, naive and reduced, beside the paper's own columns.",
            inception_table(),
        ),
        Table("blocks", "Blocks with and without a 1x1, for one image.", block_table()),
        Table("break_even", "How wide a 1x1 reduction may be and still save.", break_even),
        Table("sweep", "What a 1x1 reduction costs at width r.", sweep),
        Table(
            "applications",
            "Networks of keras.applications, by our count and TensorFlow's profiler, one image.",
            applications,
        ),
        Table(
            "published", "Published numbers, each in its convention.", published_table(applications)
        ),
    ]


def _timed_tables(measured: Measured, speed_ups: pd.DataFrame) -> list[Table]:
    return [
        Table(
            "speed_ups",
            "How many times faster the variant with the 1x1 is: counted, allowed, measured.",
            speed_ups,
            _timings(speed_ups, ("pair", "passes", "implementation", "counted")),
        ),
        Table(
            "measured",
            "Every variant, pass and implementation: time, rate and peak memory.",
            measured.variants,
            _timings(
                measured.variants,
                ("pair", "variant", "passes", "implementation", "batch", "macs", "bytes_moved",
                 "flop_per_byte"),
            ),
        ),
        Table(
            "roofs",
            "What this machine reaches at most.",
            measured.roofs,
            _timings(measured.roofs, ("implementation",)),
        ),
        Table(
            "numpy_layers",
            "Where NumPy's forward pass spends its time, by type of layer.",
            measured.layers,
            _timings(measured.layers, ("pair", "variant", "layer_type")),
        ),
        Table(
            "numpy_products",
            "NumPy's matrix products alone, (rows, inner) x (inner, columns), the narrow first.",
            measured.products,
            _timings(measured.products, ("rows", "inner", "columns", "macs")),
        ),
    ]  # fmt: skip


def _timings(frame: pd.DataFrame, exact: tuple[str, ...]) -> dict[str, Kind]:
    """Everything but the `exact` columns depends on the machine."""
    return {column: timing() for column in frame.columns if column not in exact}


def _figures(
    sweep: pd.DataFrame, break_even: pd.DataFrame, measured: Measured, speed_ups: pd.DataFrame
) -> list[Figure]:
    return [
        figures.draw_sweep(sweep, break_even),
        figures.draw_savings(speed_ups),
        figures.draw_roofline(measured.variants, measured.roofs),
    ]
