"""Which algorithm computes which convolution.

What the choice rests on: milliseconds of float32 forward passes on 2 cores with AVX-512, `same`
padding (the study `speed` times every algorithm on every convolution of the zoo).

| images, kernel | tiles | instead |
|---|---|---|
| 8 x 28x28x192, 1x1 to 64 | 1.0 | pointwise 0.8 |
| 64 x 64x64x3, 4x4 to 8 | 5.1 | strips 2.9 |
| 64 x 64x64x3, 3x3 to 16 | 3.6 | strips 2.9 |
| 64 x 32x32x16, 3x3 to 32 | 3.4 | strips 4.3 |
| 64 x 32x32x16, 3x3 to 32 | 3.4 | winograd 3.8 |
| 8 x 56x56x32, 3x3 to 32 | 2.6 | winograd 2.4 |
| 8 x 56x56x64, 3x3 to 64 | 6.2 | winograd 3.9 |
| 8 x 28x28x128, 3x3 to 128 | 6.1 | winograd 3.5 |
| 1 x 7x7x512, 3x3 to 512 | 1.3 | winograd 4.7: fewer windows than filters |

The kernel's gradient of 64 x 64x64x3, 4x4 to 8, takes strips 2.1; sparse takes 1.2 behind a
max-pooling of 8x8, 4.0 behind 4x4 and 6.0 behind 2x2. With the pooling, forward and backward of
this convolution take 3.9 at once (`pooled`) and 5.5 one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from scratch.functional.convolution.algorithms import ALGORITHMS, Algorithm
from scratch.functional.convolution.problem import Pass, Problem

CHOICES = ("auto", "exact", *ALGORITHMS)
"""What may be asked for: the fastest; the fastest that is elementwise exact; or one by name."""

_SPARSE = 0.2
"""Share of pixels with an error up to which gathering them beats multiplying zeros."""
_FEW = 16
"""Cin Cout, for each column of the kernel, up to which strips beat single windows."""
_MANY = 64
"""Channels, before and after, from which Winograd's fewer products pay for its transforms."""

_auto_means: ContextVar[str] = ContextVar("_auto_means", default="auto")


@contextmanager
def using_algorithm(algorithm: str) -> Iterator[None]:
    """Inside the block, "auto" means `algorithm`; where that does not apply, "exact".

    Raises:
        ValueError: There is no such algorithm.
    """
    _check(algorithm)
    token = _auto_means.set(algorithm)
    try:
        yield
    finally:
        _auto_means.reset(token)


def chosen(
    which: Pass,
    problem: Problem,
    algorithm: str = "auto",
    share_of_pixels: Callable[[], float] = lambda: 1.0,
) -> Algorithm:
    """The algorithm for one pass of a convolution.

    Args:
        which: The pass.
        problem: The convolution.
        algorithm: One of `CHOICES`.
        share_of_pixels: At most what share of the pixels has an error, for a kernel's gradient.

    Raises:
        ValueError: There is no such algorithm, or it cannot compute this.
    """
    _check(algorithm)
    if algorithm in ALGORITHMS:
        if not ALGORITHMS[algorithm].can(which, problem):
            raise ValueError(
                f"The algorithm {algorithm!r} has no {which} of a convolution {problem.input_shape}"
                f" -> {problem.output_shape} with kernel {problem.kernel_shape}, strides "
                f"{problem.windows.strides}, dilation {problem.windows.dilation}, in "
                f"{problem.dtype}; use 'auto'."
            )
        return ALGORITHMS[algorithm]
    if algorithm == "auto":
        algorithm = _auto_means.get()
    if algorithm in ALGORITHMS and ALGORITHMS[algorithm].can(which, problem):
        return ALGORITHMS[algorithm]
    return ALGORITHMS[fastest(which, problem, algorithm == "auto", share_of_pixels)]


def fastest(
    which: Pass,
    problem: Problem,
    winograd: bool = True,
    share_of_pixels: Callable[[], float] = lambda: 1.0,
) -> str:
    """The name of the fastest algorithm, by what the study `speed` measured.

    Args:
        which: The pass.
        problem: The convolution.
        winograd: Whether an error that is bounded by norms, not elementwise, will do.
        share_of_pixels: As in `chosen`.
    """
    if not problem.batch or problem.dtype.hasobject:
        return "textbook"  # no memory to keep, or numbers that are Python's own
    if problem.is_pointwise:
        return "pointwise"
    if ALGORITHMS["sparse"].can(which, problem) and share_of_pixels() <= _SPARSE:
        return "sparse"
    if winograd and _is_for_winograd(which, problem):
        return "winograd"
    few = problem.channels * problem.filters <= _FEW * problem.kernel_size[1]
    if few and problem.kernel_size[1] > 1 and ALGORITHMS["strips"].can(which, problem):
        return "strips"
    return "tiles"


def _is_for_winograd(which: Pass, problem: Problem) -> bool:
    enough = min(problem.channels, problem.filters) >= _MANY and not problem.is_wide
    return enough and ALGORITHMS["winograd"].can(which, problem)


def _check(algorithm: str) -> None:
    if algorithm not in CHOICES:
        raise ValueError(
            f"Unknown algorithm {algorithm!r} for a convolution; known are {', '.join(CHOICES)}."
        )
