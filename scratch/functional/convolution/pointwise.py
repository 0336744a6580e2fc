"""1x1 convolutions: one product of a matrix of pixels and the kernel, nothing unrolled.

Parts of the pixels go to the threads. Operations: the convolution's own. Error: gamma_n
elementwise, n = Cin forward, Cout for dx, the number of pixels for the kernel (Higham 2002, section
3.1). Lin, Chen and Yan (2014), "Network in network", section 3.1.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.convolution.problem import Problem
from scratch.functional.ending import Ending
from scratch.functional.products import product, transposed_product


def forward(x: np.ndarray, kernel: np.ndarray, ending: Ending, problem: Problem) -> np.ndarray:
    """Pixels times kernel, (N, Ho, Wo, Cout)."""
    y = product(_rows(_met(x, problem)), kernel[0, 0], ending.in_rows())
    return y.reshape(problem.output_shape)


def input_gradient(dy: np.ndarray, kernel: np.ndarray, problem: Problem) -> np.ndarray:
    """dL/dy times the kernel, transposed; zero at pixels that strides leave out."""
    sent = product(_rows(dy), kernel[0, 0].T)
    if problem.windows.strides == (1, 1):
        return sent.reshape(problem.input_shape)
    dx = np.zeros(problem.input_shape, sent.dtype)
    _met(dx, problem)[...] = sent.reshape(*dy.shape[:3], -1)
    return dx


def kernel_gradient(dy: np.ndarray, x: np.ndarray, problem: Problem) -> np.ndarray:
    """Pixels, transposed, times dy."""
    matrix = transposed_product(_rows(_met(x, problem)), _rows(dy))
    return matrix.reshape(problem.kernel_shape)


def _met(x: np.ndarray, problem: Problem) -> np.ndarray:
    """The pixels that windows meet, a view of x."""
    down, across = problem.windows.strides
    return x[:, ::down, ::across]


def _rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, x.shape[-1])
