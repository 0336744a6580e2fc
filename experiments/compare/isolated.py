"""A layer call on its own: the scratch layer on what the Keras layer was given."""

from __future__ import annotations

from experiments.bounds import has_bounds, layer_bounds
from experiments.compare.diagnosis import diagnose, unlike_weights
from experiments.compare.pairing import PairedCall
from experiments.compare.recording import Tensors, in_float64, keras_tensors, largest, run_call
from experiments.compare.rows import Rows, row
from experiments.compare.task import Task
from experiments.compare.untouched import impose_masks
from experiments.compare.verdicts import FAULT, Measured, judged, unjudged
from experiments.rounding import Precision
from keras_models.probe import ProbedCall


def isolated_rows(pair: PairedCall, call: ProbedCall, task: Task) -> Rows:
    """A row for each tensor of a call; faults with their cause, as far as it is known.

    Args:
        pair: The call on both sides.
        call: What Keras computed in it.
        task: What both networks are given.
    """
    if task.training:
        impose_masks(pair.scratch.layer, [call])
        impose_masks(pair.judge.layer, [call])
    ours, problem = run_call(pair.scratch.layer, pair.scratch.merges, call, task.training)
    compare = _held_against_bounds if has_bounds(pair.judge.layer) else _measured_only
    found = compare(pair, call, task, ours, problem)
    return [row(pair, tensor, "isolated", measured) for tensor, measured in found.items()]


def _held_against_bounds(
    pair: PairedCall, call: ProbedCall, task: Task, ours: Tensors, problem: str
) -> dict[str, Measured]:
    judge = pair.judge.layer
    exact = in_float64(call)
    bounds = layer_bounds(
        judge, exact.inputs, exact.grad_output, task.training, Precision(task.dtype)
    )
    given = _largest_given(call)
    found = {
        tensor: judged(ours.get(tensor), theirs, bounds[tensor], problem, given[tensor])
        for tensor, theirs in keras_tensors(call).items()
    }
    noted = [tensor for tensor, measured in found.items() if measured.verdict == FAULT]
    reason = unlike_weights(pair)
    if noted and not reason:
        reason = diagnose(pair, call, ours, problem, bounds, task.training)
    for tensor in noted or ["output"]:
        found[tensor] = found[tensor].noted(reason)
    return found


def _measured_only(
    pair: PairedCall, call: ProbedCall, task: Task, ours: Tensors, problem: str
) -> dict[str, Measured]:
    """Where no bound is derived; the judge is the same layer in float64."""
    given = _largest_given(call)
    judge, _ = run_call(pair.judge.layer, pair.judge.merges, in_float64(call), task.training)
    found = {
        tensor: unjudged(ours.get(tensor), theirs, judge.get(tensor), problem, given[tensor])
        for tensor, theirs in keras_tensors(call).items()
    }
    found["output"] = found["output"].noted(unlike_weights(pair))
    return found


def _largest_given(call: ProbedCall) -> dict[str, float]:
    """For each tensor of a call the largest magnitude among what Keras computed it from."""
    forward = max(map(largest, call.inputs))
    backward = max(forward, largest(call.grad_output))
    return {tensor: forward if tensor == "output" else backward for tensor in keras_tensors(call)}
