"""Scales and shifts: gradients by complex steps."""

import numpy as np
import pytest

from scratch import functional as F  # noqa: N812
from tests.scratch.functional.oracles import assert_same, complex_step, normal

X, DY = normal(0, 2, 4, 5, 3), normal(1, 2, 4, 5, 3)
CHANNELS, ROWS = normal(2, 3), np.abs(normal(3, 4, 1, 1)) + 0.5


@pytest.mark.parametrize("scale", [CHANNELS, ROWS, np.array(-0.25)])
def test_rescale(scale):
    np.testing.assert_array_equal(F.rescale(X, scale, CHANNELS), X * scale + CHANNELS)
    dx = complex_step(lambda x: F.rescale(x, scale, CHANNELS), X, DY)
    assert_same("dx", F.rescale_backward(DY, scale), dx)


def test_standardize():
    y = F.standardize(X, CHANNELS, ROWS)
    np.testing.assert_array_equal(y, (X - CHANNELS) / ROWS)
    dx = complex_step(lambda x: F.standardize(x, CHANNELS, ROWS), X, DY)
    assert_same("dx", F.standardize_backward(DY, ROWS), dx)


def test_layer_scale():
    dx, dgamma = F.layer_scale_backward(DY, X, CHANNELS)
    assert_same("dx", dx, complex_step(lambda x: F.layer_scale(x, CHANNELS), X, DY))
    by_gamma = complex_step(lambda gamma: F.layer_scale(X, gamma), CHANNELS, DY)
    assert_same("dgamma", dgamma, by_gamma)


def test_add_scaled():
    other = normal(4, *X.shape)
    np.testing.assert_array_equal(F.add_scaled(X, other, 0.17), other * 0.17 + X)
    da, db = F.add_scaled_backward(DY, 0.17)
    assert_same("dshortcut", da, complex_step(lambda x: F.add_scaled(x, other, 0.17), X, DY))
    assert_same("dresidual", db, complex_step(lambda x: F.add_scaled(X, x, 0.17), other, DY))
