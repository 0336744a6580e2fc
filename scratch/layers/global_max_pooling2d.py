"""Global max pooling."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.global_pooling import GlobalPooling


class GlobalMaxPooling2D(GlobalPooling):
    """The largest number of each channel, as `keras.layers.GlobalMaxPooling2D`.

    Tied maxima share the gradient evenly, as in TensorFlow, unlike those of `MaxPooling2D`. See
    `GlobalPooling` for the arguments.
    """

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        y = F.global_max_pool(x, self.keepdims)
        self.cache = (x, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """All of the gradient to the maximum."""
        return F.global_max_pool_backward(dy, *self.cache)


class GlobalMaxPooling1D(GlobalMaxPooling2D):
    """The largest number of each channel, as `keras.layers.GlobalMaxPooling1D`."""

    rank = 3
