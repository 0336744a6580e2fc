"""How much memory each algorithm needs for the same convolution."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from experiments.speed.convolution import PASSES, Convolution, algorithm_of, scratch_pass
from experiments.speed.machine import threads
from experiments.timing import numpy_peak
from scratch.functional.convolution import ALGORITHMS

_MIB = 2**20


def peak_table(cases: Iterable[Convolution], rng: np.random.Generator) -> pd.DataFrame:
    """Peak bytes of each pass by each algorithm, its result and its tiles' memory included.

    One thread computes, a new one each time, so that no tile's memory is there before. With more
    threads each has tiles of its own.

    Args:
        cases: The convolutions.
        rng: Draws their tensors.

    Returns:
        One row a convolution, pass and algorithm; `chosen` says which one "auto" is.
    """
    rows = []
    for case in cases:
        tensors = case.draw(rng)
        held = sum(t.nbytes for t in tensors if t is not None)
        for which in PASSES:
            auto = algorithm_of(which, case, tensors)
            for name, algorithm in ALGORITHMS.items():
                if not algorithm.can(which, case.problem):
                    continue
                run = partial(scratch_pass, which, case, tensors, name)
                result = run().nbytes
                with threads(1), ThreadPoolExecutor(1) as fresh:
                    peak = fresh.submit(numpy_peak, run).result()
                rows.append(
                    {
                        "convolution": str(case),
                        "pass": which,
                        "algorithm": name,
                        "chosen": name == auto,
                        "operands_mib": held / _MIB,
                        "result_mib": result / _MIB,
                        "peak_mib": peak / _MIB,
                    }
                )
    return pd.DataFrame(rows)
