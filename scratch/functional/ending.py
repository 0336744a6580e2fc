"""What becomes of a layer's sums of products while they still are in the cache."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scratch.functional.long_rows import rows_beside
from scratch.functional.workspace import workspace

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

    def of(self, part: Any, channels: slice = slice(None)) -> Ending:
        """That of a part of the output: y[part], and some of the channels."""
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

        def repeated(numbers: np.ndarray | float) -> np.ndarray | float:
            if beside == 1:
                return numbers
            row = workspace("ending", (beside, channels), y.dtype)
            row[...] = numbers
            return row.reshape(-1)

        for operation, numbers in (
            (np.add, self.bias),
            (np.multiply, self.scale),
            (np.add, self.shift),
        ):
            if numbers is not None:
                operation(rows, repeated(numbers), out=rows)
        if self.addend is not None:
            y += self.addend
        if self.rectified:
            np.maximum(rows, repeated(0), out=rows)
