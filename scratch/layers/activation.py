"""Activations as layers of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch.functional import activations
from scratch.layers.base import Layer, Shape


class Activation(Layer):
    """An activation function, as `keras.layers.Activation`.

    Args:
        activation: A name that `scratch.functional.activations.get` knows.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        Any.

    Output shape:
        The input's.
    """

    def __init__(
        self, activation: str | None, *, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.activation = activations.get(activation)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        y = self.activation.forward(x)
        self.cache = (x, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The activation's own derivative."""
        return self.activation.backward(dy, *self.cache)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The input's."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"activation": self.activation.name, **super().get_config()}


class _NamedActivation(Activation):
    """An activation layer whose class says which."""

    activation_name: str

    def __init__(self, *, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(self.activation_name, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return Layer.get_config(self)


class ReLU(_NamedActivation):
    """max(x, 0), as `keras.layers.ReLU`; its derivative at 0 is 0."""

    activation_name = "relu"


class Softmax(_NamedActivation):
    """exp(x) / sum exp(x) over the last axis, as `keras.layers.Softmax`."""

    activation_name = "softmax"
