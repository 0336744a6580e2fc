"""One layer call to check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scratch.functional import Pads

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerCase:
    """A layer call to check.

    Attributes:
        type: The class' name in `scratch.layers` and `keras.layers`.
        shapes: Of the inputs, batch first.
        options: The constructor's arguments.
        about: What is special, where the options do not say it.
        training: The mode.
        pads: Four pad numbers instead of `padding` (Keras: zeros put around the image before).
        ties: Whether inputs are whole numbers, so that maxima are tied.
        reach: Inputs are spread from -reach to reach, a power of two.
    """

    type: str
    shapes: tuple[Shape, ...]
    options: dict[str, Any] = field(default_factory=dict)
    about: str = ""
    training: bool = False
    pads: Pads | None = None
    ties: bool = False
    reach: float = 2.0
