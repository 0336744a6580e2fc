"""Global average pooling."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.global_pooling import GlobalPooling


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel over the whole image, as `keras.layers.GlobalAveragePooling2D`.

    See `GlobalPooling` for the arguments.
    """

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x.shape[1:-1]
        return F.global_average_pool(x, self.keepdims)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Spread the gradient evenly over the image."""
        return F.global_average_pool_backward(dy, self.cache)


class GlobalAveragePooling1D(GlobalAveragePooling2D):
    """The mean of each channel over all steps, as `keras.layers.GlobalAveragePooling1D`."""

    rank = 3
