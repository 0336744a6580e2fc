"""Rectified linear units."""

from __future__ import annotations

from typing import Any

from scratch.functional import activations
from scratch.layers.activation_layer import ActivationLayer


class ReLU(ActivationLayer):
    """The rectifier, as `keras.layers.ReLU`; without options max(x, 0) with derivative 0 at 0.

    Args:
        max_value: What the output does not exceed; None for no limit.
        negative_slope: The slope up to the threshold: negative_slope (x - threshold).
        threshold: Above it the output is x.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Raises:
        ValueError: An argument is negative.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        options = {"negative_slope": negative_slope, "threshold": threshold}
        given = {option: value for option, value in options.items() if value}
        if max_value is not None:
            given["max_value"] = max_value
        super().__init__(activations.get("relu", **given), name=name, dtype=dtype)
        self._check_not_negative(negative_slope=negative_slope, threshold=threshold)
        if max_value is not None:
            self._check_not_negative(max_value=max_value)
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
            **super().get_config(),
        }
