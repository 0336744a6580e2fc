"""Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import config
from scratch import functional as F  # noqa: N812
from scratch.layers.base import Layer, Shape


class Dropout(Layer):
    """Inverted dropout, as `keras.layers.Dropout`: Srivastava et al. 2014, scaled in training.

    Args:
        rate: The fraction of inputs set to zero; the others are divided by 1 - rate.
        seed: Seed of this layer's own generator; drawn from `scratch.config` when None.
        name: See `Layer`.
        dtype: See `Layer`.

    Raises:
        ValueError: `rate` is not in [0, 1).

    Attributes:
        rng: The layer's generator; its state is part of a checkpoint.
    """

    def __init__(
        self,
        rate: float,
        *,
        seed: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if not 0 <= rate < 1:
            raise ValueError(f"{self}: rate must be in [0, 1), got {rate}.")
        self.rate = rate
        self.seed = seed
        own_seed = config.random_generator().integers(2**63) if seed is None else seed
        self.rng = np.random.default_rng(own_seed)

    def draw_mask(self, shape: tuple[int, ...]) -> np.ndarray:
        """True where a value is kept. A caller may replace it to impose a mask."""
        return self.rng.random(shape) >= self.rate

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """See the class; the identity outside training."""
        self._prepare(x)
        self.cache = self.draw_mask(x.shape) if training and self.rate else None
        return x if self.cache is None else F.dropout(x, self.cache, self.rate)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The forward pass's mask and scale, applied to the gradient."""
        return dy if self.cache is None else F.dropout_backward(dy, self.cache, self.rate)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"rate": self.rate, "seed": self.seed, **super().get_config()}
