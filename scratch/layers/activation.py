"""Any activation by its name."""

from __future__ import annotations

from typing import Any

from scratch.functional import activations
from scratch.layers.activation_layer import ActivationLayer


class Activation(ActivationLayer):
    """An activation function, as `keras.layers.Activation`.

    Args:
        activation: A name that `scratch.functional.activations.get` knows.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Raises:
        ValueError: The name is unknown.
    """

    def __init__(
        self, activation: str | None, *, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(activations.get(activation), name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"activation": self.activation.name, **super().get_config()}
