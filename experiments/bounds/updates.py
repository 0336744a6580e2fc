"""How far one update of an optimizer can be off by rounding alone.

From equal weights, gradients and state, an update is a handful of operations an element. Each is
off by at most a relative u (Higham 2002, section 2.2, the standard model), and a running error
analysis (section 3.3) carries that through the formula. The one amplifier is Adam's bias
correction: 1 - beta^t cancels, so that what beta^t is off by counts beta^t / (1 - beta^t) times,
999 times for beta_2 = 0.999 in the first step.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

import numpy as np

from experiments.rounding import Array, Bounded, Precision, exactly
from scratch.optimizers import SGD, Adam, Optimizer, through_float32

# beta^t by the C library's, NumPy's or Eigen's pow, in u: each is good to 2 ulp, a ulp is <= 2 u.
_POW_ERROR = 4.0


@singledispatch
def update_bounds(
    optimizer: Optimizer,
    weight: Array,
    gradient: Array,
    state: Mapping[str, Array],
    precision: Precision,
) -> Bounded:
    """The new weight with its error bound.

    Args:
        optimizer: A scratch optimizer; `iterations` updates lie behind it.
        weight: Before the update, exact.
        gradient: Of the same shape, exact.
        state: What the optimizer keeps for this weight, by slot, before the update, exact.
        precision: The arithmetic of the twins.

    Returns:
        The value and its radii; the twins may differ by twice a radius.

    Raises:
        NotImplementedError: No bound is derived for this optimizer.
    """
    raise NotImplementedError(f"No rounding bound is derived for {type(optimizer).__name__}.")


@update_bounds.register
def _sgd(
    optimizer: SGD,
    weight: Array,
    gradient: Array,
    state: Mapping[str, Array],
    precision: Precision,
) -> Bounded:
    w = exactly(weight)
    step = precision.scale(exactly(gradient), optimizer.learning_rate)
    if not optimizer.momentum:
        return precision.subtract(w, step)
    kept = precision.scale(exactly(state["momentum"]), optimizer.momentum)
    m = precision.subtract(kept, step)
    if not optimizer.nesterov:
        return precision.add(w, m)
    return precision.add(w, precision.subtract(precision.scale(m, optimizer.momentum), step))


@update_bounds.register
def _adam(
    optimizer: Adam,
    weight: Array,
    gradient: Array,
    state: Mapping[str, Array],
    precision: Precision,
) -> Bounded:
    g = exactly(gradient)
    m = _moved(exactly(state["momentum"]), g, optimizer.beta_1, precision)
    squared = precision.multiply(g, g)
    v = _moved(exactly(state["velocity"]), squared, optimizer.beta_2, precision)
    correction_1 = _bias_correction(optimizer, optimizer.beta_1, weight.dtype, precision)
    correction_2 = _bias_correction(optimizer, optimizer.beta_2, weight.dtype, precision)
    root = precision.scale(_sqrt(correction_2, precision), optimizer.learning_rate)
    alpha = precision.divide(root, correction_1)
    epsilon = precision.scale(exactly(np.ones(())), optimizer.epsilon)
    denominator = precision.add(_sqrt(v, precision), epsilon)
    step = precision.divide(precision.multiply(m, alpha), denominator)
    return precision.subtract(exactly(weight), step)


def _moved(mean: Bounded, towards: Bounded, beta: float, precision: Precision) -> Bounded:
    """A running mean after one more value: mean + (1 - beta) (towards - mean)."""
    return precision.add(mean, precision.scale(precision.subtract(towards, mean), 1 - beta))


def _bias_correction(
    optimizer: Adam, beta: float, dtype: np.dtype, precision: Precision
) -> Bounded:
    """1 - beta^t, from the beta that the optimizer really raises to the power."""
    if optimizer.bias_correction_dtype == "float32":
        beta = through_float32(beta)
    power = np.array(float(dtype.type(beta)) ** (optimizer.iterations + 1))
    radii = np.full(3, _POW_ERROR * precision.u * power)
    return precision.subtract(exactly(np.ones(())), Bounded(power, radii))


def _sqrt(a: Bounded, precision: Precision) -> Bounded:
    """The root of a >= 0, in one rounding and one more for a hardware rsqrt step."""
    value = np.sqrt(a.value)
    return precision.round(value, value - np.sqrt(np.maximum(a.value - a.radii, 0)), n=2)
