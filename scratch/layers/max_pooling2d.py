"""Max pooling."""

from __future__ import annotations

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch.layers.arguments import Pair
from scratch.layers.pooling import Pooling2D


class MaxPooling2D(Pooling2D):
    """The largest value of each window, as `keras.layers.MaxPooling2D`; see `Pooling2D`.

    The gradient goes to the first maximum of a window in row-major order.
    """

    def __init__(
        self,
        pool_size: int | Pair = (2, 2),
        strides: int | Pair | None = None,
        padding: str = "valid",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(pool_size, strides, padding, name=name, dtype=dtype)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        y = F.max_pool2d_output(x, **self.geometry)
        self.cache = (x, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source A, equation 4."""
        return F.max_pool2d_input_gradient(dy, *self.cache, **self.geometry)

    def argmax(self) -> np.ndarray:
        """Where in its window each maximum of the latest `forward` was; see `F.max_pool2d`."""
        return F.max_pool2d_argmax(*self.cache, **self.geometry)
