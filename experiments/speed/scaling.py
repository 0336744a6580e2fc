"""How time grows with batch, image, channels and threads, in both twins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from experiments.passes import NUMPY, TENSORFLOW
from experiments.signs import SignsData
from experiments.speed.convolution import Convolution
from experiments.speed.machine import cores
from experiments.speed.networks import training_step
from experiments.speed.single_layers import convolutions
from experiments.speed.work import Build
from experiments.timing import Run, interleaved

CONVOLUTION, STEP = "convolution, both passes", "signs_convnet, training step"
BASE = Convolution(8, (28, 28), 64, 64, bias=True)
STEP_BATCH = 64


class Point(NamedTuple):
    """One size of one piece of work.

    Attributes:
        work: Which.
        grows: What is varied.
        value: To what; None where it is the threads.
        images: How many images that are.
        threads: How many threads NumPy may use: each number is timed in every round.
        build: Makes it ready.
    """

    work: str
    grows: str
    value: int | None
    images: int
    threads: tuple[int, ...]
    build: Build


_CONVOLUTIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...], Callable[[int], Convolution]]] = {
    "batch": ((1, 4, 16), (2, 8, 32, 64), lambda n: BASE.with_(batch=n)),
    "height and width": ((7, 28, 56), (14, 112), lambda n: BASE.with_(size=(n, n))),
    "channels": ((16, 64, 256), (8, 32, 128), lambda n: BASE.with_(channels=n, filters=n)),
}
"""What is varied: its values, those of the full form besides, and the convolution they give."""
_STEP_BATCHES = ((8, 32, STEP_BATCH), (1, 4, 16))


def points(full: bool) -> list[Point]:
    """All sizes: one varies, the others are those of the base.

    Args:
        full: Whether to add the sizes of the full form.
    """
    all_cores, each_number = (cores(),), tuple(range(1, cores() + 1))
    found = []
    for grows, (few, more, sized) in _CONVOLUTIONS.items():
        for value in sorted(few + more if full else few):
            case = sized(value)
            build = convolutions([case])
            found.append(Point(CONVOLUTION, grows, value, case.batch, all_cores, build))
    few, more = _STEP_BATCHES
    for batch in sorted(few + more if full else few):
        found.append(Point(STEP, "batch", batch, batch, all_cores, _step(batch)))
    builds = {
        (CONVOLUTION, BASE.batch): convolutions([BASE]),
        (STEP, STEP_BATCH): _step(STEP_BATCH),
    }
    for (work, images), build in builds.items():
        found.append(Point(work, "threads", None, images, each_number, build))
    return found


def _step(batch: int) -> Build:
    return training_step("signs_convnet", batch)


def scaling_table(
    sizes: Iterable[Point],
    repeats: int,
    signs: SignsData,
    seed: int,
    advance: Callable[[float], None],
) -> pd.DataFrame:
    """Time both twins at every size, in turn, each as if alone.

    Args:
        sizes: What to time.
        repeats: How many rounds count.
        signs: The data.
        seed: Seeds what is random.
        advance: Called once a size.

    Returns:
        One row a size and implementation. TensorFlow's threads cannot be changed once it runs: it
        has no row where NumPy may not use all cores.
    """
    libraries = ThreadpoolController()
    rows: list[dict[str, Any]] = []
    for point in sizes:
        sides = point.build(signs, np.random.default_rng(seed))
        works: dict[tuple[str, int], Run] = {
            (NUMPY, count): partial(_limited, libraries, count, sides.scratch)
            for count in point.threads
        }
        works[TENSORFLOW, cores()] = sides.keras
        timings = interleaved(works, repeats, steady=True)
        for (implementation, count), timing in timings.items():
            rows.append(
                {
                    "work": point.work,
                    "grows": point.grows,
                    "value": count if point.value is None else point.value,
                    "implementation": implementation,
                    "threads": count,
                    "milliseconds": 1000 * timing.median,
                    "milliseconds_per_image": 1000 * timing.median / point.images,
                    "cores_busy": timing.cores_busy,
                }
            )
        advance(1)
    return pd.DataFrame(rows)


def _limited(libraries: ThreadpoolController, count: int, run: Run) -> None:
    """Run while BLAS, and with it scratch, may use so many threads."""
    with libraries.limit(limits=count, user_api="blas"):
        run()
