"""Group normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratch.data_checks import check_at_least
from scratch.layers.normalizer import Normalizer


class GroupNormalization(Normalizer):
    """Normalizes each example's groups of channels, as `keras.layers.GroupNormalization`.

    Wu and He 2018. A group is channels that lie next to each other, over all positions.

    Args:
        groups: Into how many the channels are divided; -1 for one channel each (instance
            normalization).
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: Name, instance or config of an initializer.
        gamma_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, ...).

    Output shape:
        The input's.

    Raises:
        ValueError: The input has no such axis, or `groups` does not divide its size along it.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        *,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        parameters = (epsilon, center, scale, beta_initializer, gamma_initializer)
        super().__init__(*parameters, name=name, dtype=dtype)
        if groups != -1:
            check_at_least(f"{self}: groups", groups, 1)
        self.groups = groups
        self.axis = axis

    def averaged_axes(self, rank: int) -> tuple[int, ...]:
        """All but the batch's and the groups'."""
        return tuple(axis for axis in range(1, rank + 1) if axis != self.axis % rank)

    def grouped_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """With the channels as (groups, channels of a group)."""
        channels = self.axis % len(shape)
        groups = shape[channels] if self.groups == -1 else self.groups
        return (*shape[:channels], groups, shape[channels] // groups, *shape[channels + 1 :])

    def broadcast_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """See `Normalizer.broadcast_shape`."""
        return self.grouped_shape(super().broadcast_shape(shape))

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {"groups": self.groups, "axis": self.axis, **super().get_config()}

    def _weight_axes(self) -> tuple[int, ...]:
        return (self.axis,)

    def _weight_shape(self, input_shape: Any) -> tuple[int, ...]:
        (channels,) = super()._weight_shape(input_shape)
        if self.groups != -1 and channels % self.groups:
            raise ValueError(
                f"{self}: groups must divide the {channels} channels evenly, got {self.groups}."
            )
        return (channels,)
