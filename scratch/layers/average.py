"""Average of tensors."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.merging import Merging


class Average(Merging):
    """The mean of tensors, as `keras.layers.Average`; see `Merging`."""

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = [part.shape for part in x]
        return F.average(x)

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """Every input gets an even share of the gradient."""
        return F.average_backward(dy, self.cache)
