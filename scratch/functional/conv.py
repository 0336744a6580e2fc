"""2-D convolution (cross-correlation, as in every framework), by one of several algorithms.

Images are (N, H, W, C), kernels (kh, kw, Cin / groups, Cout). Group g of the output channels sees
group g of the input channels only; groups are contiguous.

`convolution` has the algorithms, and the function that chooses. Groups of one channel each are left
to `depthwise`.
"""

from __future__ import annotations

import functools

import numpy as np

from scratch.functional.convolution import Problem, chosen
from scratch.functional.convolution.sparse import share_of_pixels
from scratch.functional.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_kernel_gradient,
)
from scratch.functional.ending import Ending
from scratch.functional.padding import Padding, Size
from scratch.functional.sums import sum_to_channels
from scratch.functional.windows import windows_over


def conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
    groups: int = 1,
    algorithm: str = "auto",
    ending: Ending | None = None,
) -> np.ndarray:
    """Convolve images with a kernel. Source A `conv_forward`; Goodfellow et al. (2016), eq. 9.7.

    Args:
        x: (N, H, W, Cin).
        kernel: (kh, kw, Cin / groups, Cout).
        bias: (Cout,) or None.
        strides: Steps between windows, down and across.
        padding: "valid", "same" or (top, bottom, left, right).
        dilation: Steps between the cells of a window, down and across.
        groups: Into how many independent groups the channels fall.
        algorithm: One of `convolution.CHOICES`: "auto" the fastest, "exact" the fastest whose
            error is bounded elementwise, or a name. Groups of one channel have one way only.
        ending: Instead of a bias, all that becomes of the sums.

    Returns:
        (N, Ho, Wo, Cout).

    Raises:
        ValueError: Ranks, channels, groups or sizes do not fit together, or the algorithm cannot
            compute this.
    """
    if bias is not None and ending is not None:
        raise ValueError("conv2d takes a bias or an ending, which has a bias of its own; got both.")
    ending = ending or Ending(bias)
    problem = problem_of(
        x, kernel, strides=strides, padding=padding, dilation=dilation, groups=groups
    )
    check_bias(ending.bias, problem)
    if _is_depthwise(kernel.shape[2], groups):
        apart = _apart(kernel, groups)
        y = depthwise_conv2d(x, apart, strides=strides, padding=padding, dilation=dilation)
        ending.apply(y)
        return y
    return chosen("forward", problem, algorithm).convolve(x, kernel, ending, problem)


def problem_of(
    x: np.ndarray,
    kernel: np.ndarray,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
    groups: int = 1,
) -> Problem:
    """The sizes of a convolution; arguments and errors as in `conv2d`."""
    _check_operands(x, kernel, groups)
    windows = windows_over(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    dtype = np.result_type(x, kernel)
    return Problem(windows, len(x), x.shape[3], kernel.shape[3], groups, dtype)


def conv2d_input_gradient(
    dy: np.ndarray,
    kernel: np.ndarray,
    input_size: Size,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
    groups: int = 1,
    algorithm: str = "auto",
) -> np.ndarray:
    """dL/dx of `conv2d`. Source A eq. (1), source E (the transposed convolution, exercise 5-7).

    Each cell of the kernel sends dy, mixed by that cell's weights, back to the inputs it met.

    Args:
        dy: dL/dy, (N, Ho, Wo, Cout).
        kernel: (kh, kw, Cin / groups, Cout).
        input_size: (H, W) of x, which strides do not let one infer.
        strides: As in `conv2d`.
        padding: As in `conv2d`.
        dilation: As in `conv2d`.
        groups: As in `conv2d`.
        algorithm: As in `conv2d`.

    Returns:
        (N, H, W, Cin), zero where no window reached.

    Raises:
        ValueError: dy is not the shape that `conv2d` gives.
    """
    kh, kw, channels_per_group, outputs = kernel.shape
    windows = windows_over(input_size, (kh, kw), strides, padding, dilation)
    windows.check_gradient(dy, outputs)
    if _is_depthwise(channels_per_group, groups):
        apart = _apart(kernel, groups)
        return depthwise_conv2d_input_gradient(
            dy, apart, input_size, strides=strides, padding=padding, dilation=dilation
        )
    dtype = np.result_type(dy, kernel)
    problem = Problem(windows, len(dy), channels_per_group * groups, outputs, groups, dtype)
    return chosen("input_gradient", problem, algorithm).gradient_of_input(dy, kernel, problem)


def conv2d_kernel_gradient(
    dy: np.ndarray,
    x: np.ndarray,
    kernel_size: Size,
    *,
    strides: Size = (1, 1),
    padding: Padding = "valid",
    dilation: Size = (1, 1),
    groups: int = 1,
    algorithm: str = "auto",
) -> np.ndarray:
    """dL/dkernel of `conv2d`: windows, transposed, times dy. Source A eq. (2), source C.

    Args:
        dy: dL/dy, (N, Ho, Wo, Cout).
        x: (N, H, W, Cin).
        kernel_size: (kh, kw).
        strides: As in `conv2d`.
        padding: As in `conv2d`.
        dilation: As in `conv2d`.
        groups: As in `conv2d`.
        algorithm: As in `conv2d`.

    Returns:
        (kh, kw, Cin / groups, Cout).

    Raises:
        ValueError: dy is not the shape that `conv2d` gives.
    """
    channels, outputs = x.shape[3], dy.shape[3]
    windows = windows_over(x.shape[1:3], kernel_size, strides, padding, dilation)
    windows.check_gradient(dy, outputs)
    if _is_depthwise(channels // groups, groups):
        apart = depthwise_conv2d_kernel_gradient(
            dy, x, kernel_size, strides=strides, padding=padding, dilation=dilation
        )
        return apart.reshape(*kernel_size, 1, outputs)
    dtype = np.result_type(dy, x)
    problem = Problem(windows, len(x), channels, outputs, groups, dtype)
    share = functools.partial(share_of_pixels, dy)
    return chosen("kernel_gradient", problem, algorithm, share).gradient_of_kernel(dy, x, problem)


def conv2d_bias_gradient(dy: np.ndarray) -> np.ndarray:
    """dL/dbias of `conv2d`: dy (N, Ho, Wo, Cout) summed to (Cout,). Source A eq. (3)."""
    return sum_to_channels(dy)


def _is_depthwise(channels_per_group: int, groups: int) -> bool:
    return channels_per_group == 1 and groups > 1


def _apart(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(kh, kw, 1, Cout) -> (kh, kw, Cin, Cout / Cin), as depthwise convolution has its kernel."""
    return kernel.reshape(*kernel.shape[:2], groups, -1)


def _check_operands(x: np.ndarray, kernel: np.ndarray, groups: int) -> None:
    given = f"x {x.shape}, kernel {kernel.shape}, groups {groups}"
    if x.ndim != 4 or kernel.ndim != 4:
        raise ValueError(
            f"conv2d takes x (N, H, W, Cin) and kernel (kh, kw, Cin / groups, Cout): {given}."
        )
    if groups < 1 or x.shape[3] % groups or kernel.shape[3] % groups:
        raise ValueError(f"conv2d's groups must divide input and output channels: {given}.")
    if kernel.shape[2] * groups != x.shape[3]:
        raise ValueError(
            f"conv2d's kernel must have Cin / groups = {x.shape[3] // groups} "
            f"input channels (axis 2): {given}."
        )


def check_bias(bias: np.ndarray | None, problem: Problem) -> None:
    """Refuse what is not one number for each filter.

    Raises:
        ValueError: The bias has another shape.
    """
    if bias is not None and bias.shape != (problem.filters,):
        raise ValueError(
            f"conv2d's bias must be ({problem.filters},): bias {bias.shape}, "
            f"x {problem.input_shape}, kernel {problem.kernel_shape}, groups {problem.groups}."
        )
