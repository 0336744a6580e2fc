"""Exercise 5-7 on every geometry: the convolution's matrix, held against both twins."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.identities.cases import Case, Operands
from experiments.identities.twins import Keras, Scratch
from scratch.functional import conv_matrix


def matrix_row(case: Case, given: Operands) -> dict[str, Any]:
    """A row: the matrix's size, and whether C x and C^T dy are what the twins compute.

    Args:
        case: The geometry.
        given: Whole numbers for it.
    """
    geometry = (case.input_shape, case.strides, case.padding)
    matrix = conv_matrix(given.kernel, *geometry)
    ones = conv_matrix(np.ones(case.kernel_shape, np.int8), *geometry)  # A weight may be 0.
    forward = (matrix @ given.x.ravel()).reshape(case.output_shape)
    backward = (matrix.T @ given.dy.ravel()).reshape(case.input_shape)
    row: dict[str, Any] = {
        **case.labels(),
        "rows": matrix.shape[0],
        "columns": matrix.shape[1],
        "nonzeros": int(np.count_nonzero(ones)),
    }
    options = (case.strides, case.padding)
    for name, twin in (("conv2d", Scratch()), ("keras", Keras())):
        dx, _ = twin.gradients(given.dy, given.x, given.kernel, *options)
        y = twin.conv(given.x, given.kernel, *options)
        row[f"equals_{name}"] = np.array_equal(forward, y)
        row[f"transpose_equals_{name}_backward"] = np.array_equal(backward, dx)
    return row
