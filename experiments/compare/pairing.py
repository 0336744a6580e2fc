"""Which call of the scratch model answers to which call of the Keras model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_models.graph import Graph, LayerCall, trace
from keras_models.layer_state import weight_name
from scratch.graph import Call


@dataclass(frozen=True)
class PairedCall:
    """One layer call on both sides.

    Attributes:
        name: The Keras layer's name; from a shared layer's second use on, with that number.
        type: The Keras layer's class.
        scratch: The call in the scratch model.
        judge: The call in the float64 judge.
        weights_differ: Names of weights that are not bitwise equal on the two sides.
    """

    name: str
    type: str
    scratch: Call
    judge: Call
    weights_differ: tuple[str, ...]


def pair_calls(scratch_model: Any, keras_model: Any, judge: Any) -> list[PairedCall]:
    """Pair the calls, in the Keras model's topological order.

    Layers are matched by name where both sides use the same names, otherwise by order.

    Raises:
        ValueError: The layers or their connections differ, or there is none.
    """
    graph = trace(keras_model)
    if not graph.calls:
        raise ValueError(f"Model {keras_model.name!r} has no layers: there is nothing to compare.")
    if not scratch_model.calls:
        raise ValueError(
            f"Model {scratch_model.name!r} is not built, so there is nothing to compare; start it "
            "with Input(shape) or call model.build(input_shape)."
        )
    scratch_calls = _matched(scratch_model, graph)
    _check_connections(scratch_model, scratch_calls, graph)
    return [
        PairedCall(
            name=call.name if call.index == 0 else f"{call.name} (use {call.index + 1})",
            type=type(call.layer).__name__,
            scratch=scratch_call,
            judge=judge_call,
            weights_differ=_different_weights(scratch_call.layer, call.layer),
        )
        for call, scratch_call, judge_call in zip(
            graph.calls, scratch_calls, _matched(judge, graph), strict=True
        )
    ]


def _matched(model: Any, graph: Graph) -> list[Call]:
    by_name = dict(zip(_keys(call.layer.name for call in model.calls), model.calls, strict=True))
    wanted = [(call.name, call.index) for call in graph.calls]
    if set(by_name) == set(wanted):
        return [by_name[key] for key in wanted]
    if len(model.calls) == len(graph.calls) and all(
        _same_type(ours.layer, theirs)
        for ours, theirs in zip(model.calls, graph.calls, strict=True)
    ):
        return list(model.calls)
    ours = [f"{call.layer.name} ({type(call.layer).__name__})" for call in model.calls]
    theirs = [f"{call.name} ({type(call.layer).__name__})" for call in graph.calls]
    raise ValueError(
        f"The models are not twins: scratch has layers {', '.join(ours)}; "
        f"Keras has {', '.join(theirs)}; give them the same layers in the same order."
    )


def _keys(names: Iterable[str]) -> list[tuple[str, int]]:
    """Each name with how often it was used before."""
    uses: Counter[str] = Counter()
    keys = []
    for name in names:
        keys.append((name, uses[name]))
        uses[name] += 1
    return keys


def _same_type(ours: Any, theirs: LayerCall) -> bool:
    """Whether the scratch layer is of the Keras layer's class, or derived from its namesake."""
    return type(theirs.layer).__name__ in [base.__name__ for base in type(ours).__mro__]


def _check_connections(model: Any, calls: list[Call], graph: Graph) -> None:
    """Every call must take its inputs from the same places on both sides."""
    numbers = {tensor: number for number, tensor in enumerate(model.inputs)}
    for call, theirs in zip(calls, graph.calls, strict=True):
        numbers[call.output] = theirs.output
    names = [t.name for t in model.inputs] + [c.name for c in graph.calls]
    for call, theirs in zip(calls, graph.calls, strict=True):
        sources = tuple(numbers[tensor] for tensor in call.inputs)
        if sources != theirs.inputs:
            raise ValueError(
                f"The models are connected differently: {call.layer.name!r} takes "
                f"{[names[i] for i in sources]} in scratch, "
                f"{[names[i] for i in theirs.inputs]} in Keras."
            )
    returned = tuple(numbers[tensor] for tensor in model.outputs)
    if returned != graph.outputs:
        raise ValueError(
            "The models are connected differently: scratch returns "
            f"{[names[i] for i in returned]}, Keras {[names[i] for i in graph.outputs]}."
        )


def _different_weights(ours: Any, theirs: Any) -> tuple[str, ...]:
    held = getattr(theirs, "weights", ())  # an operation has none
    keras_weights = {weight_name(theirs, variable): variable for variable in held}
    return tuple(
        name
        for name in dict.fromkeys([*ours.weights, *keras_weights])
        if name not in ours.weights
        or name not in keras_weights
        or not np.array_equal(ours.weights[name], np.asarray(keras_weights[name]), equal_nan=True)
    )
