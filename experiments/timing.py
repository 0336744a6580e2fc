"""Timing many pieces of work in turn, and what each needs of memory at its peak.

All works run once, then all again: a machine that slows down slows down all of them, and what
counts are the ratios. Memory is measured in runs of its own, for watching NumPy's slows it down.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import tensorflow as tf

Key = TypeVar("Key", bound=Hashable)
Run = Callable[[], Any]

WARM_UP = 2
_REST, _LONGEST_REST = 0.012, 0.5
"""Seconds; the kernel may count a running thread's time in steps of 4 ms."""
_STEADY = 0.06
"""Seconds after which a process that has rested works at its usual pace: for some 50 ms the kernel
may keep threads that wake one another on one core."""


@dataclass
class Timing:
    """The seconds of every run that counts: of the clock, and of all cores together."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds of the run in the middle."""
        return statistics.median(self.wall)

    @property
    def fastest(self) -> float:
        """Seconds of the fastest run: what the machine can do when nothing else runs."""
        return min(self.wall)

    @property
    def cores_busy(self) -> float:
        """How many cores the process kept busy, on average."""
        return sum(self.cpu) / sum(self.wall)


def interleaved(
    works: Mapping[Key, Run],
    repeats: int,
    advance: Callable[[int], None] = lambda _: None,
    steady: bool = False,
) -> dict[Key, Timing]:
    """Run all works in turn, `WARM_UP` rounds and then `repeats` that count.

    Args:
        works: What to run, by any key; a run must have ended when it returns.
        repeats: How many rounds count.
        advance: Called with 1 after each run; nothing happens by default.
        steady: Whether each run comes after a `settle` and, for a while, runs of the same work
            that do not count: its threads awake and its data in the cache, as where nothing else
            runs.
    """
    timings = {key: Timing() for key in works}
    for number in range(WARM_UP + repeats):
        for key, run in works.items():
            if steady:
                settle()
                _warm_up(run)
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if number >= WARM_UP:
                timings[key].wall.append(wall)
                timings[key].cpu.append(cpu)
            advance(1)
    return timings


def _warm_up(run: Run) -> None:
    """Run it once, and again until it is at its usual pace."""
    end = time.perf_counter() + _STEADY
    run()
    while time.perf_counter() < end:
        run()


def settle() -> None:
    """Wait until no thread of this process computes, or waits for work by turning in circles.

    BLAS' threads do so for up to a tenth of a second after a product, on cores that TensorFlow's
    threads would use: its own times double.
    """
    deadline = time.perf_counter() + _LONGEST_REST
    while time.perf_counter() < deadline:
        cpu = time.process_time()
        time.sleep(_REST)
        if time.process_time() - cpu < _REST / 4:
            return


def numpy_peak(run: Run) -> int:
    """The most bytes that one run holds at a time beyond what was there: NumPy's arrays."""
    tracemalloc.start()
    try:
        kept = run()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    del kept
    return peak


def tensorflow_peak(run: Run) -> int:
    """As `numpy_peak`, by TensorFlow's own allocator.

    It does not see tensors below 256 KiB nor, perhaps, oneDNN's inner scratch space. A tensor's
    last use can free it on another thread: runs differ by a few tensors.
    """
    device = "CPU:0"
    tf.config.experimental.reset_memory_stats(device)
    before = tf.config.experimental.get_memory_info(device)["current"]
    kept = run()
    peak = tf.config.experimental.get_memory_info(device)["peak"]
    del kept
    return peak - before
