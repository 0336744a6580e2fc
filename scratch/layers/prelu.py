"""Rectified linear units whose slope is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.layers.base import Layer, Shape


class PReLU(Layer):
    """x above 0, alpha x below, as `keras.layers.PReLU`; the derivative at 0 is 0.

    He et al. 2015, section 2.1.

    Args:
        alpha_initializer: Name, instance or config of an initializer.
        shared_axes: Axes along which one slope serves, counted from the batch's, which is 0: [1, 2]
            for one slope a channel of an image. None: each number of a sample has its own.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...); all sizes but the batch's and those of `shared_axes` known.

    Output shape:
        The input's.

    Raises:
        TypeError: An axis is not a whole number.
        ValueError: An axis is below 1 or the input does not have it, or a size is unknown or
            another than the weights were made for.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        *,
        shared_axes: int | Sequence[int] | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.alpha_initializer = initializers.get(alpha_initializer)
        if isinstance(shared_axes, int):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)
        for axis in self.shared_axes or ():
            check_at_least(f"{self}: every one of shared_axes", axis, 1)

    def build(self, input_shape: Any) -> None:
        """Create alpha, the input's shape without the batch and with 1 for shared axes."""
        sizes = [n for n in self._slopes(input_shape) if n is not None]
        if len(sizes) != len(input_shape) - 1:
            raise ValueError(
                f"{self}: every size of the input but the batch's must be known or in shared_axes, "
                f"got shape {tuple(input_shape)}."
            )
        self.add_weight("alpha", tuple(sizes), self.alpha_initializer)
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        self.cache = x
        return F.prelu(x, self.weights["alpha"])

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """He et al. 2015, eq. 2 and 3."""
        dx, self.gradients["alpha"] = F.prelu_backward(dy, self.cache, self.weights["alpha"])
        return dx

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        slopes = self._slopes(input_shape)
        if self.built and not self._fits(slopes):
            raise ValueError(
                f"{self}: its slopes alpha are {self.weights['alpha'].shape}, got an input of "
                f"shape {tuple(input_shape)}."
            )
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "shared_axes": self.shared_axes,
            **super().get_config(),
        }

    def _slopes(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of alpha for inputs of `input_shape`, None where that is unknown."""
        shared = self.shared_axes or []
        if shared and max(shared) >= len(input_shape):
            raise ValueError(
                f"{self}: shared_axes={shared} are not all axes of an input of shape "
                f"{tuple(input_shape)}."
            )
        return tuple(1 if axis in shared else n for axis, n in enumerate(input_shape))[1:]

    def _fits(self, slopes: tuple[int | None, ...]) -> bool:
        shape = self.weights["alpha"].shape
        return len(shape) == len(slopes) and all(
            n in (None, size) for n, size in zip(slopes, shape, strict=True)
        )
