"""The input gradient of a convolution that moves by one, as a convolution of dL/dy.

Its kernel is turned by half a circle, with input and output channels exchanged: any algorithm that
convolves gives this gradient too. Dumoulin and Visin (2016), section 4.4.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from scratch.functional.convolution.problem import Problem
from scratch.functional.threads import in_threads, slices
from scratch.functional.windows import Windows

_CHANNELS = 32
"""Exchanged at a time: all at once, numbers that are read one after the other are pages apart."""
_LARGE = 2**17
"""Numbers of a kernel from which that, and threads, pay."""


def can_turn(problem: Problem) -> bool:
    """Whether windows move by one, and no window lies in the padding alone."""
    return problem.windows.strides == (1, 1) and min(_pads(problem.windows)) >= 0


@functools.lru_cache(maxsize=1024)
def turned_problem(problem: Problem) -> Problem:
    """From dL/dy to dL/dx; `can_turn` says whether there is one."""
    old = problem.windows
    windows = replace(old, input_size=old.output_size, output_size=old.input_size, pads=_pads(old))
    return replace(problem, windows=windows, channels=problem.filters, filters=problem.channels)


def turned_kernel(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(kh, kw, Cin/g, Cout) -> (kh, kw, Cout/g, Cin), contiguous."""
    kh, kw, channels, filters = kernel.shape
    turned = np.empty((kh, kw, filters // groups, groups, channels), kernel.dtype)
    split = kernel[::-1, ::-1].reshape(kh, kw, channels, groups, filters // groups)

    def copy(part: slice) -> None:
        turned[..., part] = split[:, :, part].transpose(0, 1, 4, 3, 2)

    in_threads(copy, slices(channels, _CHANNELS if kernel.size >= _LARGE else channels))
    return turned.reshape(kh, kw, filters // groups, groups * channels)


def _pads(windows: Windows) -> tuple[int, int, int, int]:
    top, bottom, left, right = windows.pads
    down, across = (d * (k - 1) for d, k in zip(windows.dilation, windows.kernel_size, strict=True))
    return down - top, down - bottom, across - left, across - right
