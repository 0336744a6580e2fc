"""Work on all cores: Python threads, with BLAS at one thread in each of them.

NumPy lets go of the interpreter while it computes, so that threads on different parts of an array
run side by side; each call must do enough for that to pay, 20 microseconds at the least. BLAS' own
threads are not used: they serve thin matrices badly, and after every product they spin for a while
on cores that others need.

How many threads there are is BLAS' setting (`OPENBLAS_NUM_THREADS`, threadpoolctl). One thread is
the setting for runs that repeat bit by bit whatever else is computed; nothing here depends on the
number, for sums are parted by `sum_in_threads` and not by who is free.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Part = TypeVar("Part")

_GROUPS = 8
"""Sums that `sum_in_threads` keeps apart: a multiple of the usual numbers of cores."""


def thread_count() -> int:
    """How many threads BLAS may use now; all cores where its library cannot be asked."""
    return _blas().get_num_threads() if _blas() else _cores()


def in_threads(work: Callable[[Part], None], parts: Sequence[Part]) -> None:
    """Call `work` on every part, in all threads, the caller's own among them.

    A thread takes the next part when it is done with the last, so that a slow core gets fewer.
    Calls inside of `work` do not part their own work again.

    Args:
        work: Must not write to memory that it writes to for another part.
        parts: Of about equal work.

    Raises:
        Exception: Whatever `work` raised, once all threads have ended.
    """
    helpers = min(thread_count(), len(parts)) - 1
    shared = iter(parts)

    def run() -> None:
        for part in shared:
            work(part)

    with one_blas_thread():
        # A context each: NumPy keeps `errstate` in it.
        runs = [_pool().submit(contextvars.copy_context().run, run) for _ in range(helpers)]
        try:
            run()
        finally:
            # A thread that did not wake up before all was done is not waited for.
            errors = [helper.exception() for helper in runs if not helper.cancel()]
    for error in errors:
        if error is not None:
            raise error


def sum_in_threads(term: Callable[[Part], np.ndarray], parts: Sequence[Part]) -> np.ndarray:
    """Sum of term(part) over all parts, at least one, in an order that knows of no threads.

    Neighbouring parts are added up in groups; the groups' sums are added in their order.

    Args:
        term: Gives arrays of one shape.
        parts: In few groups, so that few sums are held at once.
    """
    length = -(-len(parts) // _GROUPS)
    groups = [parts[start : start + length] for start in range(0, len(parts), length)]
    sums: list[Any] = [None] * len(groups)

    def add_up(group: int) -> None:
        first, *others = groups[group]
        sums[group] = term(first)
        for part in others:
            sums[group] += term(part)

    in_threads(add_up, range(len(groups)))
    total = sums[0]
    for other in sums[1:]:
        total += other
    return total


def slices(count: int, most: int) -> list[slice]:
    """Slices of range(count), of at most `most` each.

    Their lengths differ by one, and there are an even number of them if there are several: two
    threads get the same.
    """
    parts = -(-count // most)
    parts = min(count, parts + parts % 2) if parts > 1 else parts
    bounds = [count * part // parts for part in range(parts + 1)] if parts else []
    return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]


@functools.cache
def _blas() -> Any:
    """The handle of the library that NumPy multiplies with, None if threadpoolctl knows none.

    SciPy may have brought another one.
    """
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    of_numpy = [library for library in found if "numpy" in library.filepath]
    return next(iter(of_numpy or found), None)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, _cores() - 1), thread_name_prefix="scratch")


class _Held:
    """How many callers hold BLAS at one thread, and what it had before the first of them."""

    lock = threading.Lock()
    callers = 0
    before = 1


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS at one thread inside the block; the last block to end restores what was.

    `in_threads` does so; what calls BLAS without it does so itself.
    """
    blas = _blas()
    if blas is None:
        yield
        return
    with _Held.lock:
        if not _Held.callers:
            _Held.before = blas.get_num_threads()
            if _Held.before > 1:
                _give_blas()(1)
        _Held.callers += 1
    try:
        yield
    finally:
        with _Held.lock:
            _Held.callers -= 1
            if not _Held.callers and _Held.before > 1:
                _give_blas()(_Held.before)


@functools.cache
def _give_blas() -> Callable[[int], Any]:
    """What sets BLAS' threads.

    For OpenBLAS its own function: threadpoolctl's heeds only the Python thread that used it first.
    """
    for prefix, suffix in itertools.product(("", "scipy_"), ("", "64_", "_64")):
        name = f"{prefix}openblas_set_num_threads{suffix}"
        if hasattr(_blas().dynlib, name):
            return getattr(_blas().dynlib, name)
    return _blas().set_num_threads


def _after_fork() -> None:
    """A child has none of its parent's threads: nobody is there to give back what they held."""
    _pool.cache_clear()
    _Held.lock = threading.Lock()
    if _Held.callers:
        _Held.callers = 0
        _give_blas()(_Held.before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
