"""The sources' own draws: NumPy's legacy generator with seed 1, in the order written."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratch import reference

Array = np.ndarray


class Convolved(NamedTuple):
    """The draws for a convolution, and its geometry."""

    x: Array
    kernel: Array
    bias: Array
    stride: int
    pad: int

    @property
    def hparameters(self) -> dict[str, int]:
        """As the sources' functions take them."""
        return {"stride": self.stride, "pad": self.pad}


def draws(*shapes: tuple[int, ...]) -> list[Array]:
    """`np.random.seed(1)` and one `np.random.randn` for each shape."""
    randn = np.random.RandomState(1).randn
    return [randn(*shape) for shape in shapes]


def convolution_draws(stride: int = 1) -> Convolved:
    """A3's draws, and with stride 2 those of the 2021 version."""
    x, kernel, bias = draws((10, 4, 4, 3), (2, 2, 3, 8), (1, 1, 1, 8))
    return Convolved(x, kernel, bias, stride, pad=2)


def pooling_draws() -> tuple[Array, Array]:
    """A8's draws: A_prev (5, 5, 3, 2) and dA (5, 4, 2, 2)."""
    a_prev, da = draws((5, 5, 3, 2), (5, 4, 2, 2))
    return a_prev, da


def pooled_gradient(mode: str) -> Array:
    """dA_prev of A8's draws by the loops of `scratch.reference`."""
    a_prev, da = pooling_draws()
    _, cache = reference.pool_forward(a_prev, {"f": 2, "stride": 1}, mode)
    return reference.pool_backward(da, cache, mode)
