"""Fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812
from scratch import initializers
from scratch.data_checks import check_at_least
from scratch.functional import activations
from scratch.layers.arguments import input_features
from scratch.layers.base import Layer, Shape


class Dense(Layer):
    """`activation(x @ kernel + bias)` over the last axis, as `keras.layers.Dense`.

    Args:
        units: Output features.
        activation: A name that `scratch.functional.activations.get` knows, or None.
        use_bias: Whether to add a bias.
        kernel_initializer: Name, instance or config of an initializer.
        bias_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ..., features).

    Output shape:
        (batch, ..., units).

    Raises:
        ValueError: `units` below 1, or the input's features unknown.
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        check_at_least(f"{self}: units", units, 1)
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    @property
    def keeps_output(self) -> bool:  # type: ignore[override]
        """An activation's derivative may need it."""
        return self.activation.name != "linear"

    def build(self, input_shape: Any) -> None:
        """Create kernel (features, units) and bias (units,)."""
        self.features = input_features(self, input_shape)
        self.add_weight("kernel", (self.features, self.units), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.units,), self.bias_initializer)
        self.built = True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        z = F.dense(x, self.weights["kernel"], self.weights.get("bias"))
        y = self.activation.forward(z)
        self.cache = (x, z, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source C: delta^l = W^T delta . sigma', dW = delta a^T."""
        x, z, y = self.cache
        dz = self.activation.backward(dy, z, y)
        self.gradients["kernel"] = F.dense_kernel_gradient(dz, x)
        if self.use_bias:
            self.gradients["bias"] = F.dense_bias_gradient(dz)
        return F.dense_input_gradient(dz, self.weights["kernel"])

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, ..., units)."""
        input_features(self, input_shape)
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "units": self.units,
            "activation": self.activation.name,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            **super().get_config(),
        }
