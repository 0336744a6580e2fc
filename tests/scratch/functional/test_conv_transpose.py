"""Transposed convolution: every pixel spread over a window, and derivatives."""

from itertools import product

import numpy as np
import pytest

from scratch.functional import (
    conv2d_transpose,
    conv2d_transpose_input_gradient,
    conv2d_transpose_kernel_gradient,
    resolve_padding,
    transposed_output_size,
)
from tests.scratch.functional.oracles import assert_same, complex_step, normal

TRANSPOSED = [
    ((4, 3), (3, 2), (1, 1), "valid", None, (1, 1), (6, 4)),
    ((4, 3), (3, 2), (2, 3), "same", None, (1, 1), (8, 9)),
    ((4, 3), (1, 2), (3, 4), "valid", None, (1, 1), (12, 12)),
    ((4, 3), (4, 3), (2, 2), "valid", (1, 0), (1, 1), (11, 7)),
    ((4, 3), (3, 5), (2, 3), "same", (1, 2), (1, 1), (8, 9)),
    ((4, 3), (2, 3), (1, 1), "valid", None, (3, 2), (7, 7)),
]


@pytest.mark.parametrize(
    ("size", "kernel", "strides", "padding", "extra", "dilation", "expected"), TRANSPOSED
)
def test_transposed_by_spreading_every_pixel(
    size, kernel, strides, padding, extra, dilation, expected
):
    sides = zip(size, kernel, strides, extra or (None, None), dilation, strict=True)
    output = tuple(transposed_output_size(n, k, s, padding, e, d) for n, k, s, e, d in sides)
    assert output == expected
    geometry = {"strides": strides, "padding": padding, "dilation": dilation}
    x, weights = normal(0, 2, *size, 5), normal(1, *kernel, 3, 5)
    bias = normal(2, 3)
    top, bottom, left, right = resolve_padding(padding, output, kernel, strides, dilation)
    spread = np.zeros((2, output[0] + top + bottom, output[1] + left + right, 3))
    for (h, w), (i, j) in product(np.ndindex(*size), np.ndindex(*kernel)):
        row, column = h * strides[0] + i * dilation[0], w * strides[1] + j * dilation[1]
        spread[:, row, column] += x[:, h, w] @ weights[i, j].T
    y = conv2d_transpose(x, weights, output, bias, **geometry)
    assert_same("output", y, spread[:, top : top + output[0], left : left + output[1]] + bias)

    dy = normal(3, *y.shape)
    dx = conv2d_transpose_input_gradient(dy, weights, **geometry)
    dweights = conv2d_transpose_kernel_gradient(dy, x, kernel, **geometry)
    by_x = complex_step(lambda x: conv2d_transpose(x, weights, output, **geometry), x, dy)
    by_weights = complex_step(lambda k: conv2d_transpose(x, k, output, **geometry), weights, dy)
    assert_same("dx", dx, by_x)
    assert_same("dkernel", dweights, by_weights)
