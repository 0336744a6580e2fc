"""The geometries that equalities are checked on, and the numbers put into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from experiments.signs import SignsData
from scratch.functional.padding import Padding, Size
from scratch.functional.windows import Windows, windows_over

Array = np.ndarray

_LARGEST_WEIGHT = 9


@dataclass(frozen=True)
class Case:
    """One convolution: x (height, width, channels), a kernel, strides and padding."""

    height: int
    width: int
    channels: int
    kernel: Size
    filters: int
    strides: Size = (1, 1)
    padding: Padding = "valid"

    @cached_property
    def windows(self) -> Windows:
        """Where its windows lie."""
        return windows_over(self.size, self.kernel, self.strides, self.padding)

    @property
    def size(self) -> Size:
        """Rows and columns of the input."""
        return self.height, self.width

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(H, W, Cin)."""
        return self.height, self.width, self.channels

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """(kh, kw, Cin, Cout)."""
        return *self.kernel, self.channels, self.filters

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(Ho, Wo, Cout)."""
        return *self.windows.output_size, self.filters

    @property
    def is_plane(self) -> bool:
        """One channel, one filter, every place: the theory's convolution of two matrices."""
        return self.channels == self.filters == 1 and self.strides == (1, 1)

    def labels(self) -> dict[str, Any]:
        """The columns that say which case a row of a table is about."""
        pads = self.padding if isinstance(self.padding, str) else "+".join(map(str, self.padding))
        return {
            "input": by_x(self.input_shape),
            "kernel": by_x(self.kernel),
            "filters": self.filters,
            "strides": by_x(self.strides),
            "padding": pads,
            "output": by_x(self.output_shape),
        }


CASES = (
    # Source E, exercise 5-7: a matrix of 4 rows and 16 columns.
    Case(4, 4, 1, (3, 3), 1),
    # Source C: the 5x5 image, valid and same; 6x6x3 with one kernel and with two.
    Case(5, 5, 1, (3, 3), 1),
    Case(5, 5, 1, (3, 3), 1, padding="same"),
    Case(6, 6, 3, (3, 3), 1),
    Case(6, 6, 3, (3, 3), 2),
    # Matrices of unlike sides; a kernel that is larger than the image.
    Case(12, 9, 1, (3, 4), 1),
    Case(3, 4, 1, (5, 6), 1, padding=(4, 4, 5, 5)),
    # The network's first layer, on a part of a photograph; a 1x1 convolution.
    Case(16, 12, 3, (4, 4), 8, padding="same"),
    Case(8, 6, 3, (1, 1), 5),
    # Strides: remainders, gaps between windows, even kernels, four unlike pads.
    Case(9, 12, 3, (4, 2), 5, (2, 3)),
    Case(7, 11, 1, (2, 1), 2, (3, 3)),
    Case(8, 11, 2, (4, 4), 3, (2, 2), "same"),
    Case(7, 9, 3, (2, 3), 2, (1, 2), (2, 0, 1, 3)),
)


def by_x(shape: tuple[int, ...]) -> str:
    """A shape as the tables print it: 4x4x1."""
    return "x".join(map(str, shape))


def random_cases(count: int, rng: np.random.Generator) -> Iterator[Case]:
    """Draw geometries with sides up to 20, kernels up to 6 and strides up to 3; a third planes."""
    for number in range(count):
        kernel = _pair(rng, 1, 6)
        top, bottom, left, right = map(int, rng.integers(0, 4, 4))
        paddings: tuple[Padding, ...] = ("valid", "same", (top, bottom, left, right))
        plane = number % 3 == 0
        yield Case(
            *_pair(rng, 6, 20),
            channels=1 if plane else int(rng.integers(1, 4)),
            kernel=kernel,
            filters=1 if plane else int(rng.integers(1, 6)),
            strides=(1, 1) if plane else _pair(rng, 1, 3),
            padding=paddings[rng.integers(3)],
        )


@dataclass(frozen=True)
class Operands:
    """What goes into a convolution and its gradients.

    Attributes:
        x: The image, (H, W, Cin).
        other: A second image.
        kernel: (kh, kw, Cin, Cout).
        dy: An upstream gradient, (Ho, Wo, Cout).
    """

    x: Array
    other: Array
    kernel: Array
    dy: Array

    def floats(self, dtype: str) -> Operands:
        """Pixels between 0 and 1, weights and errors between -1 and 1, rounded to `dtype`."""
        return Operands(
            (self.x / 255).astype(dtype),
            (self.other / 255).astype(dtype),
            (self.kernel / _LARGEST_WEIGHT).astype(dtype),
            (self.dy / _LARGEST_WEIGHT).astype(dtype),
        )

    def magnitudes(self) -> Operands:
        """The absolute values in float64: what a bound on sums of products is made of."""
        arrays = (self.x, self.other, self.kernel, self.dy)
        return Operands(*(np.abs(array.astype(np.float64)) for array in arrays))


def draw(case: Case, signs: SignsData, rng: np.random.Generator) -> Operands:
    """Whole numbers (int64): pixels of two photographs, weights and errors from -9 to 9."""
    return Operands(
        _patch(case, signs, rng),
        _patch(case, signs, rng),
        rng.integers(-_LARGEST_WEIGHT, _LARGEST_WEIGHT + 1, case.kernel_shape),
        rng.integers(-_LARGEST_WEIGHT, _LARGEST_WEIGHT + 1, case.output_shape),
    )


def _patch(case: Case, signs: SignsData, rng: np.random.Generator) -> Array:
    """The middle of a photograph, where the hand is: (H, W, Cin), 0 to 255."""
    photograph = signs.x_train[rng.integers(len(signs.x_train))]
    top, left = ((n - m) // 2 for n, m in zip(photograph.shape, case.size, strict=False))
    patch = photograph[top : top + case.height, left : left + case.width, : case.channels]
    return patch.astype(np.int64)


def _pair(rng: np.random.Generator, low: int, high: int) -> Size:
    first, second = rng.integers(low, high + 1, 2)
    return int(first), int(second)
