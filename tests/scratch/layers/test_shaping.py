"""Layers that move numbers, and Dense on inputs of any rank."""

import pytest

from tests.scratch.layers.harness import check_layer

IMAGE = (2, 7, 6, 4)


@pytest.mark.parametrize("cropping", [2, (1, 2), ((1, 0), (0, 2)), ((0, 3), (2, 1)), 0])
def test_cropping(cropping):
    check_layer("Cropping2D", IMAGE, cropping=cropping)


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        (IMAGE, (6, 28)),
        (IMAGE, (-1, 8)),
        (IMAGE, (2, -1, 3, 1)),
        (IMAGE, (-1,)),
        ((3, 12), (2, 3, 2)),
        ((1, 1, 1, 5), (5,)),
    ],
)
def test_reshape(shape, target):
    check_layer("Reshape", shape, target_shape=target)


@pytest.mark.parametrize(
    ("shape", "dims"), [(IMAGE, (2, 1, 3)), (IMAGE, (3, 1, 2)), ((2, 3, 5), (2, 1)), ((2, 3), (1,))]
)
def test_permute(shape, dims):
    check_layer("Permute", shape, dims=dims)


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5), (2, 4, 3, 5), (2, 3, 1, 4, 5)], ids=str)
@pytest.mark.parametrize("use_bias", [False, True])
def test_dense_on_any_rank(shape, use_bias):
    check_layer("Dense", shape, units=4, use_bias=use_bias)


@pytest.mark.parametrize("rate", [0, 0.4])
def test_spatial_dropout_outside_training(rate):
    check_layer("SpatialDropout2D", IMAGE, rate=rate)
