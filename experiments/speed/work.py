"""A piece of work that both twins can do, with the ratio of their times that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from experiments.signs import SignsData
from experiments.timing import Run


class Sides(NamedTuple):
    """The work, ready to run on either side; a run has ended when it returns."""

    scratch: Run
    keras: Run


Build = Callable[[SignsData, np.random.Generator], Sides]
"""From the photographs and a source of random numbers to the work."""


@dataclass(frozen=True)
class Work:
    """One row of the benchmark.

    Attributes:
        name: What is done, with its sizes.
        limit: NumPy's time may be at most so many times TensorFlow's.
        build: Makes it ready; nothing large is made before.
    """

    name: str
    limit: float
    build: Build
