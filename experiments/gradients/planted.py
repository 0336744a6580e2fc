"""Known faults under the gradient check: which does it see, and which only the framework?

A gradient check asks whether the backward is the derivative of the forward. A layer whose forward
is wrong and whose backward is the right derivative of that wrong forward passes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.bounds import layer_bounds
from experiments.faults import Fault
from experiments.gradients.cases import AT_ZERO, CASES, TIED
from experiments.gradients.check import Held, against_central_differences, held
from experiments.gradients.layer_allowances import FLOAT64
from experiments.gradients.layer_subject import LayerSubject, layer_subject
from experiments.gradients.subject import Tensors

CAUGHT = "caught"
CONSISTENT = "missed: the backward is right for the wrong forward"
AT_KINKS = "missed: shows at ties alone, where no derivative exists"
NOWHERE = "shows in no case"
RAISED = "raised"


def planted_subjects(seed: int) -> list[LayerSubject]:
    """Where faults are planted: every case, and two at kinks."""
    return [layer_subject(case, seed) for case in (*CASES, TIED, AT_ZERO)]


def planted_row(fault: Fault, subjects: Sequence[LayerSubject]) -> dict[str, Any]:
    """What sees a fault, in the first case in which central differences contradict it.

    Cases in which it computes something are preferred to those in which it raises.

    Args:
        fault: What is planted.
        subjects: Right layer calls; those that the fault fits are used.
    """
    subjects = [subject for subject in subjects if fault.fits(subject.layer)]
    shown = [(s, wrong) for s in subjects if (wrong := _departures(fault, s))]
    shown.sort(key=lambda one: one[1] == [RAISED])
    labels = {"fault": fault.name, "description": fault.description}
    if not shown:
        return labels | _columns(None, [], {}, NOWHERE)
    missed: dict[str, Held] = {}
    for subject, wrong in shown:
        if subject.case.ties:
            continue
        found = _against_own_forward(fault, subject)
        if not all(one.holds for one in found.values()):
            return labels | _columns(subject, wrong, found, CAUGHT)
        missed = missed or found
    subject, wrong = shown[0]
    return labels | _columns(subject, wrong, missed, CONSISTENT if missed else AT_KINKS)


def _columns(
    subject: LayerSubject | None, wrong: Sequence[str], found: dict[str, Held], verdict: str
) -> dict[str, Any]:
    differences = [one.largest_difference for one in found.values()]
    return {
        "layer": subject.layer_type if subject else "",
        "options": subject.options if subject else "",
        "departs_from_keras": ", ".join(wrong),
        "contradicts_itself": ", ".join(name for name, one in found.items() if not one.holds),
        "largest_difference": max(differences, default=np.nan),
        "difference_over_bound": max((one.ratio for one in found.values()), default=np.nan),
        "central_differences": verdict,
        "keras": CAUGHT if wrong else NOWHERE,
    }


def _departures(fault: Fault, subject: LayerSubject) -> list[str]:
    """The tensors in which a faulty layer departs from Keras; `RAISED` if it computes nothing."""
    layer, training = subject.layer, subject.case.training
    bounds = layer_bounds(layer, subject.inputs, subject.dy, training, FLOAT64)
    tensors = _tensors(fault, subject)
    if tensors is None:
        return [RAISED]
    return [
        tensor
        for tensor, bounded in bounds.items()
        if not held(tensors[tensor], subject.keras()[tensor], 2 * bounded.radii[1]).holds
    ]


def _tensors(fault: Fault, subject: LayerSubject) -> Tensors | None:
    """Output and gradients of a faulty layer; None where it cannot compute them."""
    try:
        faulty = subject.planted(fault.planted_copy(subject.layer))
        return {"output": faulty.forward(), **faulty.gradients()}
    except (ValueError, LookupError, TypeError):
        return None


def _against_own_forward(fault: Fault, subject: LayerSubject) -> dict[str, Held]:
    """Each gradient against central differences of the faulty forward, by the right layer's bounds.

    A layer that raises contradicts itself without a number.
    """
    if _tensors(fault, subject) is None:
        return {RAISED: Held(0, np.nan, np.nan, np.inf)}
    faulty = subject.planted(fault.planted_copy(subject.layer))
    allowances = subject.allowances()
    return {
        tensor: against_central_differences(faulty, tensor, gradient, allowances[tensor])[0]
        for tensor, gradient in faulty.gradients().items()
    }
