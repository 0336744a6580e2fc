"""Layers without weights that keep or reshape: activations, Flatten, ZeroPadding2D."""

import numpy as np
import pytest

from scratch.layers import ReLU
from tests.scratch.layers.harness import check_layer, random

SHAPES = [(3, 5), (1, 4, 6), (2, 5, 4, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("activation", ["linear", "relu", "softmax", None])
def test_activation(shape, activation):
    check_layer("Activation", shape, activation=activation)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["ReLU", "Softmax"])
def test_activation_by_class(shape, name):
    check_layer(name, shape)


def test_relu_at_zero():
    check_layer("ReLU", (4, 9), ties=True)


def test_relu_does_not_write_to_what_it_was_given():
    layer, x = ReLU(), np.array([[-1.0, 2.0]], "float32")
    layer.forward(x)[...] = 7
    np.testing.assert_array_equal(x, [[-1, 2]])


@pytest.mark.parametrize("shape", [*SHAPES, (4, 1)], ids=str)
def test_flatten(shape):
    check_layer("Flatten", shape)


def test_flatten_keeps_row_major_order_with_channels_last():
    check_layer("Flatten", (2, 3, 4, 5))


@pytest.mark.parametrize(
    "padding",
    [0, 2, (1, 2), (0, 3), ((1, 2), (3, 0)), [[0, 1], [2, 3]], ((0, 0), (0, 1))],
    ids=str,
)
def test_zero_padding(padding):
    check_layer("ZeroPadding2D", (2, 4, 3, 5), padding=padding)


def test_zero_padding_by_default():
    check_layer("ZeroPadding2D", (1, 4, 3, 2))


def test_harness_tells_numbers_apart():
    """The random inputs differ from shape to shape and seed to seed, and ties do occur."""
    assert (random((3, 5), "float64", 0) != random((3, 5), "float64", 1)).all()
    assert len(np.unique(random((4, 9), "float64", 0, ties=True))) < 8
    assert (random((4, 9), "float64", 0, ties=True) == 0).any()
