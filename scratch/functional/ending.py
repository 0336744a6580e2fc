"""What becomes of a layer's sums of products while they still are in the cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scratch.functional.long_rows import rows_beside
from scratch.functional.workspace import workspace

Channels = np.ndarray | None


@dataclass(frozen=True, eq=False)
class Ending:
    """(sum + bias) scale + shift, and its positive part if `rectified`: each number by its channel.

    A layer of its own for each of these would read and write the whole array again.

    Attributes:
        bias: (C,), or None for zeros.
        scale: (C,), or None for ones.
        shift: (C,), or None for zeros.
        rectified: Whether a ReLU ends it.
    """

    bias: Channels = None
    scale: Channels = None
    shift: Channels = None
    rectified: bool = False

    def of(self, channels: slice) -> Ending:
        """That of some of the channels."""
        bias, scale, shift = (
            a if a is None else a[channels] for a in (self.bias, self.scale, self.shift)
        )
        return Ending(bias, scale, shift, self.rectified)

    def apply(self, y: np.ndarray) -> None:
        """Compute it in place, on y (..., C)."""
        if not y.size:
            return
        channels = y.shape[-1]
        beside = rows_beside(y.size // channels, channels) if y.flags.c_contiguous else 1
        rows = y.reshape(-1, beside * channels) if beside > 1 else y

        def repeated(numbers: np.ndarray | float) -> np.ndarray:
            row = workspace("ending", (beside, channels), y.dtype)
            row[...] = numbers
            return row.reshape(-1)

        for operation, numbers in (
            (np.add, self.bias),
            (np.multiply, self.scale),
            (np.add, self.shift),
            (np.maximum, 0 if self.rectified else None),
        ):
            if numbers is not None:
                operation(rows, repeated(numbers), out=rows)
