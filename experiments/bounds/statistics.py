"""How far the moving statistics can be off after a batch normalization's step, by rounding alone.

Both sides compute moving * momentum + batch * (1 - momentum) (Ioffe and Szegedy 2015, algorithm 2,
with an exponential average): two products and a sum on top of what the batch's own mean and
variance are off by (`experiments.bounds.normalization`).
"""

from __future__ import annotations

import numpy as np

from experiments.bounds.call import Bounds, GivenCall
from experiments.bounds.normalization import NormalizationBounds
from experiments.rounding import Array, Bounded, Precision
from scratch.layers import BatchNormalization


def statistics_bounds(layer: BatchNormalization, x: Array, precision: Precision) -> Bounds:
    """The moving mean and variance after one training step, with their bounds.

    Args:
        layer: In float64, with the weights before the step.
        x: Its input in float64, which both twins are given exactly.
        precision: The arithmetic of the twins.

    Returns:
        `moving_mean` and `moving_variance`; the twins may differ by twice a radius.
    """
    p = precision
    call = GivenCall((x,), np.zeros_like(x), training=True, precision=p)
    batch = NormalizationBounds(layer, call)
    return {
        name: p.add(
            p.scale(p.given(layer.weights[name]), layer.momentum),
            p.scale(_by_channel(statistic), 1.0 - layer.momentum),
        )
        for name, statistic in (("moving_mean", batch.mean), ("moving_variance", batch.variance))
    }


def _by_channel(statistic: Bounded) -> Bounded:
    """(channels,), as the weights are."""
    return Bounded(statistic.value.reshape(-1), statistic.radii.reshape(3, -1))
