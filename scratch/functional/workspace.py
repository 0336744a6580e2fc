"""Memory that is used again: a tile is computed in what the last tile left warm in the cache.

A fresh array costs a page fault for every 4 KiB that is written to it, which takes as long as the
arithmetic of many a layer.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

_ALIGNMENT = 64  # A cache line, and the widest vector register.


class _Buffers(threading.local):
    """This thread's buffers by the name of what they are for."""

    def __init__(self) -> None:
        self.by_slot: dict[str, np.ndarray] = {}


_buffers = _Buffers()


def workspace(slot: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array of whatever was in it before, of this thread's own, valid until the slot's next use.

    It is for tiles and never handed to a caller: a slot keeps the most that was asked of it.

    Args:
        slot: What it is for; two arrays that are in use at once have two names.
        shape: Its shape.
        dtype: Its dtype.

    Returns:
        A contiguous array that starts with a cache line.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = _buffers.by_slot.get(slot)
    if buffer is None or len(buffer) < size:
        buffer = _buffers.by_slot[slot] = _aligned(size)
    return buffer[:size].view(dtype).reshape(shape)


def _aligned(size: int) -> np.ndarray:
    raw = np.empty(size + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size]
