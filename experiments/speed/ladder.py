"""From loops to the fastest algorithm on the same convolution: what each idea buys."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.speed.alone import loop_backward, loop_forward
from experiments.speed.by_hand import (
    Found,
    cell_backward,
    cell_forward,
    window_backward,
    window_forward,
)
from experiments.speed.convolution import Convolution, Tensors, algorithm_of, scratch_pass
from experiments.speed.errors import error, in_float64
from experiments.speed.machine import cores, threads
from experiments.timing import Timing, interleaved
from scratch.functional import using_algorithm
from scratch.functional.convolution import Pass

FORWARD, BACKWARD = "forward", "backward"
PASSES: Mapping[str, tuple[Pass, ...]] = {
    FORWARD: ("forward",),
    BACKWARD: ("input_gradient", "kernel_gradient"),
}
"""What is timed together."""

Way = Callable[[Convolution, Tensors], Found]


class Rung(NamedTuple):
    """One way to compute a convolution.

    Attributes:
        name: What it is called.
        ways: How each of its passes is computed.
        threads: How many threads BLAS and scratch may use; 0 for all cores.
        algorithm: What scratch is asked for; "" for what is not scratch's.
        slow: Whether it is timed once, in its first run.
        part: Whether it runs on the batch's first image only, unless all are asked for.
    """

    name: str
    ways: Mapping[str, Way]
    threads: int = 1
    algorithm: str = ""
    slow: bool = False
    part: bool = False


def scratch_rung(
    name: str, algorithm: str, count: int, passes: tuple[str, ...] = tuple(PASSES)
) -> Rung:
    """A rung by scratch's algorithms.

    Args:
        name: What it is called.
        algorithm: What "auto" is to mean; where it does not apply, "exact".
        count: As `Rung.threads`.
        passes: Which of `PASSES` it has.
    """

    def way(together: tuple[Pass, ...]) -> Way:
        def run(case: Convolution, tensors: Tensors) -> Found:
            with using_algorithm(algorithm):
                return {which: scratch_pass(which, case, tensors) for which in together}

        return run

    return Rung(name, {name: way(PASSES[name]) for name in passes}, count, algorithm)


LOOPS = Rung(
    "loops over every number", {FORWARD: loop_forward, BACKWARD: loop_backward}, slow=True,
    part=True,
)  # fmt: skip
_COMMON = (
    LOOPS,
    Rung("a product for each window", {FORWARD: window_forward, BACKWARD: window_backward},
         slow=True),
    Rung("a product for each cell of the kernel", {FORWARD: cell_forward, BACKWARD: cell_backward}),
    scratch_rung("im2col of the whole batch", "textbook", 1),
    scratch_rung("im2col by tiles in the cache", "tiles", 1),
    scratch_rung("tiles on all cores", "tiles", 0),
)  # fmt: skip
_AUTO = scratch_rung("what auto chooses", "auto", 0)

LADDERS: tuple[tuple[Convolution, tuple[Rung, ...]], ...] = (
    (
        Convolution(8, (32, 32), 16, 32, bias=True),
        (*_COMMON, _AUTO),
    ),
    (
        Convolution(8, (28, 28), 128, 128, bias=True),
        (*_COMMON, scratch_rung("Winograd", "winograd", 0), _AUTO),
    ),
    (
        Convolution(16, (64, 64), 3, 8, (4, 4), bias=True, nonzero=1 / 64),
        (
            *_COMMON,
            scratch_rung("strips of neighbouring windows", "strips", 0),
            scratch_rung("only where the error is not zero", "sparse", 0, (BACKWARD,)),
            _AUTO,
        ),
    ),
)
"""The convolution that the loops are held against, one with many channels, and the first one of
source B's network with the error that its 8x8 max-pooling leaves."""


def climb(
    case: Convolution, rungs: tuple[Rung, ...], repeats: int, whole: bool,
    rng: np.random.Generator, advance: Callable[[float], None],
) -> pd.DataFrame:  # fmt: skip
    """Time every rung of one ladder and hold what it found against float64.

    Args:
        case: The convolution.
        rungs: From the slowest to the fastest.
        repeats: How many runs count of rungs that are not slow.
        whole: Whether the loops, too, run on the whole batch.
        rng: Draws the tensors.
        advance: Called once a rung.

    Returns:
        One row a rung and pass.
    """
    tensors = case.draw(rng)
    rows = []
    for rung in rungs:
        images = 1 if rung.part and not whole else case.batch
        part = case.with_(batch=images)
        given = tensors._replace(x=tensors.x[:images], dy=tensors.dy[:images])
        exact = in_float64(part, given)
        for passes in rung.ways:
            with threads(rung.threads or cores()):
                timing, found = _run(rung, passes, part, given, repeats)
            rows.append(
                {
                    "convolution": str(case),
                    "rung": rung.name,
                    "passes": passes,
                    "algorithms": _algorithms(rung, passes, part, given),
                    "threads": rung.threads or cores(),
                    "images_run": images,
                    "seconds": timing.median * case.batch / images,
                    "error_ulps": max(
                        error(tensor, exact[which]).largest_ulps for which, tensor in found.items()
                    ),
                }
            )
        advance(1)
    return _compared(pd.DataFrame(rows), case)


def _run(
    rung: Rung, passes: str, case: Convolution, tensors: Tensors, repeats: int
) -> tuple[Timing, Found]:
    """The rung's times, and what it found."""
    way = rung.ways[passes]
    if not rung.slow:
        timing = interleaved({passes: lambda: way(case, tensors)}, repeats, steady=True)[passes]
        return timing, way(case, tensors)
    began = time.perf_counter()
    found = way(case, tensors)
    return Timing([time.perf_counter() - began]), found


def _algorithms(rung: Rung, passes: str, case: Convolution, tensors: Tensors) -> str:
    """Which of scratch's algorithms ran, pass by pass."""
    if not rung.algorithm:
        return ""
    with using_algorithm(rung.algorithm):
        return ", ".join(algorithm_of(which, case, tensors) for which in PASSES[passes])


def _compared(rows: pd.DataFrame, case: Convolution) -> pd.DataFrame:
    """With the rates, and how many times faster each rung is than the first and the one before."""
    macs = rows.passes.map({name: len(passes) * case.macs for name, passes in PASSES.items()})
    rows["gflop_per_s"] = 2 * macs / rows.seconds / 1e9
    by_pass = rows.groupby("passes").seconds
    rows["times_faster_than_loops"] = by_pass.transform("first") / rows.seconds
    rows["times_faster_than_rung_before"] = (by_pass.shift() / rows.seconds).fillna(1.0)
    return rows
