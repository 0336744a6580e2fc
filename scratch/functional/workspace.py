"""Memory that is used again: a tile is computed in what the last tile left warm in the cache.

A fresh array costs a page fault for every 4 KiB that is written to it, which takes as long as the
arithmetic of many a layer.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

Inside = tuple[slice, ...]

_ALIGNMENT = 64  # A cache line, and the widest vector register.


class _Slots(threading.local):
    """This thread's memory by the name of what it is for, with the array last made of it."""

    def __init__(self) -> None:
        self.memory: dict[str, np.ndarray] = {}
        self.latest: dict[str, np.ndarray] = {}
        self.bordered: dict[str, tuple[np.ndarray, Inside]] = {}


_slots = _Slots()


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
    latest = _slots.latest.get(slot)
    if latest is not None and latest.shape == shape and latest.dtype == dtype:
        return latest
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = _slots.memory.get(slot)
    if memory is None or len(memory) < size:
        memory = _slots.memory[slot] = _aligned(size)
    array = _slots.latest[slot] = np.ndarray(shape, dtype, memory)
    return array


def bordered_workspace(slot: str, shape: tuple[int, ...], dtype: Any, inside: Inside) -> np.ndarray:
    """As `workspace`, with zeros outside of array[inside], which is for the caller to fill.

    The zeros are still there from the last time, if that was alike and the slot has no other use.
    """
    array = workspace(slot, shape, dtype)
    latest = _slots.bordered.get(slot)
    if latest is None or latest[0] is not array or latest[1] != inside:
        array.fill(0)
        _slots.bordered[slot] = array, inside
    return array


def _aligned(size: int) -> np.ndarray:
    raw = np.empty(size + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size]
