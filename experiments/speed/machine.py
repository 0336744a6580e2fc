"""What this machine allows: its cores, and its rates of arithmetic and of copying."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits

from experiments.bottlenecks.roofline import SIDE, STREAM, Roof
from experiments.timing import interleaved, settle


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Inside the block BLAS, and with it scratch, may use so many threads."""
    with threadpool_limits(count, user_api="blas"):
        yield


def measured_roof(repeats: int, side: int = SIDE, stream: int = STREAM) -> Roof:
    """The rate of a large matrix product, and of copying a large array, on all cores.

    A copy reads a number and writes one: 8 bytes.

    Args:
        repeats: How many runs of each count; the fastest is the limit.
        side: Rows and columns of the matrices.
        stream: Numbers in the array.
    """
    count = cores()
    square, product = np.ones((side, side), np.float32), np.empty((side, side), np.float32)
    sources, targets = (
        np.array_split(make(stream, np.float32), count) for make in (np.ones, np.zeros)
    )
    with ThreadPoolExecutor(count) as pool:
        works = {
            "product": lambda: np.matmul(square, square, out=product),
            "copy": lambda: list(pool.map(np.copyto, targets, sources)),
        }
        with threads(count):
            timings = interleaved(works, repeats, steady=True)
    settle()
    rate = 2 * side**3 / timings["product"].fastest / 1e9
    return Roof(
        gflops=rate,
        product_gflops=rate,
        gigabytes=2 * square.itemsize * stream / timings["copy"].fastest / 1e9,
        cores_busy=timings["product"].cores_busy,
        threads=count,
    )
