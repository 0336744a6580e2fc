"""What is checked: the contract that layer calls and losses share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from experiments.derivatives import Array, Function

Tensors = dict[str, Array]


@dataclass(frozen=True)
class Allowance:
    """How far ways of computing one gradient may be off, from rounding-error analysis.

    Attributes:
        backward: Scratch's or Keras' backward, element by element.
        any_order: Any evaluation of the chain rule: a sum over the same paths from the tensor to
            the output, in whatever order (the complex step, a source's equation).
        output: Of sum(|dy| * the output's own error): what central differences divide by h.
        third_derivative: The largest |d^3L/dx^3| along each coordinate, for their truncation;
            0 where L is linear or quadratic in the tensor.
    """

    backward: Array
    any_order: Array
    output: float
    third_derivative: Array | float = 0.0


@dataclass(frozen=True)
class Equations:
    """Gradients by the equations of a source.

    Attributes:
        source: Which equations of which source.
        tensors: The gradients that they give.
    """

    source: str
    tensors: Tensors


class Subject(Protocol):
    """One thing with a backward."""

    @property
    def layer_type(self) -> str:
        """The class' name."""

    @property
    def options(self) -> str:
        """Its options and mode, for people."""

    @property
    def dy(self) -> Array:
        """The upstream gradient of `function`'s output."""

    def gradients(self) -> Tensors:
        """Scratch's gradients of sum(dy * output), by tensor."""

    def point(self, tensor: str) -> Array:
        """The value of a tensor, where its gradient is taken."""

    def function(self, tensor: str) -> Function:
        """The output as a function of one tensor; takes float64 and complex128."""

    def allowances(self) -> dict[str, Allowance]:
        """The bounds, by tensor."""

    def equations(self) -> list[Equations]:
        """What the sources' equations give; empty where they have none."""

    def keras(self) -> Tensors:
        """Keras' gradients, by tensor."""


def on_grid(values: Array) -> Array:
    """Rounded to multiples of 2^-40: below 4, adding a power of two down to 2^-50 is exact."""
    return np.round(values * 2.0**40) / 2.0**40


def spread_numbers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Evenly spaced numbers from -2 to 2 in random order, none near zero, no two alike.

    So a step of a finite difference crosses no kink.
    """
    count = int(np.prod(shape))
    spaced = (np.arange(count) + 0.5 + np.sqrt(2) / 10) / count * 4 - 2  # No number in the middle.
    return on_grid(rng.permutation(spaced)).reshape(shape)
