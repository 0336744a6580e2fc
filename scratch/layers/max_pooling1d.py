"""Max pooling of sequences."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.pooling import SequencePooling
from scratch.layers.sequences import One


class MaxPooling1D(SequencePooling):
    """The largest value of each window, as `keras.layers.MaxPooling1D`; see `SequencePooling`."""

    def __init__(
        self,
        pool_size: One = 2,
        strides: One | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(pool_size, strides, padding, name=name, dtype=dtype)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        x = x[:, None]
        y = F.max_pool2d_output(x, **self.geometry)
        self.cache = (x, y)
        return y[:, 0]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source A, equation 4."""
        return F.max_pool2d_input_gradient(dy[:, None], *self.cache, **self.geometry)[:, 0]
