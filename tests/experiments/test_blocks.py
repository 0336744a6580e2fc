"""Arrays cut into blocks: every element once, and no block too large."""

import math

import numpy as np
import pytest

from experiments.blocks import at, blocks


@pytest.mark.parametrize(
    "shape",
    [(), (1,), (7,), (100,), (3, 5), (2, 50, 3), (50, 2, 3), (4, 7, 6, 5), (2, 0, 3), (1, 101)],
)
@pytest.mark.parametrize("most", [1, 6, 30, 1000])
def test_every_element_is_in_one_block(shape: tuple[int, ...], most: int) -> None:
    seen = np.zeros(shape, int)
    for block in blocks(shape, most):
        assert seen[block].size <= most
        seen[block] += 1
    assert (seen == 1).all()


def test_blocks_are_as_large_as_they_may_be() -> None:
    """A cut along one axis gives no more blocks than there must be, and a remainder."""
    sizes = [np.empty((10, 7))[block].size for block in blocks((10, 7), 30)]
    assert sizes == [28, 28, 14]
    assert len(list(blocks((4, 5, 6), 120))) == 1


def test_a_broadcast_axis_is_taken_whole() -> None:
    whole, row = np.arange(60).reshape(5, 4, 3), np.arange(3).reshape(1, 1, 3)
    product = np.empty_like(whole)
    for block in blocks(whole.shape, 6):
        product[block] = at(whole, block) * at(row, block)
    np.testing.assert_array_equal(product, whole * row)
    assert math.prod(product.shape) == 60
