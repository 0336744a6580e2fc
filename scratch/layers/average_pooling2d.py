"""Average pooling."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.pooling import Pooling2D


class AveragePooling2D(Pooling2D):
    """The mean of each window, padding not counted, as `keras.layers.AveragePooling2D`.

    See `Pooling2D` for the arguments.
    """

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x.shape[1:3]
        return F.average_pool2d(x, **self.geometry)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source A, equation 5, added up where windows overlap (source B)."""
        return F.average_pool2d_backward(dy, self.cache, **self.geometry)
