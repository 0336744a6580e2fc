"""Faults in the sources' code that their own numbers never reveal, on the smallest input that does.

For each fault, every small input is tried in the order of its size, until the faulty layer departs
from the plain loops: once for wrong numbers, once for a wrong shape, once for an error, as far as
each occurs. All numbers are whole, so that float64 computes them without rounding.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.faults import BY_NAME, Fault
from experiments.sources.departures import FAILURES, Departure, Tensors, departure
from experiments.sources.own_numbers import OWN_NUMBERS, revealed
from experiments.sources.planted import conv_layer, planted, pool_layer
from scratch import reference
from scratch.layers import AveragePooling2D, Conv2D, Layer

Array = np.ndarray

SIDES, WINDOWS, STRIDES, CHANNELS = (1, 2, 3, 4), (1, 2, 3), (1, 2, 3), (1, 2, 3)


@dataclass(frozen=True)
class Case:
    """One input that is tried: an image of whole numbers, a square window and a stride."""

    height: int
    width: int
    channels: int
    f: int
    stride: int
    equal: bool

    @property
    def image(self) -> Array:
        """1, 2, 3, ... row by row, or ones: (1, height, width, channels)."""
        shape = (1, self.height, self.width, self.channels)
        return np.ones(shape) if self.equal else _counting(shape)

    @property
    def order(self) -> tuple[int, ...]:
        """Number of input elements, window, stride, channels, height; 1, 2, 3, ... before ones."""
        size = self.height * self.width * self.channels
        return (size, self.f, self.stride, self.channels, self.height, self.equal)


@dataclass(frozen=True)
class Shown:
    """A fault on the smallest input on which it fails in one way."""

    fault: Fault
    case: Case
    departure: Departure


def smallest_inputs(advance: Callable[[int], None] = lambda _: None) -> list[Shown]:
    """Every hidden fault on its smallest inputs, in the order of `OWN_NUMBERS` and `FAILURES`."""
    found = []
    for name in OWN_NUMBERS:
        found += _smallest(BY_NAME[name])
        advance(1)
    return found


def hidden_frame(found: list[Shown]) -> pd.DataFrame:
    """One row for every fault and way to fail."""
    return pd.DataFrame(_row(shown) for shown in found)


def _row(shown: Shown) -> dict[str, Any]:
    case, fault, how = shown.case, shown.fault, shown.departure
    return {
        "source": fault.source,
        "functions": ", ".join(fault.functions),
        "fault": fault.name,
        "as_if": fault.description,
        "fails_by": how.fails_by,
        "height": case.height,
        "width": case.width,
        "channels": case.channels,
        "f": case.f,
        "stride": case.stride,
        "input": "all ones" if case.equal else "1, 2, 3, ...",
        "tensor": how.tensor,
        "right": written(how.right),
        "with_fault": written(how.faulty) if fault.repeatable else "another in every call",
        "own_numbers_reveal": revealed(fault.name),
        "why_not": OWN_NUMBERS[fault.name].why_not,
    }


def written(values: Array | str) -> str:
    """Whole numbers row by row behind their shape, height x width x channels; or an error."""
    if isinstance(values, str):
        return values
    shape = values.shape[1:]
    rows = values.reshape(shape[:2] if shape[2] == 1 else shape).astype(int).tolist()
    return f"{'x'.join(map(str, shape))}: {rows}"


def _smallest(fault: Fault) -> list[Shown]:
    """The first case for each way in which the fault fails at all."""
    found: dict[str, Shown] = {}
    for case in _cases(fault):
        layer, right, dy = _by_loops(fault, case)
        departed = departure(right, planted(fault.name, layer), case.image, dy)
        if departed and departed.fails_by not in found:
            found[departed.fails_by] = Shown(fault, case, departed)
    return [found[fails_by] for fails_by in FAILURES if fails_by in found]


def _cases(fault: Fault) -> list[Case]:
    """All cases, in their order. A pooling window of one cell pools nothing, and is left out."""
    least = 1 if issubclass(fault.layer_class, Conv2D) else 2
    options = (SIDES, SIDES, CHANNELS, WINDOWS, STRIDES, (False, True))
    cases = itertools.starmap(Case, itertools.product(*options))
    fitting = [case for case in cases if least <= case.f <= min(case.height, case.width)]
    return sorted(fitting, key=lambda case: case.order)


def _by_loops(fault: Fault, case: Case) -> tuple[Layer, Tensors, Array]:
    """The right layer, its tensors by `scratch.reference`, and the upstream gradient."""
    x, f = case.image, case.f
    if issubclass(fault.layer_class, Conv2D):
        kernel, bias = _counting((f, f, case.channels, 1)), np.zeros((1, 1, 1, 1))
        z, cache = reference.conv_forward(x, kernel, bias, {"stride": case.stride, "pad": 0})
        dz = _counting(z.shape)
        dx, dw, _ = reference.conv_backward(dz, cache)
        right = {"output": z, "input gradient": dx, "kernel gradient": dw}
        return conv_layer(kernel, bias, case.stride), right, dz
    mode = "average" if issubclass(fault.layer_class, AveragePooling2D) else "max"
    y, pooled = reference.pool_forward(x, {"f": f, "stride": case.stride}, mode)
    # Multiples of f^2 keep an average's shares whole.
    dy = _counting(y.shape) * (f**2 if mode == "average" else 1)
    dx = reference.pool_backward(dy, pooled, mode)
    return pool_layer(mode, f, case.stride), {"output": y, "input gradient": dx}, dy


def _counting(shape: tuple[int, ...]) -> Array:
    """1.0, 2.0, 3.0, ... in row-major order."""
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
