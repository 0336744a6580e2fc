"""What each algorithm's rounding costs, channel by channel: what Winograd's speed is paid with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from experiments.speed.convolution import PASSES, Convolution, scratch_pass
from experiments.speed.errors import bound_ratio, error, in_float64, magnitudes, terms
from scratch.functional.convolution import ALGORITHMS

CHANNELS = (16, 32, 64, 128, 256, 512)
CASE = Convolution(2, (14, 14), 1, 1)
"""Its channels and filters are replaced."""


def accuracy_table(
    case: Convolution,
    channels: Iterable[int],
    rng: np.random.Generator,
    advance: Callable[[float], None],
) -> pd.DataFrame:
    """Errors against float64, one row a number of channels, pass and algorithm.

    Args:
        case: A convolution.
        channels: How many channels and filters it gets in turn.
        rng: Draws the tensors.
        advance: Called once a number of channels.
    """
    rows = []
    for count in channels:
        sized = case.with_(channels=count, filters=count)
        tensors = sized.draw(rng)
        exact, magnitude = in_float64(sized, tensors), magnitudes(sized, tensors)
        for which in PASSES:
            for name, algorithm in ALGORITHMS.items():
                if not algorithm.can(which, sized.problem):
                    continue
                found = scratch_pass(which, sized, tensors, name)
                rows.append(
                    {
                        "channels": count,
                        "pass": which,
                        "algorithm": name,
                        "elementwise": algorithm.elementwise,
                        **error(found, exact[which])._asdict(),
                        "share_of_elementwise_bound": bound_ratio(
                            found, exact[which], magnitude[which], terms(sized)[which]
                        ),
                    }
                )
        advance(1)
    return pd.DataFrame(rows)
