"""Proofs: the sources' sums over their very draws, in rational arithmetic, without any rounding.

A float64 is a ratio of integers, so the result of additions and products of such numbers can be
known exactly. None of this uses the kit's convolution or its gradients.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

Array = np.ndarray


def rational(values: Array) -> Array:
    """The same array with each number as a `Fraction`."""
    exact = [Fraction(value) for value in values.ravel().tolist()]
    return np.array(exact, object).reshape(values.shape)


def convolved(x: Array, kernel: Array, bias: Array, stride: int, pad: int) -> Array:
    """Every output of a convolution as a `Fraction`: the sum of products, and the bias once.

    Args:
        x: (m, n_H, n_W, n_C_prev), of floats or fractions.
        kernel: (f, f, n_C_prev, n_C).
        bias: (1, 1, 1, n_C).
        stride: Steps between windows.
        pad: Rows and columns of zeros on every side.
    """
    f = len(kernel)
    padded = np.pad(rational(x), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    rows, columns = ((n - f) // stride + 1 for n in padded.shape[1:3])
    weights = rational(kernel).reshape(-1, kernel.shape[3])
    z = np.empty((len(x), rows, columns, kernel.shape[3]), object)
    for h, w in np.ndindex(rows, columns):
        top, left = h * stride, w * stride
        window = padded[:, top : top + f, left : left + f].reshape(len(x), -1)
        z[:, h, w] = window.dot(weights) + rational(bias).ravel()
    return z


def mean(values: Array) -> Fraction:
    """The mean of an array of fractions."""
    return sum(values.ravel(), Fraction(0)) / values.size


def gradient_means(
    x: Array, kernel: Array, bias: Array, stride: int, pad: int
) -> tuple[Fraction, Fraction, Fraction]:
    """The means of dA, dW and db for dZ = Z: those of the gradient of sum(Z^2) / 2.

    The sum over a gradient is the derivative along the direction of ones. Z is linear in x, in the
    kernel and in the bias, so that is the sum of Z times what Z gains when ones are added to it.
    """
    z = convolved(x, kernel, bias, stride, pad)
    none, ones = np.zeros_like(bias), np.ones_like
    gains = (
        (x, convolved(ones(x), kernel, none, stride, pad)),
        (kernel, convolved(x, ones(kernel), none, stride, pad)),
        (bias, rational(ones(z, dtype=float))),
    )
    first, second, third = ((z * gain).sum() / of.size for of, gain in gains)
    return first, second, third


def average_pool_gradient(da: Array, n_columns: int, f: int, image: int, row: int) -> Array:
    """One row of an average pooling's input gradient, (n_columns, n_C), for stride 1.

    A cell's gradient is the sum over all outputs of dA times the cell's part in the output, which
    is 1 / f^2 where the window covers the cell.
    """
    exact = rational(da[image])
    gradient = np.full((n_columns, da.shape[3]), Fraction(0), object)
    for column in range(n_columns):
        for h, w in np.ndindex(*da.shape[1:3]):
            if 0 <= row - h < f and 0 <= column - w < f:
                gradient[column] += exact[h, w] / f**2
    return gradient
