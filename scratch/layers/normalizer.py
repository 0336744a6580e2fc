"""What the layers share that normalize, then scale and shift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import initializers
from scratch.layers.arguments import sizes_along
from scratch.layers.base import Layer, Shape

Statistics = tuple[np.ndarray, np.ndarray, tuple[int, ...]]


class Normalizer(Layer):
    """Base of batch, layer and group normalization.

    A subclass says which axes of the input, or of the input in another shape, it averages over.

    Attributes:
        centred: Whether the mean is subtracted, not only taken for the variance.

    Args:
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: Name, instance or config of an initializer.
        gamma_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.
    """

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.centred = True
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self._sizes: tuple[int, ...] | None = None

    keeps_output = False

    def build(self, input_shape: Any) -> None:
        """Create gamma and beta, with the input's sizes along `_weight_axes`."""
        self._sizes = self._weight_shape(input_shape)
        if self.scale or not self.centred:  # As Keras has them.
            self.add_weight("gamma", self._sizes, self.gamma_initializer)
        if self.center and self.centred:
            self.add_weight("beta", self._sizes, self.beta_initializer)
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """See the class."""
        return self._normalized(x, training)

    def _normalized(self, x: np.ndarray, training: bool, over: bool = False) -> np.ndarray:
        """What `forward` returns, written over x if `over` and the statistics are fixed."""
        self._prepare(x)
        grouped = x.reshape(self.grouped_shape(x.shape))
        mean, variance, axes = self.statistics(grouped, self.averaged_axes(x.ndim), training)
        self.cache = (grouped, mean, variance, axes)
        gamma, beta = self.parameters(x.shape)
        if axes:
            subtracted = mean if self.centred else np.zeros_like(mean)
            y = F.normalize(grouped, subtracted, variance, gamma, beta, self.epsilon)
        else:
            fixed = F.scale_and_shift(mean, variance, gamma, beta, self.epsilon)
            y = F.scale_by_channel(grouped, *fixed, over)
        return y.reshape(x.shape)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Ioffe and Szegedy 2015, section 3, in closed form."""
        x, mean, variance, axes = self.cache
        gamma, _ = self.parameters(dy.shape)
        dx, dgamma, dbeta = F.normalize_backward(
            dy.reshape(x.shape), x, mean, variance, gamma, self.epsilon, axes, self.centred
        )
        for name, gradient in (("gamma", dgamma), ("beta", dbeta)):
            if name in self.weights:
                self.gradients[name] = gradient.reshape(self.weights[name].shape)
        return dx.reshape(dy.shape)

    def averaged_axes(self, rank: int) -> tuple[int, ...]:
        """What statistics are taken over: axes of the grouped input, for inputs of `rank` axes."""
        raise NotImplementedError

    def grouped_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape that inputs of `shape` are given before anything is computed."""
        return tuple(shape)

    def broadcast_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape in which gamma and beta broadcast against grouped inputs of `shape`."""
        axes = [axis % len(shape) for axis in self._weight_axes()]
        return tuple(size if axis in axes else 1 for axis, size in enumerate(shape))

    def parameters(self, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray | None]:
        """gamma, ones where there is none, and beta or None, in their broadcast shape."""
        gamma, beta = self.weights.get("gamma"), self.weights.get("beta")
        broadcast = self.broadcast_shape(shape)
        return (
            np.ones(broadcast, self.dtype) if gamma is None else gamma.reshape(broadcast),
            None if beta is None else beta.reshape(broadcast),
        )

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        self._weight_shape(input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            **super().get_config(),
        }

    def statistics(
        self,
        x: np.ndarray,
        axes: tuple[int, ...],
        training: bool,  # noqa: ARG002
    ) -> Statistics:
        """Mean and variance, and the axes that they depend on the grouped input over."""
        return *F.moments(x, axes), axes

    def _weight_axes(self) -> Sequence[int]:
        """The input's axes that gamma and beta have."""
        raise NotImplementedError

    def _weight_shape(self, input_shape: Any) -> tuple[int, ...]:
        """The input's sizes along those axes.

        Raises:
            ValueError: One is missing, unknown, another one than at the layer's first use, or
                that of the batch.
        """
        axes = self._weight_axes()
        sizes = sizes_along(self, input_shape, axes, self._sizes)
        if any(axis % len(input_shape) == 0 for axis in axes):
            raise ValueError(
                f"{self}: axis {', '.join(map(str, axes))} must be one behind the batch axis, "
                f"got shape {tuple(input_shape)}."
            )
        return sizes
