"""One layer call, as the bounds are derived from it."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.rounding import Array, Bounded, Precision

Bounds = dict[str, Bounded]


@dataclass(frozen=True)
class GivenCall:
    """What a layer is called on.

    Attributes:
        inputs: The call's inputs, in float64; both twins are given exactly these.
        dy: dL/doutput, likewise.
        training: Whether the layer computes as in training.
        precision: The arithmetic of the twins.
    """

    inputs: tuple[Array, ...]
    dy: Array
    training: bool
    precision: Precision

    @property
    def x(self) -> Array:
        """The only input."""
        return self.inputs[0]
