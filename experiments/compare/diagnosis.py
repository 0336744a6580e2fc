"""Why a layer is at fault: which known fault computes what it computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from experiments.bounds import Bounds
from experiments.compare.pairing import PairedCall
from experiments.compare.recording import Array, Tensors, run_call
from experiments.faults import FAULTS
from experiments.rounding import Bounded
from keras_models.probe import ProbedCall

_SMALLEST = float(np.finfo(np.float64).tiny)


def unlike_weights(pair: PairedCall) -> str:
    """Which of a layer's weights are not Keras', as a clause; empty if all are."""
    named = ", ".join(pair.weights_differ)
    return f"its weights are not Keras': {named}" if named else ""


def diagnose(
    pair: PairedCall, given: ProbedCall, ours: Tensors, bounds: Bounds, training: bool
) -> str:
    """The likeliest cause of a faulty layer with the right weights, as a clause; else empty.

    Every known fault of this layer type is run in float64 on the same input. The one that comes
    nearest to all that the layer computed, right tensors and wrong ones, is named if rounding
    explains the rest.
    """
    exact = replace(
        given,
        inputs=tuple(x.astype(np.float64) for x in given.inputs),
        grad_output=given.grad_output.astype(np.float64),
    )
    right: Tensors = {tensor: bounded.value for tensor, bounded in bounds.items()}
    reason, nearest = "", min(1.0, _distance(ours, right, bounds))
    for fault in FAULTS:
        if fault.fits(pair.judge.layer):
            faulty = fault.planted_copy(pair.judge.layer)
            suspected, _ = run_call(faulty, pair.judge.merges, exact, training)
            distance = _distance(ours, suspected, bounds)
            if distance < nearest:
                reason, nearest = f"as if {fault.description}", distance
    return reason


def _distance(ours: Tensors, suspected: Tensors, bounds: Bounds) -> float:
    """How far two results are apart at most, 1 being what rounding can explain."""
    return max(
        _tensor_distance(ours.get(tensor), suspected.get(tensor), bounded)
        for tensor, bounded in bounds.items()
    )


def _tensor_distance(ours: Array | None, suspected: Array | None, bounded: Bounded) -> float:
    """The largest difference in units of the error that a faulty computation can have.

    The bound is the right computation's. A faulty one's is taken to be the largest radius, as many
    times as large as its numbers are larger.
    """
    if ours is None or suspected is None or ours.shape != suspected.shape:
        return np.inf
    larger = np.abs(suspected).max(initial=0) / max(np.abs(bounded.value).max(initial=0), _SMALLEST)
    _, certain, flipping = bounded.radii
    allowed = (1 + larger) * np.maximum(flipping, certain.max(initial=0))
    difference = np.abs(ours - suspected)
    return float(np.where(difference == 0, 0.0, difference / allowed).max(initial=0.0))
