"""Which algorithm computes which convolution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from scratch.functional.convolution.algorithms import ALGORITHMS, Algorithm
from scratch.functional.convolution.problem import Pass, Problem

CHOICES = ("auto", "exact", *ALGORITHMS)
"""What may be asked for: the fastest; the fastest that is elementwise exact; or one by name."""

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


def chosen(which: Pass, problem: Problem, algorithm: str = "auto") -> Algorithm:
    """The algorithm for one pass of a convolution.

    Args:
        which: The pass.
        problem: The convolution.
        algorithm: One of `CHOICES`.

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
    return ALGORITHMS[fastest(which, problem, exact=algorithm != "auto")]


def fastest(which: Pass, problem: Problem, exact: bool = False) -> str:
    """The name of the fastest algorithm, by what was measured on 2 cores with AVX-512.

    Args:
        which: The pass.
        problem: The convolution.
        exact: Whether only algorithms count that are elementwise exact.
    """
    if not problem.batch or problem.dtype.hasobject:
        return "textbook"  # no memory to keep, or numbers that are Python's own
    if problem.is_pointwise:
        return "pointwise"
    return "tiles"


def _check(algorithm: str) -> None:
    if algorithm not in CHOICES:
        raise ValueError(
            f"Unknown algorithm {algorithm!r} for a convolution; known are {', '.join(CHOICES)}."
        )
