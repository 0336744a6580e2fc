"""Exponential linear units."""

from __future__ import annotations

from typing import Any

from scratch.functional import activations
from scratch.layers.activation_layer import ActivationLayer


class ELU(ActivationLayer):
    """x above 0, alpha (exp(x) - 1) below, as `keras.layers.ELU`.

    Args:
        alpha: What the output tends to, negated, and the slope at 0.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        Any.

    Output shape:
        The input's.
    """

    def __init__(
        self, alpha: float = 1.0, *, name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(activations.get("elu", alpha=alpha), name=name, dtype=dtype)
        self.alpha = alpha

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"alpha": self.alpha, **super().get_config()}
