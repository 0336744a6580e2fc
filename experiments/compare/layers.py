"""Layer-by-layer comparison of a scratch model with its Keras twin.

Each layer call is compared twice. *Isolated*: the scratch layer gets the Keras layer's own input
and upstream gradient, so that what differs is that layer's doing, and the verdict follows from the
rounding bounds of `experiments.bounds`. *Propagated*: both networks run end to end, which shows how
rounding grows with depth, and whether the scratch model hands on what its layers compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.bounds import layer_bounds
from experiments.compare.comparison import COLUMNS, Comparison
from experiments.compare.diagnosis import diagnose, unlike_weights
from experiments.compare.flips import turned_choices
from experiments.compare.pairing import PairedCall, pair_calls
from experiments.compare.recording import (
    Recording,
    named_tensors,
    run_call,
    run_model,
)
from experiments.compare.routing import misrouted
from experiments.compare.untouched import impose_masks, unchanged
from experiments.compare.verdicts import FAULT, Measured, judged, observed
from experiments.rounding import Precision
from keras_models.convert import to_scratch
from keras_models.probe import Probe, ProbedCall, loss_and_gradient, probe

Rows = list[dict[str, Any]]


class _Task(NamedTuple):
    """What both networks are given."""

    x: list[np.ndarray]
    y: np.ndarray
    loss: Any
    training: bool
    dtype: str


def compare_layers(
    scratch_model: Any,
    keras_model: Any,
    x: Any,
    y: np.ndarray,
    loss: Any = "sparse_categorical_crossentropy",
    training: bool = True,
) -> Comparison:
    """Compare every layer's output, input gradient and weight gradients.

    Neither model is changed: moving statistics and whatever else moves are put back. Dropout uses
    the masks that Keras drew.

    Args:
        scratch_model: The NumPy model.
        keras_model: Its twin; layers are matched by name, or by order where the names differ.
        x: Input, (batch, ...), in the models' dtype; a list for several inputs.
        y: Targets, as the loss takes them.
        loss: A Keras loss name (from probabilities, as in Keras) or instance.
        training: Whether both run as in training.

    Raises:
        ValueError: The models have different layers or connections, there is nothing to compare,
            or x is empty or not finite.
        TypeError: The models and x are not of one dtype.
        UnsupportedLayerError: The Keras model has a layer without counterpart.

    Example:
        >>> compare_layers(to_scratch(model), model, x, y).ok
        True
    """
    judge = to_scratch(keras_model, dtype="float64")
    pairs = pair_calls(scratch_model, keras_model, judge)
    inputs = [np.asarray(array) for array in (x if isinstance(x, list | tuple) else [x])]
    task = _Task(inputs, y, loss, training, _common_dtype(scratch_model, keras_model, inputs))
    probed = probe(keras_model, x, y, loss=loss, training=training)
    # NaN and inf are found by their verdict.
    with np.errstate(all="ignore"), unchanged(scratch_model):
        isolated = [
            row
            for pair, call in zip(pairs, probed.calls, strict=True)
            for row in _isolated_rows(pair, call, task)
        ]
        faulty = any(row["verdict"] == FAULT for row in isolated)
        propagated = _propagated_rows(pairs, probed, (scratch_model, judge), task, faulty)
    table = pd.DataFrame([*isolated, *propagated], columns=COLUMNS)
    return Comparison(table, task.dtype, training, probed.loss)


def _isolated_rows(pair: PairedCall, call: ProbedCall, task: _Task) -> Rows:
    judge = pair.judge.layer
    if task.training:
        impose_masks(pair.scratch.layer, [call])
        impose_masks(judge, [call])
    ours, problem = run_call(pair.scratch.layer, pair.scratch.merges, call, task.training)
    inputs = [x.astype(np.float64) for x in call.inputs]
    dy = call.grad_output.astype(np.float64)
    bounds = layer_bounds(judge, inputs, dy, task.training, Precision(task.dtype))
    found = {
        tensor: judged(ours.get(tensor), theirs, bounds[tensor], problem)
        for tensor, theirs in _keras_tensors(call).items()
    }
    noted = [tensor for tensor, measured in found.items() if measured.verdict == FAULT]
    reason = unlike_weights(pair)
    if noted and not reason:
        reason = diagnose(pair, call, ours, problem, bounds, task.training)
    for tensor in noted or ["output"]:
        found[tensor] = found[tensor].noted(reason)
    return [_row(pair, tensor, "isolated", measured) for tensor, measured in found.items()]


def _propagated_rows(
    pairs: Sequence[PairedCall],
    probed: Probe,
    models: tuple[Any, Any],
    task: _Task,
    faulty: bool,
) -> Rows:
    if task.training:
        _impose_all_masks(pairs, probed)
    ours, exact = (_end_to_end(model, task) for model in models)
    lost = {} if ours.problem else misrouted(models[0], ours, Precision(task.dtype))
    scratch_calls, judge_calls = (
        {call.output: record for call, record in zip(model.calls, run.calls, strict=True)}
        for model, run in zip(models, (ours, exact), strict=True)
    )
    turned = turned_choices(pairs, probed, [scratch_calls[pair.scratch.output] for pair in pairs])
    rows = []
    for pair, call, choices in zip(pairs, probed.calls, turned, strict=True):
        place, judge_place = pair.scratch.output, pair.judge.output
        for tensor, theirs in _keras_tensors(call).items():
            measured = observed(
                scratch_calls[place].tensors.get(tensor),
                theirs,
                judge_calls[judge_place].tensors.get(tensor),
                faulty or bool(lost),
                ours.problem,
                turned=0 if tensor == "output" else choices,
            )
            if note := lost.get((place, tensor)):
                measured = replace(measured, verdict=FAULT).noted(note)
            rows.append(_row(pair, tensor, "propagated", measured))
    return rows


def _impose_all_masks(pairs: Sequence[PairedCall], probed: Probe) -> None:
    uses: dict[Any, list[ProbedCall]] = {}
    for pair, call in zip(pairs, probed.calls, strict=True):
        for layer in (pair.scratch.layer, pair.judge.layer):
            uses.setdefault(layer, []).append(call)
    for layer, calls in uses.items():
        impose_masks(layer, calls)


def _end_to_end(model: Any, task: _Task) -> Recording:
    return run_model(
        model,
        [array.astype(model.dtype) for array in task.x],
        lambda output: loss_and_gradient(task.loss, task.y, output)[1],
        task.training,
    )


def _keras_tensors(call: ProbedCall) -> dict[str, np.ndarray]:
    return named_tensors(call.output, call.grad_inputs, call.grad_weights)


def _row(pair: PairedCall, tensor: str, mode: str, measured: Measured) -> dict[str, Any]:
    labels = {"layer": pair.name, "type": pair.type, "tensor": tensor, "mode": mode}
    return labels | vars(measured)


def _common_dtype(scratch_model: Any, keras_model: Any, inputs: Sequence[np.ndarray]) -> str:
    """The one dtype of both models and the inputs, which must be finite and not empty."""
    sides = {
        "scratch": str(scratch_model.dtype),
        "Keras": str(keras_model.inputs[0].dtype),
        **{f"input {number}": str(array.dtype) for number, array in enumerate(inputs)},
    }
    if len(set(sides.values())) != 1:
        listed = ", ".join(f"{side} {dtype}" for side, dtype in sides.items())
        raise TypeError(f"Twins are compared in one dtype, but these differ: {listed}.")
    for array in inputs:
        if not array.size or not np.isfinite(array).all():
            raise ValueError(
                f"The input of shape {array.shape} is empty or not finite: there is nothing to "
                "compare."
            )
    return sides["scratch"]
