"""What the sources' own set-ups say of the faults in their code: nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments.sources.departures import departure, run
from experiments.sources.draws import convolution_draws, draws, pooling_draws
from experiments.sources.planted import conv_layer, planted, pool_layer
from scratch import reference
from scratch.layers import Layer

Array = np.ndarray
SetUp = tuple[Layer, Array, Array]


@dataclass(frozen=True)
class OwnNumbers:
    """What a source prints of the functions that a fault touches.

    Attributes:
        why_not: Why it does not show the fault.
        set_up: The right layer, x and dy behind those numbers; None where nothing is printed.
    """

    why_not: str
    set_up: Callable[[], SetUp] | None = None


def revealed(fault: str) -> bool:
    """Whether the source's own set-up gives other numbers with the fault."""
    set_up = OWN_NUMBERS[fault].set_up
    return set_up is not None and shows(fault, *set_up())


def shows(fault: str, layer: Layer, x: Array, dy: Array) -> bool:
    """Whether the layer computes anything else with the fault, to eight decimals."""
    return departure(dict(run(layer, x, dy)), planted(fault, layer), x, dy) is not None


def convolution_set_up(stride: int = 1) -> SetUp:
    """A5's, and with stride 2 that of the 2021 version: padded by 2, dZ = Z."""
    given = convolution_draws(stride)
    layer = conv_layer(given.kernel, given.bias, given.stride)
    x = reference.zero_pad(given.x, given.pad)
    return layer, x, layer.forward(x)


def _pooling_set_up(mode: str) -> SetUp:
    """A8's and A9's: f 2, stride 1."""
    return pool_layer(mode, 2, 1), *pooling_draws()


def _im2col_set_up() -> SetUp:
    """Source E's test, channels last: Conv2D(2, 3, 2, 1, 0) and an upstream gradient of -1."""
    (kernel,) = draws((2, 2, 2, 3))
    numbers = np.arange(9.0).reshape(3, 3)
    x = np.stack([numbers, numbers + 1], axis=-1)[None]
    return conv_layer(kernel, np.zeros(3), 1), x, -np.ones((1, 2, 2, 3))


_STRIDE_1 = "every set-up has stride 1"
_NO_POOLING = OwnNumbers("no number of a pooling is printed")

OWN_NUMBERS: dict[str, OwnNumbers] = {
    "stride-ignored-in-backward": OwnNumbers(
        f"{_STRIDE_1}; the 2021 version's, with stride 2, would", convolution_set_up
    ),
    "max-pool-stride-ignored-in-backward": OwnNumbers(_STRIDE_1, partial(_pooling_set_up, "max")),
    "average-pool-stride-ignored-in-backward": OwnNumbers(
        _STRIDE_1, partial(_pooling_set_up, "average")
    ),
    "all-ties-get-the-gradient": OwnNumbers(
        "no window of random draws holds its maximum twice", partial(_pooling_set_up, "max")
    ),
    "pool-moves-by-its-size": _NO_POOLING,
    "channels-by-height": _NO_POOLING,
    "kernel-drawn-anew": OwnNumbers("a picture is shown, and no number printed"),
    "input-gradient-undilated": OwnNumbers("the one test has stride 1", _im2col_set_up),
    "pool-size-by-stride": _NO_POOLING,
    "shared-maximum-mask": _NO_POOLING,
    "gradient-repeated-by-stride": _NO_POOLING,
}
