"""What this machine allows: its cores, the kernels of its BLAS, its arithmetic and bandwidth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Inside the block BLAS, and with it scratch, may use so many threads."""
    with threadpool_limits(count, user_api="blas"):
        yield
