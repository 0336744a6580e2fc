"""One training pass of a scratch twin at its network's native size, in a process of its own.

The process may hold 16 GiB of memory, and what it held at most is measured: TensorFlow's library
and the Keras model that the twin is made of count too.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np
import pandas as pd

from experiments.process_memory import peak_bytes

LIMIT_GIB = 16
_GIB = 2**30


def native_table(names: Iterable[str], seed: int, advance: Callable[[float], None]) -> pd.DataFrame:
    """One row a network: whether one photograph goes forward and backward within the limit."""
    rows = []
    context = multiprocessing.get_context("spawn")
    for name in names:
        # A new process each: memory that was held once counts for ever.
        with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
            try:
                rows.append(pool.submit(native_row, name, seed).result())
            except BrokenProcessPool:
                rows.append(_row(name))
        advance(1)
    return pd.DataFrame(rows)


def native_row(name: str, seed: int) -> dict[str, Any]:
    """Convert a network and run its twin forward and backward; to be called in a fresh process."""
    limit = LIMIT_GIB * _GIB
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    from experiments import quiet

    quiet.load_tensorflow()
    from experiments.applications.networks import build, native_shape
    from keras_models import to_scratch

    try:
        model = build(name, None, seed)
        shape, parameters = native_shape(model), model.count_params()
        twin = to_scratch(model)
        x = np.random.default_rng(seed).standard_normal((1, *shape)).astype(np.float32)
        start = time.perf_counter()
        y = twin.forward(x, training=True)
        twin.backward(np.ones_like(y))
        seconds = time.perf_counter() - start
    except MemoryError:
        return _row(name)
    return _row(name, "x".join(map(str, shape)), parameters, seconds, peak_bytes() / _GIB)


def _row(
    name: str,
    shape: str = "",
    parameters: int = 0,
    seconds: float = float("nan"),
    peak_gib: float = float("inf"),
) -> dict[str, Any]:
    return {
        "network": name,
        "input": shape,
        "parameters": parameters,
        "seconds": seconds,
        "peak_gib": peak_gib,
        "fits": peak_gib <= LIMIT_GIB,
    }
