"""Faults that printed numbers hide: the smallest inputs, checked by hand."""

import numpy as np
import pandas as pd
import pytest

from experiments.faults import BY_NAME, FAULTS
from experiments.sources.hidden import hidden_frame, smallest_inputs
from experiments.sources.own_numbers import OWN_NUMBERS, convolution_set_up, revealed, shows
from experiments.sources.planted import planted, pool_layer


@pytest.fixture(scope="module")
def hidden() -> pd.DataFrame:
    return hidden_frame(smallest_inputs()).set_index(["fault", "fails_by"])


def test_every_fault_of_the_sources_is_hidden_or_printed() -> None:
    """Source A's two show in its numbers; all others need an input of their own."""
    shown = {"bias-per-product", "overlapping-average-windows-overwrite"}
    assert {fault.name for fault in FAULTS if fault.source} == set(OWN_NUMBERS) | shown
    assert all(fault.functions for fault in FAULTS if fault.source)


@pytest.mark.parametrize("fault", OWN_NUMBERS)
def test_the_sources_own_numbers_do_not_reveal_it(fault: str) -> None:
    assert not revealed(fault)


def test_a_set_up_that_does_reveal_is_reported() -> None:
    """The 2021 version's stride of 2 shows what source B's stride of 1 hides."""
    assert shows("stride-ignored-in-backward", *convolution_set_up(stride=2))
    assert shows("bias-per-product", *convolution_set_up())


@pytest.mark.parametrize(
    ("fault", "fails_by", "geometry", "right", "with_fault"),
    [
        # 1x1 windows at columns 0 and 2 send 1 and 2 back; the code puts them into 0 and 1.
        ("stride-ignored-in-backward", "wrong numbers", (1, 3, 1, 1, 2), "[[1, 0, 2]]",
         "[[1, 2, 0]]"),
        # Each share is 1 or 2; the code lays the second window over the first.
        ("average-pool-stride-ignored-in-backward", "wrong numbers", (2, 4, 1, 2, 2),
         "[[1, 1, 2, 2], [1, 1, 2, 2]]", "[[1, 3, 2, 0], [1, 3, 2, 0]]"),
        ("max-pool-stride-ignored-in-backward", "wrong numbers", (2, 4, 1, 2, 2),
         "[[0, 0, 0, 0], [0, 1, 0, 2]]", "[[0, 0, 0, 0], [0, 1, 2, 0]]"),
        ("all-ties-get-the-gradient", "wrong numbers", (2, 2, 1, 2, 1), "[[1, 0], [0, 0]]",
         "[[1, 1], [1, 1]]"),
        ("pool-moves-by-its-size", "wrong shape", (2, 3, 1, 2, 1), "1x2x1: [[5, 6]]",
         "1x1x1: [[5]]"),
        # Two rows make two channels of one, the second all zeros; three do not fit into two.
        ("channels-by-height", "wrong shape", (2, 2, 1, 2, 1), "1x1x1: [[4]]",
         "1x1x2: [[[4, 0]]]"),
        ("channels-by-height", "error", (2, 2, 3, 2, 1), "1x1x3: [[[10, 11, 12]]]",
         "IndexError: index 2 is out of bounds"),
        ("input-gradient-undilated", "wrong shape", (1, 2, 1, 1, 2), "1x2x1: [[1, 0]]",
         "1x1x1: [[1]]"),
        # 2 // 1 = 2 rows and columns, of windows cut off at the edge.
        ("pool-size-by-stride", "wrong shape", (2, 2, 1, 2, 1), "1x1x1: [[4]]",
         "2x2x1: [[4, 4], [4, 4]]"),
        # The maximum 5 lies in both windows: with one mask it gets both gradients.
        ("shared-maximum-mask", "wrong numbers", (2, 3, 1, 2, 1), "[[0, 0, 0], [0, 1, 2]]",
         "[[0, 0, 0], [0, 3, 2]]"),
        ("gradient-repeated-by-stride", "error", (2, 2, 1, 2, 3), "[[0, 0], [0, 1]]",
         "ValueError: operands could not be broadcast"),
        ("kernel-drawn-anew", "wrong numbers", (1, 1, 1, 1, 1), "[[1]]", "another in every call"),
    ],
)  # fmt: skip
def test_the_smallest_input(
    hidden: pd.DataFrame, fault: str, fails_by: str, geometry, right: str, with_fault: str
) -> None:
    row = hidden.loc[(fault, fails_by)]
    assert tuple(row[["height", "width", "channels", "f", "stride"]]) == geometry
    assert right in row.right
    assert with_fault in row.with_fault
    assert row.source == BY_NAME[fault].source


def test_nothing_else_is_found(hidden: pd.DataFrame) -> None:
    assert len(hidden) == 12


@pytest.mark.parametrize(("height", "width"), [(4, 4), (4, 6), (5, 4), (5, 7)])
@pytest.mark.parametrize(("f", "stride"), [(2, 2), (2, 3), (3, 2)])
def test_where_source_e_pooling_is_right(height: int, width: int, f: int, stride: int) -> None:
    """h // stride is right for f = stride; np.repeat needs in addition that stride divides h."""
    x = np.random.default_rng(0).standard_normal((1, height, width, 2))
    right = pool_layer("max", f, stride)
    y = right.forward(x)
    sized = planted("pool-size-by-stride", right).forward(x)
    rows_and_columns = ((height - f) // stride + 1, (width - f) // stride + 1)
    same_size = rows_and_columns == (height // stride, width // stride)
    assert (sized.shape == y.shape) is same_size
    assert same_size or f != stride

    dy = np.random.default_rng(1).standard_normal(y.shape)
    repeating = planted("gradient-repeated-by-stride", right)
    tiles = y.shape[1] * stride == height and y.shape[2] * stride == width
    if tiles:
        np.testing.assert_allclose(repeating.backward(dy), right.backward(dy))
    else:
        with pytest.raises(ValueError, match="could not be broadcast"):
            repeating.backward(dy)
