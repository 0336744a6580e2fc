"""Addition of tensors."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.merging import Merging


class Add(Merging):
    """The sum of tensors, as `keras.layers.Add` (a residual connection); see `Merging`."""

    def forward(self, x: list[np.ndarray], training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = [part.shape for part in x]
        return F.add(x)

    def forward_over(
        self,
        x: list[np.ndarray],
        training: bool = False,  # noqa: ARG002
    ) -> np.ndarray:
        """See `Layer.forward_over`."""
        self._prepare(x)
        self.cache = [part.shape for part in x]
        return F.add_over(x)

    def backward(self, dy: np.ndarray) -> list[np.ndarray]:
        """Every input gets the whole gradient."""
        return F.add_backward(dy, self.cache)
