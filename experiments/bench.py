"""Time the NumPy twin against the Keras twin: `make bench`.

Both run interleaved in one process, so that a machine that slows down slows down both, and each as
if alone: warm, with the other's threads at rest. What counts is the ratio of medians. TensorFlow
gets its best form: compiled graphs, tensors already on the device, results read without a copy. A
limit that is missed is reported, never an error.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from rich.table import Table as Grid

from experiments import provenance, style
from experiments.formatting import number
from experiments.results import StudyResults, read_study, write_study
from experiments.signs import SignsData
from experiments.speed import alone
from experiments.speed.bench_figure import draw_ratios
from experiments.speed.machine import cores, threads
from experiments.speed.processes import KERAS, SCRATCH, first_steps
from experiments.speed.work import Work
from experiments.speed.works import BATCH, pointwise_works, works
from experiments.study import Context, Findings, Table, timing
from experiments.terminal import console
from experiments.timing import Timing, interleaved

NAME = "speed"
"""The folder that results are written to."""
REPEATS = 31
PROCESSES = 5
_COLD = "signs_convnet, first training step from a cold process, import included"
_COLD_LIMIT = 0.15


def run_benchmark(context: Context, root: Path) -> StudyResults:
    """Measure everything on all cores and write `root / NAME`, whole or not at all.

    Args:
        context: The data and the seed.
        root: The folder of results.

    Raises:
        ResultsError: The results cannot be written.
    """
    style.use()
    with threads(cores()):
        began = time.perf_counter()
        findings = measure(context)
        record = provenance.record(NAME, context, time.perf_counter() - began)
    record = replace(record, command="make bench", form="bench")
    return read_study(write_study(root, NAME, findings, record))


def measure(context: Context) -> Findings:
    """Time every row; one after the other is made ready, run and let go.

    Args:
        context: The data and the seed.
    """
    compared, layers = works(), pointwise_works()
    with context.progress.task("rows", len(compared) + len(layers) + 4) as advance:

        def timed(rows: Iterable[Work]) -> list[dict[str, Any]]:
            found = []
            for work in rows:
                found.append(ratio_row(work, context.signs, context.seed, REPEATS))
                advance(1)
            return found

        rows = timed(compared)
        parts = pd.DataFrame(timed(layers))
        found = []
        for measured in (_loops, _textbook, _memory):
            found.append(measured(context))
            advance(1)
        cold = first_steps(PROCESSES)
        rows.append(_row(_COLD, _COLD_LIMIT, cold[SCRATCH], cold[KERAS]))
    ratios = pd.DataFrame(rows)
    others = pd.DataFrame([{**row._asdict(), "reached": row.reached} for row in found])
    return Findings(
        [
            _table("ratios", "NumPy's time over TensorFlow's, medians in milliseconds.", ratios),
            _table("one_by_one", "The same for each 1x1 convolution of the blocks.", parts),
            _table("alone", "What needs no TensorFlow.", others),
        ],
        [draw_ratios(ratios)],
    )


def ratio_row(work: Work, signs: SignsData, seed: int, repeats: int) -> dict[str, Any]:
    """Time both sides of one piece of work in turn.

    Args:
        work: What to time.
        signs: The data.
        seed: Seeds what is random in it.
        repeats: How many rounds count.

    Returns:
        A row: medians, their ratio, the quartiles of the rounds' own ratios, the limit, and
        whether it is `reached`.
    """
    sides = work.build(signs, np.random.default_rng(seed))
    gc.collect()
    timings = interleaved(sides._asdict(), repeats, steady=True)
    return _row(work.name, work.limit, timings["scratch"], timings["keras"])


def print_benchmark(results: StudyResults) -> None:
    """Print the tables with their limits, and what they were measured with.

    Args:
        results: As `run_benchmark` returns them.
    """
    out, frames = console(), results.frames
    grid = Grid(title=f"Medians of {REPEATS} interleaved rounds, float32, milliseconds")
    grid.add_column("work")
    for title in ("NumPy", "TensorFlow", "ratio", "at most"):
        grid.add_column(title, justify="right")
    grid.add_column("reached")
    for row in frames["ratios"].to_dict("records"):
        times = (number(row[column], 3) for column in ("numpy_ms", "tensorflow_ms"))
        ratio, limit = f"{row['ratio']:.2f}", number(row["limit"])
        grid.add_row(row["work"], *times, ratio, limit, _mark(row["reached"]))
    out.print(grid)
    for row in frames["alone"].to_dict("records"):
        least = "at least" if row["at_least"] else "at most"
        out.print(
            f"{row['what']}: {number(row['value'], 3)} {row['unit']} ({least} "
            f"{number(row['limit'])}: {_mark(row['reached'])})",
            soft_wrap=True,
        )
    machine = results.provenance.machine
    out.print(
        f"{machine['cpu']}, {machine['cores']} cores. NumPy: {machine['kernels']} kernels, threads "
        f"{machine['threads']}; TensorFlow {tf.__version__}: threads "
        f"{tf.config.threading.get_intra_op_parallelism_threads() or 'on all cores'}. Seed "
        f"{results.provenance.seed}; {results.provenance.data_source}",
        soft_wrap=True,
    )


def _loops(context: Context) -> alone.Alone:
    return alone.times_faster_than_loops(alone.LADDER, REPEATS, np.random.default_rng(context.seed))


def _textbook(context: Context) -> alone.Alone:
    rng = np.random.default_rng(context.seed)
    return alone.times_faster_than_textbook(BATCH, REPEATS, context.signs, rng)


def _memory(_context: Context) -> alone.Alone:
    return alone.training_memory()


def _row(work: str, limit: float, ours: Timing, theirs: Timing) -> dict[str, Any]:
    ratio = ours.median / theirs.median
    low, high = np.quantile(np.divide(ours.wall, theirs.wall), (0.25, 0.75))
    return {
        "work": work,
        "numpy_ms": 1000 * ours.median,
        "tensorflow_ms": 1000 * theirs.median,
        "ratio": ratio,
        "ratio_lower_quartile": low,
        "ratio_upper_quartile": high,
        "limit": limit,
        "reached": ratio <= limit,
        "rounds": len(ours.wall),
    }


def _table(name: str, title: str, frame: pd.DataFrame) -> Table:
    exact = ("work", "what", "unit", "at_least", "limit", "rounds")
    return Table(name, title, frame, {c: timing() for c in frame.columns if c not in exact})


def _mark(reached: bool) -> str:
    return "[green]yes[/green]" if reached else "[red]no[/red]"
