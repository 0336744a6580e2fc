"""im2col of the whole batch at once: the convolution as one matrix product, as it is taught.

The unrolled windows of the whole batch are written to memory, kh kw times the input, and read
again: most of the time goes there. Operations: the convolution's own. Error: each result is one sum
of products in some order, so gamma_n elementwise (Higham 2002, section 3.1). Source E, im2col;
Chellapilla, Puri and Simard (2006), "High performance convolutional neural networks for document
processing", section 2.
"""

from __future__ import annotations

import numpy as np

from scratch.functional.convolution.im2col import by_group, im2col, kernel_matrix, kernel_of_matrix
from scratch.functional.convolution.problem import Problem
from scratch.functional.ending import Ending


def forward(x: np.ndarray, kernel: np.ndarray, ending: Ending, problem: Problem) -> np.ndarray:
    """Windows times kernel, (N, Ho, Wo, Cout)."""
    columns = im2col(x, problem.windows, problem.groups)
    product = columns @ kernel_matrix(kernel, problem.groups)  # (g, M, Cout/g)
    y = product.transpose(1, 0, 2).reshape(problem.output_shape)
    ending.apply(y)
    return y


def input_gradient(dy: np.ndarray, kernel: np.ndarray, problem: Problem) -> np.ndarray:
    """dL/dy times the kernel, transposed, each row added up where its window lay (col2im)."""
    groups, windows = problem.groups, problem.windows
    sent = by_group(dy, groups) @ kernel_matrix(kernel, groups).transpose(0, 2, 1)
    cells = sent.reshape(groups, *problem.output_shape[:3], *problem.kernel_size, kernel.shape[2])
    dx = np.zeros(problem.input_shape, sent.dtype)
    for i, j, at_output, at_input in windows.cells():
        part = (
            cells[:, :, :, :, i, j]
            .transpose(1, 2, 3, 0, 4)
            .reshape(*dy.shape[:3], problem.channels)
        )
        dx[at_input] += part[at_output]
    return dx


def kernel_gradient(dy: np.ndarray, x: np.ndarray, problem: Problem) -> np.ndarray:
    """Windows, transposed, times dy."""
    columns = im2col(x, problem.windows, problem.groups)
    matrix = columns.transpose(0, 2, 1) @ by_group(dy, problem.groups)
    return kernel_of_matrix(matrix, problem.kernel_shape)
