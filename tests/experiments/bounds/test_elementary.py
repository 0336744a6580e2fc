"""The errors that the bounds take the libraries' functions to have, in small."""

import numpy as np
import pytest
import tensorflow as tf

from experiments.bounds import elementary
from experiments.bounds.elementary import Elementary
from experiments.rounding import Bounded, Precision, exactly
from scratch import functional as F  # noqa: N812

FUNCTIONS = {
    "exp": (elementary.exp, np.exp, tf.exp, (-87, 80)),
    "log": (elementary.log, np.log, tf.math.log, (1, 1e5)),
    "tanh": (elementary.tanh, np.tanh, tf.tanh, (-30, 30)),
    "sigmoid": (elementary.sigmoid, F.sigmoid, tf.sigmoid, (-110, 60)),
    "erfc": (elementary.erfc, F.erfc, tf.math.erfc, (-6, 9.5)),
    "softplus": (elementary.softplus, F.softplus, tf.math.softplus, (-100, 60)),
}


def arguments(low: float, high: float) -> np.ndarray:
    """Dense over the range, and of every magnitude within it."""
    rng = np.random.default_rng(0)
    small = rng.choice([-1, 1], 20000) * 10.0 ** rng.uniform(-30, 1, 20000)
    x = np.concatenate([rng.uniform(low, high, 100_000), small[(small > low) & (small < high)]])
    return x.astype("float32")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_libraries_are_within_the_stated_error(name: str) -> None:
    function, ours, theirs, ends = FUNCTIONS[name]
    x = arguments(*ends)
    bounded = function(exactly(x), Precision("float32"))
    for computed in (ours(x), theirs(tf.constant(x)).numpy()):
        error = np.abs(computed.astype(np.float64) - bounded.value)
        assert (error <= bounded.radii[0]).all()


@pytest.mark.parametrize("radius", [1e-6, 1e-2, 1.0, 50.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_moved_argument_stays_within_the_spread(name: str, radius: float) -> None:
    function, _, _, (low, high) = FUNCTIONS[name]
    if name == "log":
        low = 0.5 + radius  # Of what falls below, nothing is said.
    x = np.linspace(low, high, 501)
    bounded = function(Bounded(x, np.full((3, 501), radius)), Precision("float32"))
    for moved in np.linspace(-radius, radius, 9):
        assert (np.abs(function.function(x + moved) - bounded.value) <= bounded.radii[1]).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_slope_is_the_derivative(name: str) -> None:
    function: Elementary = FUNCTIONS[name][0]
    x = np.linspace(0.6, 4, 41)
    step = 2.0**-14
    slopes = (function.function(x + step) - function.function(x - step)) / (2 * step)
    np.testing.assert_allclose(function.slope(x), np.abs(slopes), rtol=1e-6)
