"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratch import config
from scratch import functional as F  # noqa: N812
from scratch.data_checks import check_at_least
from scratch.layers.base import Layer, Shape


class BaseDropout(Layer):
    """Inverted dropout: Srivastava et al. 2014, scaled in training.

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

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the mask for inputs of `shape`: what it broadcasts is dropped together."""
        raise NotImplementedError

    def draw_mask(self, shape: tuple[int, ...]) -> np.ndarray:
        """True where a value of an input of `shape` is kept. A caller may replace it."""
        return self.rng.random(self.mask_shape(shape)) >= self.rate

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


class Dropout(BaseDropout):
    """Values dropped one by one, or together, as `keras.layers.Dropout`.

    Args:
        rate: See `BaseDropout`.
        noise_shape: The shape of the mask, batch first, None where it is the input's; along axes
            of size 1 values are dropped together. None: the input's shape.
        seed: See `BaseDropout`.
        name: See `Layer`.
        dtype: See `Layer`.

    Raises:
        TypeError: A size is not a whole number.
        ValueError: `rate` is not in [0, 1), a size is below 1, or the mask does not broadcast to
            the input.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        for size in noise_shape or ():
            if size is not None:
                check_at_least(f"{self}: noise_shape", size, 1)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """`noise_shape`, its unknown sizes filled in."""
        if self.noise_shape is None:
            return shape
        sizes = zip(self.noise_shape, shape, strict=True)
        return tuple(known if own is None else own for own, known in sizes)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        if self.noise_shape is not None and not (
            len(self.noise_shape) == len(input_shape)
            and all(
                size in (None, 1) or known in (None, size)
                for size, known in zip(self.noise_shape, input_shape, strict=True)
            )
        ):
            raise ValueError(
                f"{self}: noise_shape {self.noise_shape} does not broadcast to an input of shape "
                f"{tuple(input_shape)}."
            )
        return super().compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        shape = None if self.noise_shape is None else list(self.noise_shape)
        return {"noise_shape": shape, **super().get_config()}
