"""Test accuracies on SIGNS that others have published."""

from __future__ import annotations

import math
from typing import NamedTuple


class Published(NamedTuple):
    """The range over published runs of one network.

    Attributes:
        published: The network, and how it was trained where that is known.
        lowest: The lowest test accuracy.
        most_often: The one met most often; NaN where none is.
        highest: The highest test accuracy.
        network: The network of the zoo to hold beside it.
    """

    published: str
    lowest: float
    most_often: float
    highest: float
    network: str


PUBLISHED = (
    Published("source B's ConvNet", 0.733, 0.7833, 0.850, "signs_convnet"),
    Published("ResNet-50", 0.9333, math.nan, 0.9583, "signs_deep"),
)
