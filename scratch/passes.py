"""Running a graph: every call once, in order; and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch.functional.steps import run_steps
from scratch.graph import Call, SymbolicTensor
from scratch.waiting import backward_waiting, forward_waiting

Values = dict[SymbolicTensor, np.ndarray]


@dataclass(frozen=True)
class ForwardPass:
    """One forward pass: all that its backward pass needs.

    Attributes:
        calls: What was run, in this order.
        values: The graph's inputs and outputs, by their symbolic tensors.
        caches: What each call's layer keeps, in the order of the calls; `run_backward` empties it.
    """

    calls: Sequence[Call]
    values: Values
    caches: list[Any]


def run_forward(
    calls: Sequence[Call],
    inputs: Values,
    outputs: Sequence[SymbolicTensor],
    training: bool,
    sparing: bool = False,
) -> ForwardPass:
    """Compute `outputs` from `inputs`; each value in between is dropped after its last use.

    Args:
        calls: In topological order.
        inputs: The values to start from.
        outputs: What to compute.
        training: Whether layers run as in training.
        sparing: Whether layers may write over what nobody needs any more; outside training then
            no backward pass can follow, and the layers' caches are dropped too.
    """
    values = dict(inputs)
    last_use = {tensor: number for number, call in enumerate(calls) for tensor in call.inputs}
    asked_for = {*inputs, *outputs}
    keep = training or not sparing
    kept = _kept_by_layers(calls) if keep else set()
    caches: list[Any] = [None] * len(calls)

    def compute(number: int) -> None:
        call = calls[number]
        layer = call.layer
        done = {tensor for tensor in call.inputs if last_use[tensor] == number} - asked_for
        over = sparing and _is_free(call.inputs[0], values, done - kept)
        forward = layer.forward_over if over else layer.forward
        values[call.output] = forward(call.arguments(values), training=training)
        caches[number] = layer.cache if keep else None
        if not keep:
            layer.cache = None
        for tensor in done:
            del values[tensor]

    run_steps(compute, forward_waiting(calls, inputs))
    return ForwardPass(calls, {t: values[t] for t in (*inputs, *outputs)}, caches)


def _kept_by_layers(calls: Sequence[Call]) -> Set[SymbolicTensor]:
    """The tensors whose values backward passes need: of their own layer, or of another one."""
    uses = Counter(tensor for call in calls for tensor in call.inputs)
    return {call.output for call in calls if call.layer.keeps_output or uses[call.output] > 1}


def _is_free(tensor: SymbolicTensor, values: Values, done: Set[SymbolicTensor]) -> bool:
    """Whether a value is among those done with, and its memory is no other's as well.

    A layer may hand its input on, or, if it is a user's own, a weight.
    """
    if tensor not in done or not values[tensor].flags.writeable:
        return False
    others = [value for other, value in list(values.items()) if other is not tensor]
    weights = tensor.call.layer.weights.values() if tensor.call else ()
    return not any(np.may_share_memory(values[tensor], other) for other in [*others, *weights])


def run_backward(
    forward: ForwardPass,
    upstream: Sequence[tuple[SymbolicTensor, Any]],
    wanted: Sequence[SymbolicTensor],
) -> Values:
    """Go back through the calls, filling each layer's `gradients`; return dL/dinput for each.

    Gradients go no further down than to the trainable weights and the inputs that are wanted.

    A layer that is used more than once gets the sum over its calls, and so does a tensor that
    goes to more than one call, or is an output and used as well. What a call kept, and the
    gradient that came to it, are dropped as soon as it has gone back: the memory that the forward
    pass took is given back as the backward pass goes.

    Args:
        forward: The pass to go back through; `upstream` must reach each of its calls.
        upstream: Output tensors with their gradients.
        wanted: The graph's inputs whose gradients are returned.
    """
    calls, caches = forward.calls, forward.caches
    needed = _depending(calls, wanted)
    sums = {tensor: _Sum() for tensor in needed}
    for tensor, dy in upstream:
        if tensor in needed:
            sums[tensor].add(len(calls), dy)
    for layer in {call.layer for call in calls}:
        layer.gradients.clear()

    def go_back(step: int) -> None:
        number = len(calls) - 1 - step
        call, cache = calls[number], caches[number]
        caches[number] = None
        if call.output not in needed:
            return
        dx = _backward_call(call, cache, sums.pop(call.output).total(), needed)
        for tensor, gradient in zip(call.inputs, dx, strict=True):
            if tensor in needed:
                sums[tensor].add(number, gradient)

    run_steps(go_back, backward_waiting(calls, forward.values))
    caches.clear()
    return {tensor: sums[tensor].total() for tensor in wanted if sums[tensor].parts}


def _depending(calls: Sequence[Call], wanted: Sequence[SymbolicTensor]) -> Set[SymbolicTensor]:
    """The tensors that depend on a wanted input or on a trainable weight, and those inputs."""
    found = {*wanted}
    for call in calls:
        if call.layer.trainable_weights or not found.isdisjoint(call.inputs):
            found.add(call.output)
    return found


def _backward_call(
    call: Call, cache: Any, dy: np.ndarray, needed: Set[SymbolicTensor]
) -> Sequence[Any]:
    """dL/dinput of one call; the layer's `gradients` grow by this call's, its cache is dropped."""
    layer = call.layer
    from_later_calls = dict(layer.gradients)
    layer.cache = cache
    dx: Any = [None] * len(call.inputs)
    if needed.isdisjoint(call.inputs):
        layer.backward_weights(dy)
    elif call.merges:
        dx = layer.backward(dy)
    else:
        dx = [layer.backward(dy)]
    layer.cache = None
    for name, gradient in from_later_calls.items():
        layer.gradients[name] = layer.gradients[name] + gradient
    return dx


class _Sum:
    """What a tensor receives from the calls that take it, in whatever order they are done."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, np.ndarray]] = []

    def add(self, number: int, gradient: np.ndarray) -> None:
        """Receive a gradient from the call of that number."""
        self.parts.append((number, gradient))

    def total(self) -> np.ndarray:
        """The sum, that of the last call first; no part is written to."""
        parts = [part for _, part in sorted(self.parts, key=lambda part: -part[0])]
        return F.add(parts) if len(parts) > 1 else parts[0]
