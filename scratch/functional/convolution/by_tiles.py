"""A convolution whose sums are computed tile by tile, each of which is ended while in the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scratch.functional.convolution.problem import Problem
from scratch.functional.convolution.tiling import Tile, tiles_of
from scratch.functional.ending import Ending
from scratch.functional.threads import in_threads


@dataclass(frozen=True)
class ByTiles:
    """What an algorithm that goes by tiles makes of an input and a kernel.

    Attributes:
        problem: The convolution.
        bytes_per_row: What a tile keeps for one row of outputs of one image.
        fill: (tile, part) computes the tile's sums, to part (images, rows, Wo, Cout).
    """

    problem: Problem
    bytes_per_row: int
    fill: Callable[[Tile, np.ndarray], None]

    def all_ended(self, ending: Ending) -> np.ndarray:
        """All tiles with their ending, (N, Ho, Wo, Cout)."""
        y = np.empty(self.problem.output_shape, self.problem.dtype)

        def compute(tile: Tile) -> None:
            part = tile.of(y)
            self.fill(tile, part)
            ending.of(tile.part).apply(part)

        in_threads(compute, tiles_of(self.problem, self.bytes_per_row))
        return y
