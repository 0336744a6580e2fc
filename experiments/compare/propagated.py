"""Both networks run end to end, and every tensor of theirs measured.

Scratch's tensors and Keras' are there when the float64 judge starts. Each is compared, and dropped,
when the judge comes by it, so that never all tensors of all three are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from experiments.compare.flips import turned_choices
from experiments.compare.pairing import PairedCall
from experiments.compare.recording import (
    Recording,
    Tensors,
    Watcher,
    keras_tensors,
    largest,
    named_gradients,
    run_model,
)
from experiments.compare.routing import misrouted
from experiments.compare.rows import Rows, row
from experiments.compare.task import Task
from experiments.compare.untouched import impose_masks
from experiments.compare.verdicts import FAULT, Measured, observed
from experiments.rounding import Precision
from keras_models.probe import ProbedCall
from scratch.graph import Call

Array = np.ndarray

PASSES = 2
"""Scratch's and the judge's: how often each call is run, forward and backward."""


def propagated_rows(
    pairs: Sequence[PairedCall],
    probed: list[ProbedCall],
    models: tuple[Any, Any],
    task: Task,
    faulty: bool,
    advance: Callable[[float], None],
) -> Rows:
    """A row for each tensor of each call.

    Args:
        pairs: The calls of both models, in topological order.
        probed: What Keras computed in them; emptied.
        models: The scratch model and the judge.
        task: What they are given.
        faulty: Whether a fault was found in isolation.
        advance: Is told of every call.
    """
    if task.training:
        _impose_all_masks(pairs, probed)
    scratch_model, judge = models
    ours = Recording(scratch_model, task.x, task.gradients, task.training)
    advance(len(pairs))
    lost = {} if ours.problem else misrouted(scratch_model, ours, Precision(task.dtype))
    records = dict(zip(scratch_model.calls, ours.calls, strict=True))
    in_order = [records[pair.scratch] for pair in pairs]
    turned = turned_choices(pairs, probed, in_order)
    under_way = {
        pair.judge: _Unmeasured(keras_tensors(call), record.tensors, choices)
        for pair, call, record, choices in zip(pairs, probed, in_order, turned, strict=True)
    }
    sizes = (largest(array) for here in under_way.values() for array in here.theirs.values())
    overflown = np.isinf(max(sizes))
    observe = partial(
        observed, faulty=faulty or bool(lost), problem=ours.problem, overflown=overflown
    )
    measuring = _Measuring(under_way, observe, advance)
    for tensors in (probed, records, in_order):
        tensors.clear()
    del ours
    exact = [x.astype(np.float64) for x in task.x]
    run_model(judge, exact, task.gradients, task.training, measuring)
    return [
        row(pair, tensor, "propagated", _routed(measured, lost.get((pair.scratch.output, tensor))))
        for pair in pairs
        for tensor, measured in measuring.found(pair.judge).items()
    ]


@dataclass
class _Unmeasured:
    """What one call computed in the two networks, as far as it has not been measured yet.

    Attributes:
        theirs: Keras' tensors.
        ours: Scratch's.
        turned: How many choices behind the gradients the twins made differently.
    """

    theirs: dict[str, Array]
    ours: Tensors
    turned: int


class _Measuring(Watcher):
    """Watches the judge, and measures the other networks' tensors as it comes by them."""

    def __init__(
        self,
        calls: dict[Call, _Unmeasured],
        observe: Callable[..., Measured],
        advance: Callable[[float], None],
    ) -> None:
        self._calls, self._observe, self._advance = calls, observe, advance
        self._names = {call: list(tensors.theirs) for call, tensors in calls.items()}
        self._found: dict[Call, dict[str, Measured]] = {call: {} for call in calls}

    def returned(self, call: Call, output: Array) -> None:
        """See `Watcher`."""
        self._measure(call, "output", output)

    def sent_back(
        self, call: Call, grad_inputs: Sequence[Array], grad_weights: Mapping[str, Array]
    ) -> None:
        """See `Watcher`."""
        for tensor, gradient in named_gradients(grad_inputs, grad_weights).items():
            self._measure(call, tensor, gradient)
        self._advance(1)

    def found(self, call: Call) -> dict[str, Measured]:
        """A call's tensors, in the table's order; those that the judge did not compute too."""
        for tensor in list(self._calls[call].theirs):
            self._measure(call, tensor, None)
        return {tensor: self._found[call][tensor] for tensor in self._names[call]}

    def _measure(self, call: Call, tensor: str, judge: Array | None) -> None:
        here = self._calls[call]
        theirs, ours = here.theirs.pop(tensor, None), here.ours.pop(tensor, None)
        if theirs is None:  # The judge has a gradient where Keras has none.
            return
        turned = 0 if tensor == "output" else here.turned
        self._found[call][tensor] = self._observe(ours, theirs, judge, turned=turned)


def _routed(measured: Measured, note: str | None) -> Measured:
    """A fault if the model handed the tensor on wrongly, whatever its numbers."""
    return replace(measured, verdict=FAULT).noted(note) if note else measured


def _impose_all_masks(pairs: Sequence[PairedCall], probed: Sequence[ProbedCall]) -> None:
    uses: dict[Any, list[ProbedCall]] = {}
    for pair, call in zip(pairs, probed, strict=True):
        for layer in (pair.scratch.layer, pair.judge.layer):
            uses.setdefault(layer, []).append(call)
    for layer, calls in uses.items():
        impose_masks(layer, calls)
