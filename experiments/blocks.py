"""Large arrays in blocks that fit the processor's cache.

An expression on whole arrays writes each intermediate result to fresh memory, which takes several
times as long as to compute it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

Block = tuple[slice, ...]

_MOST = 2**14
"""Numbers in a block: with radii and some intermediate results, less than 1 MiB."""


def blocks(shape: tuple[int, ...], most: int = _MOST) -> Iterator[Block]:
    """Cut an array of `shape` into blocks of at most `most` numbers.

    Yields:
        One slice for each axis. Leading axes are cut into single steps until the rest fits.
    """
    if not shape or math.prod(shape) <= most:
        yield tuple(slice(None) for _ in shape)
        return
    step = max(1, most // math.prod(shape[1:]))
    inner = list(blocks(shape[1:], most)) if step == 1 else [(slice(None),) * (len(shape) - 1)]
    for start in range(0, shape[0], step):
        for rest in inner:
            yield (slice(start, start + step), *rest)


def at(array: np.ndarray, block: Block) -> np.ndarray:
    """A block of an array that may be broadcast: an axis of size 1 is taken whole."""
    cut = (slice(None) if size == 1 else s for size, s in zip(array.shape, block, strict=True))
    return array[tuple(cut)]
