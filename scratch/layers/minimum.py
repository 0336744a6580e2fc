"""Minimum of tensors."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.merging import Merging


class Minimum(Merging):
    """The smallest of tensors at each place, as `keras.layers.Minimum`; see `Merging`.

    The first of equal inputs gets the gradient.
    """

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        y, winner = F.minimum(x)
        self.cache = (winner, [part.shape for part in x])
        return y

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """All of the gradient to the input that was chosen."""
        return F.extreme_backward(dy, *self.cache)
