"""Why a layer is at fault: which known fault computes what it computed."""

from __future__ import annotations

import math

import numpy as np

from experiments.bounds import Bounds
from experiments.compare.pairing import PairedCall
from experiments.compare.recording import Array, Tensors, in_float64, run_call
from experiments.faults import FAULTS
from experiments.rounding import Bounded
from keras_models.probe import ProbedCall

_SMALLEST = float(np.finfo(np.float64).tiny)


def unlike_weights(pair: PairedCall) -> str:
    """Which of a layer's weights are not Keras', as a clause; empty if all are."""
    named = ", ".join(pair.weights_differ)
    return f"its weights are not Keras': {named}" if named else ""


def diagnose(
    pair: PairedCall,
    given: ProbedCall,
    ours: Tensors,
    problem: str,
    bounds: Bounds,
    training: bool,
) -> str:
    """The likeliest cause of a faulty layer with the right weights, as a clause; else empty.

    Every known fault of this layer type is run in float64 on the same input. The one that comes
    nearest to all that the layer computed, right tensors and wrong ones, is named if rounding
    explains the rest. Where the layer raised, the fault must have raised the same. A fault that
    draws random numbers is known by what a second run changes.

    Args:
        pair: The call on both sides.
        given: What both layers were given.
        ours: What the scratch layer computed.
        problem: What it said where it raised.
        bounds: The right tensors with their error bounds.
        training: Whether it ran as in training.
    """
    exact = in_float64(given)
    fitting = [fault for fault in FAULTS if fault.fits(pair.judge.layer)]
    right: Tensors = {tensor: bounded.value for tensor, bounded in bounds.items()}
    # Windows that should lie apart may overlap by a fault, and add up what needed no addition.
    cells = math.prod(getattr(pair.judge.layer, "window_size", (1,)))
    unit = cells * float(np.finfo(given.grad_output.dtype).eps)
    reason, nearest = "", min(1.0, _distance(ours, right, bounds, unit))
    for fault in fitting:
        faulty = fault.planted_copy(pair.judge.layer)
        # A run in training moves statistics, which the next fault would start from.
        faulty.weights = {name: weight.copy() for name, weight in faulty.weights.items()}
        suspected, said = run_call(faulty, pair.judge.merges, exact, training)
        distance = _distance(ours, suspected, bounds, unit)
        if said == problem and distance < nearest:
            reason, nearest = f"as if {fault.description}", distance
    random = [fault for fault in fitting if not fault.repeatable]
    if random and not reason:
        again, _ = run_call(pair.scratch.layer, pair.scratch.merges, given, training)
        changed = {name for name in bounds if not _same(ours.get(name), again.get(name))}
        reason = next((f"as if {f.description}" for f in random if changed >= {*f.tensors}), "")
    return reason


def _same(one: Array | None, other: Array | None) -> bool:
    """Whether two results are bitwise equal, or both missing."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other, equal_nan=True)


def _distance(ours: Tensors, suspected: Tensors, bounds: Bounds, unit: float) -> float:
    """How far two results are apart at most, 1 being what rounding can explain."""
    return max(
        _tensor_distance(ours.get(tensor), suspected.get(tensor), bounded, unit)
        for tensor, bounded in bounds.items()
    )


def _tensor_distance(
    ours: Array | None, suspected: Array | None, bounded: Bounded, unit: float
) -> float:
    """The largest difference in units of the error that a faulty computation can have.

    The bound is the right computation's. A faulty one's is taken to be the largest radius, as many
    times as large as its numbers are larger, and at least `unit` of its largest number. Tensors
    that neither computed are equal, and so may be tensors of one wrong shape.
    """
    if ours is None or suspected is None:
        return 0.0 if ours is suspected else np.inf
    if ours.shape != suspected.shape:
        return np.inf
    largest = np.abs(suspected).max(initial=0)
    larger = largest / max(np.abs(bounded.value).max(initial=0), _SMALLEST)
    _, certain, flipping = bounded.radii
    allowed = np.full(ours.shape, certain.max(initial=0))
    if ours.shape == bounded.value.shape:
        allowed = np.maximum(flipping, allowed)
    allowed = np.maximum((1 + larger) * allowed, unit * largest)
    difference = np.abs(ours - suspected)
    return float(np.where(difference == 0, 0.0, difference / allowed).max(initial=0.0))
