"""The table of algorithms by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scratch.functional.convolution import pointwise, sparse, strips, textbook, tiles, winograd
from scratch.functional.convolution.by_tiles import ByTiles
from scratch.functional.convolution.problem import Pass, Problem
from scratch.functional.convolution.turned import can_turn, turned_kernel, turned_problem
from scratch.functional.ending import Ending

Forward = Callable[[np.ndarray, np.ndarray, Ending, Problem], np.ndarray]
Gradient = Callable[[np.ndarray, np.ndarray, Problem], np.ndarray]


@dataclass(frozen=True)
class Algorithm:
    """One way to compute a convolution or its gradients.

    Attributes:
        name: What it is chosen by.
        takes: Which convolutions it can compute.
        forward: (x, kernel, ending, problem) -> y; None where it has no forward pass.
        input_gradient: (dy, kernel, problem) -> dx; None to convolve dy with the turned kernel.
        kernel_gradient: (dy, x, problem) -> dL/dkernel; None where it has none.
        elementwise: Whether each result is one sum of the definition's products, in some order,
            so that its error is within gamma_n of the sum of their magnitudes.
        by_tiles: (x, kernel, problem) -> the forward pass, if it goes tile by tile.
    """

    name: str
    takes: Callable[[Problem], bool]
    forward: Forward | None
    input_gradient: Gradient | None
    kernel_gradient: Gradient | None
    elementwise: bool = True
    by_tiles: Callable[[np.ndarray, np.ndarray, Problem], ByTiles] | None = None

    def can(self, which: Pass, problem: Problem) -> bool:
        """Whether it computes this pass of this convolution."""
        if which == "input_gradient" and self.input_gradient is None:
            turns = can_turn(problem) and self.can("forward", turned_problem(problem))
            return self.forward is not None and turns
        return getattr(self, which) is not None and self.takes(problem)

    def convolve(
        self, x: np.ndarray, kernel: np.ndarray, ending: Ending, problem: Problem
    ) -> np.ndarray:
        """The convolution and its ending, where the algorithm `can`."""
        assert self.forward is not None
        return self.forward(x, kernel, ending, problem)

    def gradient_of_kernel(self, dy: np.ndarray, x: np.ndarray, problem: Problem) -> np.ndarray:
        """dL/dkernel, where the algorithm `can`."""
        assert self.kernel_gradient is not None
        return self.kernel_gradient(dy, x, problem)

    def gradient_of_input(self, dy: np.ndarray, kernel: np.ndarray, problem: Problem) -> np.ndarray:
        """dL/dx, by the algorithm's own way or as a convolution."""
        if self.input_gradient is not None:
            return self.input_gradient(dy, kernel, problem)
        turned = turned_kernel(kernel, problem.groups)
        return self.convolve(dy, turned, Ending(), turned_problem(problem))


def _everything(_problem: Problem) -> bool:
    return True


ALGORITHMS = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm(
            "textbook",
            _everything,
            textbook.forward,
            textbook.input_gradient,
            textbook.kernel_gradient,
        ),
        Algorithm(
            "tiles",
            _everything,
            tiles.forward,
            tiles.input_gradient,
            tiles.kernel_gradient,
            by_tiles=tiles.by_tiles,
        ),
        Algorithm(
            "pointwise",
            lambda problem: problem.is_pointwise,
            pointwise.forward,
            pointwise.input_gradient,
            pointwise.kernel_gradient,
        ),
        Algorithm(
            "strips",
            strips.takes,
            strips.forward,
            None,
            strips.kernel_gradient,
            by_tiles=strips.by_tiles,
        ),
        Algorithm(
            "winograd",
            winograd.takes,
            winograd.forward,
            None,
            winograd.kernel_gradient,
            elementwise=False,
        ),
        Algorithm("sparse", sparse.takes, None, None, sparse.kernel_gradient),
    )
}
