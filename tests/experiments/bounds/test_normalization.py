"""The formulas by which NumPy and TensorFlow normalize."""

import numpy as np
import pytest

from experiments.bounds.call import GivenCall
from experiments.bounds.normalization import NormalizationBounds
from tests.experiments.bounds.cases import NORMALIZERS, Case
from tests.experiments.bounds.draws import DATA, Draw, ordinary
from tests.experiments.bounds.sides import PRECISION, in_float64, upstream


@pytest.mark.parametrize("draw", DATA.values(), ids=DATA.keys())
@pytest.mark.parametrize("case", NORMALIZERS.values(), ids=NORMALIZERS.keys())
def test_the_two_formulas_are_one_function(case: Case, draw: Draw) -> None:
    layer, inputs = case.build(draw)
    dy = upstream(layer, inputs, ordinary)
    exact, arrays = in_float64(layer, inputs)
    for training in case.modes:
        call = GivenCall(tuple(arrays), dy.astype(np.float64), training, PRECISION)
        both = NormalizationBounds(exact, call)
        sides = zip(
            (both.numpy_output(), *both.numpy_gradients()),
            (both.tensorflow_output(), *both.tensorflow_gradients()),
            strict=True,
        )
        for ours, theirs in sides:
            # Both are computed in float64, whose roundings are 2^29 times smaller than the radii.
            assert (np.abs(ours.value - theirs.value) <= theirs.radii[1] * 2.0**-20).all()
