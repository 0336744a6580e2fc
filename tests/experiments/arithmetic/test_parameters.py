"""Connections counted one by one, and VGG16's published number."""

import numpy as np

from experiments.arithmetic.parameters import connection_rows, vgg16_rows
from scratch import functional as F  # noqa: N812


def test_full_local_and_shared_are_what_a_convolution_as_a_matrix_holds() -> None:
    """5x5 by 3x3: the matrix is 25x9; its cells that are not zero are the local connections."""
    row = connection_rows()[0]
    pixels = np.eye(25).reshape(25, 5, 5, 1)
    matrix = F.conv2d(pixels, np.arange(1.0, 10.0).reshape(3, 3, 1, 1)).reshape(25, 9)
    biases = 9
    assert row["full_connection"] == matrix.size + biases
    assert row["local_connection"] == np.count_nonzero(matrix) + biases
    assert row["shared_weights"] == len(np.unique(matrix[matrix != 0])) + 1


def test_source_cs_first_layer() -> None:
    row = {row["input"]: row for row in connection_rows()}["39x39x3"]
    assert row["output"] == "37x37x10"
    assert row["full_connection"] == 4563 * 13690 + 13690
    assert row["local_connection"] == 13690 * 28
    assert row["shared_weights"] == 280
    assert all(row["all_agree"] for row in connection_rows())


def test_vgg16_has_its_published_number_of_parameters() -> None:
    rows = vgg16_rows()
    assert sum(row["parameters"] for row in rows) == 138_357_544
    assert sum(row["keras_parameters"] for row in rows) == 138_357_544
    assert all(row["all_agree"] for row in rows)
    # With the image, 15,237,608 activations; Flatten holds what the last pool gave.
    numbers = sum(row["numbers"] for row in rows if row["layer"] != "flatten")
    assert numbers + 224 * 224 * 3 == 15_237_608
