"""What ends a layer changes its sums as the operations do one by one, wherever they were cut."""

from fractions import Fraction

import numpy as np
import pytest

from scratch.functional import Ending, conv2d, dense
from scratch.functional.convolution import ALGORITHMS
from scratch.functional.long_rows import LONG, TOO_LONG, rows_beside
from tests.scratch.functional.convolution.problems import LARGE, SMALL
from tests.scratch.functional.oracles import frozen, normal


def ending_for(shape, dtype):
    """All of it, for an output of this shape."""
    bias, scale, shift = (normal(i, shape[-1], dtype=dtype) for i in range(3))
    return Ending(bias, scale, shift, normal(3, *shape, dtype=dtype), rectified=True)


def one_by_one(y, ending):
    return np.maximum((y + ending.bias) * ending.scale + ending.shift + ending.addend, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape", [(3, 5, 4, 7), (90, 31, 8), (11, 1), (2, 20_000), (0, 3)], ids=str
)
def test_all_of_it(shape, dtype):
    y, ending = normal(9, *shape, dtype=dtype), ending_for(shape, dtype)
    ours, part = y.copy(), y.copy()
    ending.apply(ours)
    np.testing.assert_array_equal(ours, one_by_one(y, ending))
    ending.of(slice(1, None), slice(None, 3)).apply(part[1:, ..., :3])
    np.testing.assert_array_equal(part[1:, ..., :3], ours[1:, ..., :3])
    np.testing.assert_array_equal(part[:1], y[:1])


def test_nothing():
    y = normal(0, 4, 3)
    ours = y.copy()
    Ending().apply(ours)
    np.testing.assert_array_equal(ours, y)


@pytest.mark.parametrize("case", SMALL + LARGE, ids=str)
def test_every_algorithm_ends_so(case):
    x, kernel, *_ = case.operands("float32")
    options = {key: getattr(case, key) for key in ("strides", "padding", "dilation", "groups")}
    for name, algorithm in ALGORITHMS.items():
        if not algorithm.can("forward", case.problem("float32")):
            continue
        y = conv2d(x, kernel, **options, algorithm=name)
        ending = ending_for(y.shape, "float32")
        ours = conv2d(x, kernel, **options, algorithm=name, ending=ending)
        np.testing.assert_array_equal(ours, one_by_one(y, ending), name)


def test_fractions_have_a_bias_too():
    thirds = np.array([Fraction(n, 3) for n in range(12)], object)
    x, bias = thirds.reshape(1, 3, 4, 1), np.array([Fraction(1, 7)], object)
    kernel = thirds[1:5].reshape(2, 2, 1, 1)
    np.testing.assert_array_equal(conv2d(x, kernel, bias), conv2d(x, kernel) + bias)
    rows = thirds.reshape(3, 4)
    np.testing.assert_array_equal(dense(rows, rows.T, rows[:, 1]), rows.dot(rows.T) + rows[:, 1])


def test_a_bias_stands_in_the_ending_or_beside_none():
    x, kernel, bias = normal(0, 1, 3, 3, 2), normal(1, 2, 2, 2, 4), normal(2, 4)
    with pytest.raises(ValueError, match="a bias or an ending"):
        conv2d(x, kernel, bias, ending=Ending())
    with pytest.raises(ValueError, match=r"bias must be \(4,\)"):
        conv2d(x, kernel, ending=Ending(bias[:3]))


def test_groups_of_one_channel_end_so():
    x, kernel = normal(0, 2, 6, 5, 3), normal(1, 3, 3, 1, 6)
    y = conv2d(x, kernel, groups=3)
    ending = ending_for(y.shape, "float64")
    np.testing.assert_array_equal(conv2d(x, kernel, groups=3, ending=ending), one_by_one(y, ending))


@pytest.mark.parametrize("shape", [(700, 300, 500), (5, 300, 900)], ids=str)
def test_a_bias_of_a_product_cut_either_way(shape):
    rows, length, units = shape
    x, kernel, bias = (
        normal(0, rows, length),
        normal(1, length, units),
        frozen(np.arange(units) / 7),
    )
    np.testing.assert_array_equal(dense(x, kernel, bias), dense(x, kernel) + bias)


@pytest.mark.parametrize("length", [1, 3, 8, 300, LONG - 1, LONG, 3 * TOO_LONG])
@pytest.mark.parametrize("count", [1, 7, 64, 3136, 100_003, 2**20])
def test_rows_beside_each_other_make_a_long_one(count, length):
    beside = rows_beside(count, length)
    assert count % beside == 0
    if beside > 1:
        assert beside * length <= TOO_LONG
    enough = [n for n in range(1, min(count, LONG) + 1) if count % n == 0 and n * length >= LONG]
    if enough and enough[0] * length <= TOO_LONG:
        assert beside == enough[0]
