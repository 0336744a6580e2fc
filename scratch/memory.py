"""How the process deals with memory that arrays gave back."""

from __future__ import annotations

import ctypes
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""`malloc.h`'s names for mallopt's parameters."""
_KEPT = 2**28
"""Bytes: free memory up to this much is kept."""
_LARGEST = 2**25
"""Bytes: blocks up to this size are kept; the most that glibc takes."""


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next array, instead of handing it back.

    By default glibc returns large blocks to the system at once and gets them back page by page,
    zeroed: for a network's activations that takes as long as computing them. Other C libraries, and
    processes whose environment says what malloc is to do, are left as they are.
    """
    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_TRIM_THRESHOLD, _KEPT)
    mallopt(_MMAP_THRESHOLD, _LARGEST)
