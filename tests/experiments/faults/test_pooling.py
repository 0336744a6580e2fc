"""Faulty poolings make the mistake they are named after, against loops and source A's numbers."""

import numpy as np
import pytest

from experiments.faults import pooling
from scratch import reference
from scratch.functional import resolve_padding
from tests.experiments.faults.runs import X, run


def test_all_tied_maxima_get_the_gradient() -> None:
    """Sources A and B: `create_mask_from_window` marks every maximum."""
    tied = np.round(X)
    layer = pooling.AllTiesGetGradient((2, 3), strides=(1, 2), dtype="float64")
    found = run(layer, tied)
    _, cache = reference.pool_forward(tied, {"f": (2, 3), "stride": (1, 2)}, mode="max")
    expected = reference.pool_backward(found["dy"], cache, mode="max", ties="all")
    np.testing.assert_allclose(found["grad_input"], expected)
    first = reference.pool_backward(found["dy"], cache, mode="max", ties="first")
    assert np.abs(expected - first).max() > 0.1


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_max_windows_that_overwrite(padding: str) -> None:
    layer = pooling.MaxPoolOverwrites((3, 2), strides=(2, 1), padding=padding, dtype="float64")
    found = run(layer)
    top, _, left, _ = resolve_padding(padding, (6, 5), (3, 2), (2, 1))
    expected = np.zeros_like(X)
    for i, h, w, c in np.ndindex(*found["dy"].shape):
        rows = slice(max(0, 2 * h - top), 2 * h - top + 3)
        columns = slice(max(0, w - left), w - left + 2)
        window = X[i, rows, columns, c]
        expected[i, rows, columns, c] = (window == window.max()) * found["dy"][i, h, w, c]
    np.testing.assert_array_equal(found["grad_input"], expected)


def test_average_windows_that_overwrite_print_source_a_numbers() -> None:
    """A9: the printed numbers come from this fault."""
    draw = np.random.RandomState(1).randn
    a_prev, da = draw(5, 5, 3, 2), draw(5, 4, 2, 2)
    layer = pooling.AveragePoolOverwrites(2, strides=1, dtype="float64")
    layer.forward(a_prev)
    printed = [[-0.32345834, 0.45074345], [2.52832571, -0.24863478], [1.26416285, -0.12431739]]
    np.testing.assert_allclose(layer.backward(da)[1, 1], printed, atol=5e-9)


def test_an_average_over_the_padding_too() -> None:
    layer = pooling.AverageCountsPadding((3, 2), strides=(2, 2), padding="same", dtype="float64")
    found = run(layer)
    pads = resolve_padding("same", (6, 5), (3, 2), (2, 2))
    padded = reference.zero_pad(X, pads)
    means, cache = reference.pool_forward(padded, {"f": (3, 2), "stride": (2, 2)}, mode="average")
    np.testing.assert_allclose(found["output"], means)
    dx = reference.pool_backward(found["dy"], cache, mode="average")
    top, bottom, left, right_side = pads
    assert (bottom, right_side) == (1, 1)
    inside = dx[:, top : dx.shape[1] - bottom, left : dx.shape[2] - right_side]
    np.testing.assert_allclose(found["grad_input"], inside)


def test_a_global_average_whose_gradient_is_a_sums() -> None:
    found = run(pooling.GlobalAverageUnscaled(dtype="float64"))
    expected = np.broadcast_to(found["dy"][:, None, None], X.shape)
    np.testing.assert_allclose(found["grad_input"], expected)
