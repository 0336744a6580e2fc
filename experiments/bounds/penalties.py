"""How far a penalty's gradient can be off by rounding alone."""

from __future__ import annotations

import numpy as np

from experiments.rounding import Array, Bounded, Precision
from scratch.regularizers import Regularizer


def penalty_gradient_bounds(
    regularizer: Regularizer, weight: Array, precision: Precision
) -> Bounded:
    """l1 sign(w) + 2 l2 w of an exact weight: a rounding for each product and one for the sum.

    The factors are what float32 makes of them: both sides compute with exactly these. A subnormal
    weight that counts as zero has the sign 0.
    """
    l1, l2 = (float(np.float32(factor)) for factor in regularizer.factors)
    w = precision.given(weight)
    sign = Bounded(np.sign(w.value), (w.radii > 0).astype(np.float64))
    return precision.add(precision.scale(sign, l1), precision.scale(w, 2 * l2))
