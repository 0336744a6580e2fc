"""Convolutions that every algorithm is tried on, and how each of their passes is run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, get_args

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from scratch.functional import resolve_padding
from scratch.functional.convolution import ALGORITHMS, Algorithm, Pass, Problem
from scratch.functional.ending import Ending
from scratch.functional.windows import windows_over
from tests.scratch.functional.oracles import normal

PASSES: tuple[Pass, ...] = get_args(Pass)


@dataclass(frozen=True)
class Case:
    """x is (N, H, W, Cin), the kernel (kh, kw, Cin / groups, Cout)."""

    x: tuple[int, int, int, int]
    kernel: tuple[int, int, int, int]
    strides: tuple[int, int] = (1, 1)
    padding: str | tuple[int, int, int, int] = "valid"
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def __str__(self) -> str:
        parts = ["x".join(map(str, self.x)), "x".join(map(str, self.kernel))]
        plain = Case(self.x, self.kernel)
        changed = {k: v for k, v in vars(self).items() if v != getattr(plain, k)}
        return "-".join([*parts, *(f"{k}={v}" for k, v in changed.items())]).replace(" ", "")

    def problem(self, dtype: str = "float64") -> Problem:
        """The sizes, for the algorithms."""
        windows = windows_over(
            self.x[1:3], self.kernel[:2], self.strides, self.padding, self.dilation
        )
        channels, filters = self.x[3], self.kernel[3]
        return Problem(windows, self.x[0], channels, filters, self.groups, np.dtype(dtype))

    def operands(self, dtype: str = "float64") -> "Operands":
        """Random numbers that cannot be written to."""
        shapes = self.x, self.kernel, self.kernel[3:], self.problem().output_shape
        return Operands(*(normal(i, *shape, dtype=dtype) for i, shape in enumerate(shapes)))


class Operands(NamedTuple):
    """x, kernel, bias and dL/dy."""

    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray
    dy: np.ndarray

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> "Operands":
        return Operands(*map(function, self))


def run(algorithm: Algorithm, which: Pass, given: Operands, problem: Problem) -> np.ndarray:
    """One pass by an algorithm that can do it; the forward pass with the bias."""
    x, kernel, bias, dy = given
    if which == "forward":
        return algorithm.convolve(x, kernel, Ending(bias), problem)
    if which == "input_gradient":
        return algorithm.gradient_of_input(dy, kernel, problem)
    return algorithm.gradient_of_kernel(dy, x, problem)


def in_float64(which: Pass, given: Operands, problem: Problem) -> np.ndarray:
    """What the textbook makes of the same numbers in float64."""
    exact = given.map(lambda a: a.astype(np.float64))
    return run(ALGORITHMS["textbook"], which, exact, replace(problem, dtype=np.dtype("float64")))


SMALL = [
    Case((2, 6, 5, 3), (3, 2, 3, 4)),
    Case((1, 5, 7, 2), (2, 4, 2, 3), padding="same"),
    Case((2, 7, 6, 1), (3, 3, 1, 2), (2, 3), "same"),
    Case((2, 8, 7, 2), (3, 2, 2, 3), (3, 2)),  # A remainder: no window reaches the last row.
    Case((1, 4, 3, 2), (4, 3, 2, 5)),  # One window.
    Case((1, 2, 3, 2), (5, 4, 2, 3), padding="same"),  # A kernel larger than the image.
    Case((2, 7, 8, 2), (3, 2, 2, 3), dilation=(2, 3)),
    Case((2, 7, 6, 2), (2, 3, 2, 3), padding="same", dilation=(3, 2)),
    Case((2, 6, 5, 4), (3, 2, 2, 6), (2, 1), "same", groups=2),
    Case((1, 9, 8, 4), (2, 3, 2, 6), (3, 2), (0, 3, 2, 1), (2, 2), 2),
    Case((1, 3, 4, 2), (2, 2, 2, 3), (1, 1), (3, 2, 4, 0)),  # Whole windows in the padding.
    Case((1, 3, 2, 5), (2, 1, 5, 9), padding="same"),  # Fewer windows than filters.
    # Single pixels.
    Case((2, 7, 5, 3), (1, 1, 3, 4)),
    Case((1, 7, 5, 4), (1, 1, 4, 3), (2, 3)),
    Case((1, 3, 2, 5), (1, 1, 5, 8)),
    # 3x3: one patch of 4x4 outputs and less, one more pixel than patches, every padding.
    Case((1, 3, 4, 2), (3, 3, 2, 3)),
    Case((2, 6, 5, 3), (3, 3, 3, 2), padding="same"),
    Case((3, 7, 10, 2), (3, 3, 2, 4)),
    Case((1, 4, 9, 3), (3, 3, 3, 2), padding=(2, 1, 0, 2)),
    Case((1, 1, 2, 2), (3, 3, 2, 3), padding="same"),
    Case((1, 5, 4, 2), (3, 3, 2, 3), padding=(3, 2, 1, 4)),  # Windows in the padding alone.
]
"""For the loops of the definition."""

LARGE = [
    Case((1, 130, 121, 5), (4, 3, 5, 7), padding="same"),  # Some rows of an image a tile.
    Case((9, 41, 38, 6), (3, 3, 6, 7), padding="same"),  # Some images a tile.
    Case((3, 67, 83, 3), (5, 4, 3, 8), (2, 1)),
    Case((2, 61, 35, 8), (3, 4, 4, 6), padding=(1, 0, 2, 3), dilation=(2, 1), groups=2),
    Case((1, 45, 54, 7), (3, 3, 7, 5)),  # More patches than a block has.
    Case((3, 32, 40, 5), (3, 3, 5, 6), padding="same"),  # Whole patches only.
    Case((1, 5, 3, 70), (3, 3, 70, 90), padding="same"),
    Case((2, 130, 97, 13), (1, 1, 13, 11)),
    Case((3, 40, 37, 2), (3, 3, 2, 3), padding=(0, 1, 2, 0)),
]
"""Beyond the borders of tiles, blocks and strips."""


def capable(case: Case, dtype: str = "float64") -> list[tuple[str, Pass]]:
    """(algorithm, pass) for all that can compute a case."""
    problem = case.problem(dtype)
    names = [(name, which) for name in ALGORITHMS for which in PASSES]
    return [(name, which) for name, which in names if ALGORITHMS[name].can(which, problem)]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any geometry with an output."""
    if draw(st.booleans()):  # 3x3 windows that move by one, for all algorithms.
        kernel, pair, groups = (3, 3), st.just((1, 1)), 1
    else:
        kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
        pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
        groups = draw(st.integers(1, 3))
    size = draw(st.tuples(st.integers(1, 11), st.integers(1, 11)))
    padding = draw(st.sampled_from(["valid", "same"]) | st.tuples(*[st.integers(0, 3)] * 4))
    strides, dilation = draw(pair), draw(pair)
    into, out = draw(st.integers(1, 3)), draw(st.integers(1, 3)) * groups
    pads = resolve_padding(padding, size, kernel, strides, dilation)
    room = (size[0] + pads[0] + pads[1], size[1] + pads[2] + pads[3])
    assume(all(d * (k - 1) < n for d, k, n in zip(dilation, kernel, room, strict=True)))
    x = (draw(st.integers(1, 3)), *size, into * groups)
    return Case(x, (*kernel, into, out), strides, padding, dilation, groups)
