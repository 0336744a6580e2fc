"""Normalization by statistics of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import initializers
from scratch.layers.arguments import sizes_along
from scratch.layers.base import Layer, Shape

# What Keras takes for a deviation below it: `keras.config.epsilon()`.
_SMALLEST_DEVIATION = 1e-7


class Normalization(Layer):
    """`(x - mean) / sqrt(variance)` by fixed statistics, as `keras.layers.Normalization`.

    They are given as options, or else are weights that training leaves alone: `mean`, `variance`
    and an unused `count`, to be copied from a Keras layer that was adapted to a data set.

    Args:
        axis: The axes along which the statistics differ: one, several, or None for none.
        mean: A number, or nested lists that broadcast against the input's sizes along `axis`.
        variance: The same, of `mean`'s shape.
        invert: Whether to compute `mean + x sqrt(variance)` instead.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...).

    Output shape:
        The input's.

    Raises:
        ValueError: Only one of `mean` and `variance` is given, they differ in shape, the input has
            no such axis, or they do not fit its size along it.
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        axes = () if axis is None else (axis,) if isinstance(axis, int) else axis
        self.axis = tuple(int(number) for number in axes)
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            raise ValueError(
                f"{self}: mean and variance must both be given, in one shape, or neither, "
                f"got {mean!r} and {variance!r}."
            )
        self.mean = None if mean is None else np.asarray(mean, np.float64)
        self.variance = None if variance is None else np.asarray(variance, np.float64)
        self.invert = invert
        self._sizes: tuple[int, ...] | None = None

    def build(self, input_shape: Any) -> None:
        """Create mean and variance, with the input's sizes along the axes, unless they are given.

        `count` is an integer that Keras keeps for old files.
        """
        self._sizes = self._statistics_shape(input_shape)
        if self.mean is None:
            self.add_weight("mean", self._sizes, initializers.Zeros(), trainable=False)
            self.add_weight("variance", self._sizes, initializers.Ones(), trainable=False)
            self.add_weight("count", (), initializers.Zeros(), trainable=False, dtype=np.int64)
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        mean, deviation = self.statistics(x.shape)
        self.cache = deviation
        return F.rescale(x, deviation, mean) if self.invert else F.standardize(x, mean, deviation)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The gradient, divided or multiplied by the deviation."""
        backward = F.rescale_backward if self.invert else F.standardize_backward
        return backward(dy, self.cache)

    def statistics(self, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation as they broadcast against inputs of `shape`."""
        kept, sizes = self._kept_axes(len(shape)), self._statistics_shape(shape)
        broadcast = [size if axis in kept else 1 for axis, size in enumerate(shape)]
        mean, variance = (
            np.broadcast_to(
                self.weights[name] if given is None else given.astype(self.dtype), sizes
            ).reshape(broadcast)
            for name, given in (("mean", self.mean), ("variance", self.variance))
        )
        return mean, np.maximum(np.sqrt(variance), self.dtype.type(_SMALLEST_DEVIATION))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        self._statistics_shape(input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "axis": list(self.axis),
            "mean": None if self.mean is None else self.mean.tolist(),
            "variance": None if self.variance is None else self.variance.tolist(),
            "invert": self.invert,
            **super().get_config(),
        }

    def _kept_axes(self, rank: int) -> list[int]:
        return sorted(axis % rank if -rank <= axis < rank else axis for axis in self.axis)

    def _statistics_shape(self, input_shape: Any) -> tuple[int, ...]:
        """The input's sizes along the axes.

        Raises:
            ValueError: See the class.
        """
        axes = self._kept_axes(len(input_shape))
        sizes = sizes_along(self, input_shape, axes, self._sizes)
        given = np.shape(self.mean) if self.mean is not None else ()
        aligned = zip(given[::-1], sizes[::-1], strict=False)
        if len(given) > len(sizes) or not all(number in (1, size) for number, size in aligned):
            raise ValueError(
                f"{self}: mean and variance of shape {given} do not fit inputs of shape "
                f"{tuple(input_shape)} along axis {list(self.axis)}."
            )
        return sizes
