"""Layer normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratch.layers.normalizer import Normalizer


class LayerNormalization(Normalizer):
    """Normalizes each example over some of its axes, as `keras.layers.LayerNormalization`.

    Ba, Kiros and Hinton 2016. gamma and beta have one number for each place along these axes.

    Args:
        axis: What is averaged over: one axis or several.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: Name, instance or config of an initializer.
        gamma_initializer: The same.
        rms_scaling: Whether x, and not x - mean, is divided by the root of the variance plus
            epsilon and multiplied by `gamma`; there is no `beta` then.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...).

    Output shape:
        The input's.

    Raises:
        ValueError: The input has no such axis, or its size along one is unknown.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        *,
        rms_scaling: bool = False,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        parameters = (epsilon, center, scale, beta_initializer, gamma_initializer)
        super().__init__(*parameters, name=name, dtype=dtype)
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.rms_scaling = rms_scaling
        self.centred = not rms_scaling

    def averaged_axes(self, rank: int) -> tuple[int, ...]:
        """`axis`, counted from the front."""
        return tuple(sorted(axis % rank for axis in self._weight_axes()))

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"axis": self.axis, "rms_scaling": self.rms_scaling, **super().get_config()}

    def _weight_axes(self) -> list[int]:
        # Keras sorts the numbers as they are given, -1 before 1: it decides the weights' shape.
        return [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
