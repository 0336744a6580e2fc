"""Running scratch layers and models so that every call's tensors can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from experiments.compare.untouched import unchanged
from keras_models.probe import ProbedCall

Array = np.ndarray
Tensors = dict[str, Array | None]  # None: what should be there and is not.
T = TypeVar("T")


def named_tensors(
    output: T, grad_inputs: Sequence[T], grad_weights: Mapping[str, T]
) -> dict[str, T]:
    """A call's tensors under the names of the comparison's table."""
    tensors = {"output": output}
    for number, gradient in enumerate(grad_inputs):
        tensors["grad_input" if number == 0 else f"grad_input:{number}"] = gradient
    return tensors | {f"grad:{name}": gradient for name, gradient in grad_weights.items()}


def run_call(
    layer: Any, takes_list: bool, given: ProbedCall, training: bool
) -> tuple[Tensors, str]:
    """Run one scratch layer on the Keras layer's own input and upstream gradient.

    Returns:
        The tensors it computed and, where it raised, what it said: a faulty layer is a finding
        of the comparison, not its end.
    """
    x = _copies(given.inputs)
    y = None
    layer.gradients.clear()
    try:
        y = layer.forward(x if takes_list else x[0], training=training)
        dx = layer.backward(given.grad_output.copy())
        dx = _copies(dx if takes_list else [dx])
        return named_tensors(_copy(y), dx, _named_copies(layer.gradients)), ""
    except Exception as error:
        return {"output": _copy(y)}, _said(error)


@dataclass
class RecordedCall:
    """What one use of a layer was given and returned, as far as the run got; all copies."""

    inputs: list[Array | None] = field(default_factory=list)
    output: Array | None = None
    grad_output: Array | None = None
    grad_inputs: list[Array | None] = field(default_factory=list)
    grad_weights: Tensors = field(default_factory=dict)

    @property
    def tensors(self) -> Tensors:
        """Those that the comparison's table has."""
        return named_tensors(self.output, self.grad_inputs, self.grad_weights)


@dataclass
class Recording:
    """One run of a scratch model, forward and backward.

    Attributes:
        calls: One entry for each of `model.calls`.
        inputs: What the model was given.
        grad_output: The gradient that its backward pass started from.
        grad_weights: Each layer's gradients at the end of it.
        problem: What the model said where it raised; empty if it ran through.
    """

    inputs: list[Array | None]
    calls: list[RecordedCall] = field(default_factory=list)
    grad_output: Array | None = None
    grad_weights: dict[Any, Tensors] = field(default_factory=dict)
    problem: str = ""


def run_model(
    model: Any, inputs: Sequence[Array], gradient_of: Callable[[Array], Array], training: bool
) -> Recording:
    """Run a scratch model end to end and record each call; the model is left as it was.

    Args:
        model: The model; only its `forward` and `backward` are called.
        inputs: Its inputs.
        gradient_of: dL/doutput as a function of the output.
        training: Whether it runs as in training.
    """
    run = Recording(_copies(inputs))
    several = isinstance(model.input_shape, list)
    with unchanged(model):
        uses = {layer: _watch(layer) for layer in model.layers}
        try:
            output = model.forward(list(inputs) if several else inputs[0], training=training)
            run.grad_output = gradient_of(output)
            model.backward(run.grad_output.copy())
        except Exception as error:
            run.problem = _said(error)
        run.grad_weights = {layer: _named_copies(layer.gradients) for layer in model.layers}
    in_order = {layer: iter(records) for layer, records in uses.items()}
    run.calls = [next(in_order[call.layer], RecordedCall()) for call in model.calls]
    return run


def _watch(layer: Any) -> list[RecordedCall]:
    """Replace a layer's two passes, whoever overrode them, by ones that fill the list returned."""
    forward, backward = layer.forward, layer.backward
    records: list[RecordedCall] = []
    not_gone_back: list[RecordedCall] = []

    def noted_forward(x: Any, training: bool = False) -> Any:
        record = RecordedCall(_copies(x if isinstance(x, list) else [x]))
        records.append(record)
        not_gone_back.append(record)
        y = forward(x, training=training)
        record.output = _copy(y)
        return y

    def noted_backward(dy: Array) -> Any:
        record = not_gone_back.pop()  # The last use goes back first.
        record.grad_output = _copy(dy)
        dx = backward(dy)
        record.grad_inputs = _copies(dx if isinstance(dx, list) else [dx])
        record.grad_weights = _named_copies(layer.gradients)
        return dx

    layer.forward, layer.backward = noted_forward, noted_backward
    return records


def _copy(array: Array | None) -> Array | None:
    return None if array is None else np.array(array)


def _copies(arrays: Sequence[Array | None]) -> list[Array | None]:
    return [_copy(array) for array in arrays]


def _named_copies(arrays: Mapping[str, Array | None]) -> Tensors:
    return {name: _copy(array) for name, array in arrays.items()}


def _said(error: Exception) -> str:
    return f"raised {type(error).__name__}: {error}"
