"""The count of a scratch model with every kind of convolution is that of its Keras twin."""

import pytest

from experiments.complexity import count
from keras_models import to_scratch
from tests.experiments.compare.test_convolutions import images, sequences

NUMBERS = ["weights", "biases", "macs", "activations", "im2col_bytes"]


@pytest.mark.parametrize("function", [images, sequences])
def test_both_twins_have_the_same_numbers(function) -> None:
    model = function()
    ours, theirs = count(to_scratch(model), batch=2), count(model, batch=2)
    assert ours.totals == theirs.totals
    assert ours.table[NUMBERS].equals(theirs.table[NUMBERS])
