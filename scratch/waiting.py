"""Which calls of a graph wait for which others, so that the rest may go side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scratch.graph import Call, SymbolicTensor
from scratch.layers import Layer

Waiting = list[set[int]]

_SMALL = 2**16
"""Numbers of the inputs up to which branches take less time than threads to start."""
_PASSES = {"forward", "forward_over", "backward", "backward_weights"}


def forward_waiting(calls: Sequence[Call], inputs: Mapping[SymbolicTensor, np.ndarray]) -> Waiting:
    """For each call the earlier calls that must be done before it.

    They made its inputs; or use one that nobody needs behind it, so that it may write over it; or
    are of the same layer, which keeps one call's tensors at a time.

    Args:
        calls: In topological order.
        inputs: The graph's inputs.
    """
    if not _may_part(calls, inputs):
        return _one_by_one(calls)
    makers = {call.output: number for number, call in enumerate(calls)}
    users = _users(calls)
    waiting = [{makers[t] for t in call.inputs if t in makers} for call in calls]
    for numbers in users.values():
        waiting[numbers[-1]].update(numbers[:-1])
    return _with_layers_in_turn(calls, waiting)


def backward_waiting(calls: Sequence[Call], inputs: Mapping[SymbolicTensor, np.ndarray]) -> Waiting:
    """For each call, the last one first, the later calls whose gradients it is made of."""
    if not _may_part(calls, inputs):
        return _one_by_one(calls)
    users, last = _users(calls), len(calls) - 1
    backwards = calls[::-1]
    waiting = [{last - number for number in users.get(call.output, ())} for call in backwards]
    return _with_layers_in_turn(backwards, waiting)


def _may_part(calls: Sequence[Call], inputs: Mapping[SymbolicTensor, np.ndarray]) -> bool:
    """Whether branches are worth threads, and are nothing but this kit's own layers.

    A user's layer may do what only one thread at a time can do.
    """
    large = sum(x.size for x in inputs.values()) >= _SMALL
    return large and all(_is_own(call.layer) for call in calls)


def _is_own(layer: Layer) -> bool:
    return type(layer).__module__.startswith("scratch.") and _PASSES.isdisjoint(vars(layer))


def _users(calls: Sequence[Call]) -> dict[SymbolicTensor, list[int]]:
    """For each tensor the calls that take it, each once, in order."""
    users: dict[SymbolicTensor, list[int]] = {}
    for number, call in enumerate(calls):
        for tensor in set(call.inputs):
            users.setdefault(tensor, []).append(number)
    return users


def _with_layers_in_turn(calls: Sequence[Call], waiting: Waiting) -> Waiting:
    latest: dict[Layer, int] = {}
    for number, call in enumerate(calls):
        if call.layer in latest:
            waiting[number].add(latest[call.layer])
        latest[call.layer] = number
    return waiting


def _one_by_one(calls: Sequence[Call]) -> Waiting:
    return [{number - 1} if number else set() for number in range(len(calls))]
