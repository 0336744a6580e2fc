"""What becomes of a layer's sums of products while they still are in the cache."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from scratch.functional.long_rows import rows_beside

Channels = np.ndarray | None


@dataclass(frozen=True, eq=False)
class Ending:
    """(sum + bias) scale + shift + addend, and its positive part if `rectified`.

    A layer of its own for each of these would read and write the whole array again.

    Attributes:
        bias: (C,), or None for zeros.
        scale: (C,), or None for ones.
        shift: (C,), or None for zeros.
        addend: Of the output's shape, or None for zeros.
        rectified: Whether a ReLU ends it.
    """

    bias: Channels = None
    scale: Channels = None
    shift: Channels = None
    addend: np.ndarray | None = None
    rectified: bool = False
    _rows: dict[tuple[str, int], np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def of(self, part: Any, channels: slice = slice(None)) -> Ending:
        """That of a part of the output: y[part], and some of the channels."""
        if self.addend is None and channels == slice(None):
            return self
        bias, scale, shift = (
            a if a is None else a[channels] for a in (self.bias, self.scale, self.shift)
        )
        addend = None if self.addend is None else self.addend[part][..., channels]
        return Ending(bias, scale, shift, addend, self.rectified)

    def in_rows(self) -> Ending:
        """That of the output as a matrix (pixels, C)."""
        if self.addend is None:
            return self
        return replace(self, addend=self.addend.reshape(-1, self.addend.shape[-1]))

    def split(self) -> tuple[Ending, Ending]:
        """What goes by channel alone, for numbers in any order; and what then is left to do."""
        if self.addend is None:
            return self, Ending()
        by_channel = replace(self, addend=None, rectified=False)
        return by_channel, Ending(addend=self.addend, rectified=self.rectified)

    def apply(self, y: np.ndarray) -> None:
        """Compute it in place, on y (..., C)."""
        if not y.size:
            return
        channels = y.shape[-1]
        can_cut = y.flags.c_contiguous and not y.dtype.hasobject
        beside = rows_beside(y.size // channels, channels) if can_cut else 1
        rows = y.reshape(-1, beside * channels) if beside > 1 else y
        for operation, name in ((np.add, "bias"), (np.multiply, "scale"), (np.add, "shift")):
            if getattr(self, name) is not None:
                operation(rows, self._repeated(name, beside), out=rows)
        if self.addend is not None:
            y += self.addend
        if self.rectified:
            np.maximum(rows, _zeros(rows.shape[-1], y.dtype), out=rows)

    def _repeated(self, name: str, beside: int) -> np.ndarray:
        """One row of `beside` times (C,), made once for all tiles."""
        if (name, beside) not in self._rows:
            self._rows[name, beside] = np.tile(getattr(self, name), beside)
        return self._rows[name, beside]


@lru_cache(maxsize=64)
def _zeros(count: int, dtype: np.dtype) -> np.ndarray:
    """A row, for a row is compared five times faster than a number."""
    return np.zeros(count, dtype)
