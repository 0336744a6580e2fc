"""A convolution and the max-pooling behind it as one operation, which never keeps what is pooled.

`convolution.pooled` has the idea. Where it does not apply the two are computed one after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch.functional.conv import check_bias, conv2d, conv2d_kernel_gradient, problem_of
from scratch.functional.convolution import Problem, chosen, pooled
from scratch.functional.pooling import (
    max_pool2d,
    max_pool2d_backward,
    max_pool2d_output,
    pool_windows,
)
from scratch.functional.windows import Windows

Options = dict[str, Any]


def conv2d_max_pool2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None,
    convolution: Options,
    pooling: Options,
    wants_argmax: bool = True,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Take the largest number of each window of a convolution. Source A `conv_forward`, eq. (4).

    Args:
        x: (N, H, W, Cin).
        kernel: (kh, kw, Cin / groups, Cout).
        bias: (Cout,) or None.
        convolution: Options of `conv2d`, by name.
        pooling: Options of `max_pool2d`, by name.
        wants_argmax: Whether a gradient will be asked for.

    Returns:
        y: (N, Ho, Wo, Cout), what `max_pool2d` gives behind `conv2d`.
        argmax: Its argmax; None if not wanted.

    Raises:
        ValueError: As `conv2d` and `max_pool2d`.
    """
    problem, windows = _sizes(x, kernel, convolution, pooling)
    check_bias(bias, problem)
    algorithm = chosen("forward", problem)
    if algorithm.by_tiles and pooled.takes(problem, windows):
        tiles = algorithm.by_tiles(x, kernel, problem)
        found = pooled.forward(tiles, bias, windows, wants_argmax)
        if not (wants_argmax and np.isnan(found.numbers).any()):
            return found.numbers, found.places
    z = conv2d(x, kernel, bias, **convolution)
    return max_pool2d(z, **pooling) if wants_argmax else (max_pool2d_output(z, **pooling), None)


def conv2d_max_pool2d_kernel_gradient(
    dy: np.ndarray,
    argmax: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    convolution: Options,
    pooling: Options,
) -> np.ndarray:
    """dL/dkernel of `conv2d_max_pool2d`. Source A eq. (2) and (4).

    Args:
        dy: dL/dy, (N, Ho, Wo, Cout).
        argmax: As `conv2d_max_pool2d` gave it.
        x: (N, H, W, Cin).
        kernel: For its shape, (kh, kw, Cin / groups, Cout).
        convolution: As in `conv2d_max_pool2d`.
        pooling: As in `conv2d_max_pool2d`.

    Returns:
        (kh, kw, Cin / groups, Cout).
    """
    problem, windows = _sizes(x, kernel, convolution, pooling)
    share = pooled.share_of_pixels(windows, problem.filters)
    algorithm = chosen("kernel_gradient", problem, share_of_pixels=lambda: share)
    if algorithm.name == "sparse" and pooled.takes(problem, windows):
        return pooled.kernel_gradient(dy, argmax, x, problem, windows)
    dz = conv2d_max_pool2d_error(dy, argmax, x, kernel, convolution, pooling)
    return conv2d_kernel_gradient(dz, x, problem.kernel_size, **convolution)


def conv2d_max_pool2d_error(
    dy: np.ndarray,
    argmax: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    convolution: Options,
    pooling: Options,
) -> np.ndarray:
    """dL/dz of the z that was pooled, (N, H', W', Cout), for the other gradients of `conv2d`.

    Arguments as in `conv2d_max_pool2d_kernel_gradient`. Source A eq. (4).
    """
    size = problem_of(x, kernel, **convolution).windows.output_size
    return max_pool2d_backward(dy, argmax, size, **pooling)


def _sizes(
    x: np.ndarray, kernel: np.ndarray, convolution: Options, pooling: Options
) -> tuple[Problem, Windows]:
    """Those of the convolution, and where the windows lie over its output."""
    problem = problem_of(x, kernel, **convolution)
    return problem, pool_windows(problem.output_shape, **pooling)
