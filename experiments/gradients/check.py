"""Hold one subject's backward against four oracles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.derivatives import COMPLEX_STEP, Array, central_differences, complex_step
from experiments.gradients.layer_allowances import FLOAT64
from experiments.gradients.layer_subject import LONGEST_STEP
from experiments.gradients.subject import Allowance, Subject

CENTRAL, COMPLEX, EQUATIONS, KERAS = (
    "central differences", "complex step", "equations", "Keras",
)  # fmt: skip
ORACLES = (CENTRAL, COMPLEX, EQUATIONS, KERAS)
HOLDS, FAILS, NONE = "holds", "fails", "no equation in the sources"

_STEPS = 2.0 ** np.arange(-30, int(math.log2(LONGEST_STEP)) + 1)


@dataclass(frozen=True)
class Held:
    """One gradient against one oracle.

    Attributes:
        numbers: How many numbers were compared; 0 where there is no oracle or shapes differ.
        largest_difference: Of them.
        bound: At the number where difference / bound is largest.
        ratio: That quotient.
    """

    numbers: int
    largest_difference: float
    bound: float
    ratio: float

    @property
    def holds(self) -> bool:
        """Whether every number is within its bound."""
        return self.numbers > 0 and self.ratio <= 1


_NOTHING = Held(0, math.nan, math.nan, math.nan)


def held(ours: Array, theirs: Array, bound: Array) -> Held:
    """Compare number by number; arrays of different shapes do not hold."""
    if ours.shape != theirs.shape:
        return Held(0, math.inf, math.nan, math.inf)
    difference = np.abs(ours - theirs)
    with np.errstate(all="ignore"):
        ratio = np.where(difference == 0, 0.0, difference / bound)
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    worst = np.unravel_index(int(ratio.argmax()), ratio.shape)
    return Held(ratio.size, float(difference.max()), float(bound[worst]), float(ratio[worst]))


def best_step(allowance: Allowance) -> float:
    """The power of two at which rounding / h + truncation h^2 is least."""
    truncation = float(np.max(allowance.third_derivative)) / 6
    return float(_STEPS[np.argmin(allowance.output / _STEPS + truncation * _STEPS**2)])


def against_central_differences(
    subject: Subject, tensor: str, gradient: Array, allowance: Allowance
) -> tuple[Held, float]:
    """The comparison, and the step that was taken.

    The bound is the backward's own; rounding of the output over h, to first order in h; rounding of
    the sum of changes; and h^2/6 times the largest third derivative.
    """
    step = best_step(allowance)
    theirs, magnitude = central_differences(
        subject.function(tensor), subject.point(tensor), subject.dy, step
    )
    bound = (
        allowance.backward
        + allowance.output / step
        + FLOAT64.gamma(subject.dy.size + 3) * magnitude
        + step**2 / 6 * allowance.third_derivative
    )
    return held(gradient, theirs, bound), step


def check(subject: Subject) -> list[dict[str, Any]]:
    """One row for each tensor and oracle, and for each source that has equations for it.

    Args:
        subject: A layer call or a loss.
    """
    allowances, equations, keras = subject.allowances(), subject.equations(), subject.keras()
    rows = []
    for tensor, ours in subject.gradients().items():
        allowance = allowances[tensor]
        any_order = allowance.backward + allowance.any_order
        found, step = against_central_differences(subject, tensor, ours, allowance)
        rows.append(_row(subject, tensor, CENTRAL, found, step=step))
        analytic = complex_step(subject.function(tensor), subject.point(tensor), subject.dy)
        found = held(ours, analytic, any_order)
        rows.append(_row(subject, tensor, COMPLEX, found, step=COMPLEX_STEP))
        for known in equations:
            found = held(ours, known.tensors[tensor], any_order)
            rows.append(_row(subject, tensor, EQUATIONS, found, source=known.source))
        if not equations:
            rows.append(_row(subject, tensor, EQUATIONS, _NOTHING))
        found = held(ours, keras[tensor], 2 * allowance.backward)
        rows.append(_row(subject, tensor, KERAS, found))
    return rows


def _row(
    subject: Subject,
    tensor: str,
    oracle: str,
    found: Held,
    source: str = "",
    step: float = math.nan,
) -> dict[str, Any]:
    return {
        "layer": subject.layer_type,
        "options": subject.options,
        "tensor": tensor,
        "oracle": oracle,
        "source": source,
        "step_log2": math.log2(step),
        "numbers_compared": found.numbers,
        "largest_difference": found.largest_difference,
        "bound": found.bound,
        "difference_over_bound": found.ratio,
        "verdict": NONE if found is _NOTHING else HOLDS if found.holds else FAILS,
    }
