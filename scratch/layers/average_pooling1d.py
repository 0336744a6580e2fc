"""Average pooling of sequences."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.pooling import SequencePooling


class AveragePooling1D(SequencePooling):
    """The mean of each window, padding not counted, as `keras.layers.AveragePooling1D`.

    See `SequencePooling` for the arguments.
    """

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = (1, x.shape[1])
        return F.average_pool2d(x[:, None], **self.geometry)[:, 0]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source A, equation 5, added up where windows overlap (source B)."""
        return F.average_pool2d_backward(dy[:, None], self.cache, **self.geometry)[:, 0]
