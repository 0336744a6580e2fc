"""Convolution on matrices, narrow and wide, and its errors: sources C and E.

A layer computes z = cross_correlate(a, w) + b, as in every framework. For it the sources' formulas

    delta^l = delta^(l+1) * rot180(w^(l+1)) . sigma'(z^l)        dC/dw = delta * sigma(z)

hold when both `*` are cross-correlations, the first wide and the second valid: the first is thereby
the wide convolution with w itself, the second no convolution at all.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from scratch.reference.theory.checks import check_derivative, check_matrices

Mode = Literal["valid", "same", "wide"]


def rot180(kernel: np.ndarray) -> np.ndarray:
    """The kernel turned by 180 degrees: cell (i, j) goes to (kh - 1 - i, kw - 1 - j)."""
    check_matrices(kernel=kernel)
    return kernel[::-1, ::-1]


def cross_correlate(x: np.ndarray, kernel: np.ndarray, mode: Mode = "valid") -> np.ndarray:
    """Lay the kernel on every place of x: y[h, w] = sum_ij x[h + i, w + j] kernel[i, j].

    What frameworks call a convolution. Source C, valid and same; source E, narrow and wide.

    Args:
        x: (H, W).
        kernel: (kh, kw).
        mode: "valid", only where the kernel lies inside x; "same", as many places as x has numbers,
            zeros around it, an odd row or column of them at the bottom or the right; "wide",
            wherever the two meet, kernel - 1 zeros on every side.

    Returns:
        (H - kh + 1, W - kw + 1), (H, W) or (H + kh - 1, W + kw - 1).

    Raises:
        ValueError: An operand is no matrix, the mode is unknown, or the kernel is larger than x.
    """
    check_matrices(x=x, kernel=kernel)
    kh, kw = kernel.shape
    pads = {
        "valid": ((0, 0), (0, 0)),
        "same": (((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2)),
        "wide": ((kh - 1, kh - 1), (kw - 1, kw - 1)),
    }
    if mode not in pads:
        raise ValueError(f"mode must be one of {', '.join(pads)}, got {mode!r}.")
    padded = np.pad(x, pads[mode])
    height, width = padded.shape[0] - kh + 1, padded.shape[1] - kw + 1
    if min(height, width) < 1:
        raise ValueError(
            f"The kernel {kernel.shape} is larger than x {x.shape}: no {mode} place is left for it."
        )
    y = np.zeros((height, width), np.result_type(x, kernel))
    for h, w in np.ndindex(y.shape):
        for i, j in np.ndindex(kernel.shape):
            y[h, w] += padded[h + i, w + j] * kernel[i, j]
    return y


def convolve(x: np.ndarray, kernel: np.ndarray, mode: Mode = "valid") -> np.ndarray:
    """Convolution as mathematics has it: cross-correlation with the kernel turned by 180 degrees.

    Wide, it commutes: convolve(x, kernel) = convolve(kernel, x), source E, exercise 5-2.

    Args:
        x: (H, W).
        kernel: (kh, kw).
        mode: As in `cross_correlate`.

    Returns:
        As `cross_correlate`.

    Raises:
        ValueError: As `cross_correlate`.
    """
    return cross_correlate(x, rot180(kernel), mode)


def conv_delta(
    delta_next: np.ndarray, kernel_next: np.ndarray, derivative: np.ndarray
) -> np.ndarray:
    """The error in front of a valid convolution: source C, delta^l; source E.

    delta^l = delta^(l+1) * rot180(w^(l+1)) . sigma'(z^l), `*` the wide cross-correlation.

    Args:
        delta_next: dC/dz of the next layer, (H - kh + 1, W - kw + 1).
        kernel_next: Its kernel, (kh, kw).
        derivative: sigma'(z^l), (H, W).

    Returns:
        dC/dz^l, (H, W).

    Raises:
        ValueError: The shapes do not fit one another.
    """
    delta = cross_correlate(delta_next, rot180(kernel_next), "wide")
    check_derivative(derivative, delta.shape)
    return delta * derivative


def conv_kernel_gradient(activation: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """dC/dw = delta * sigma(z), `*` the valid cross-correlation of sigma(z) with delta: source C.

    Args:
        activation: sigma(z) of the layer before, (H, W).
        delta: dC/dz of the layer, (H - kh + 1, W - kw + 1).

    Returns:
        (kh, kw).

    Raises:
        ValueError: delta is larger than the activation.
    """
    return cross_correlate(activation, delta, "valid")


def conv_bias_gradient(delta: np.ndarray) -> Any:
    """dC/db = sum_xy delta: source C."""
    check_matrices(delta=delta)
    return delta.sum()
