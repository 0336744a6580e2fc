"""Running scratch layers and models so that every call's tensors can be looked at."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from experiments.blocks import blocks
from experiments.compare.untouched import unchanged
from keras_models.probe import ProbedCall
from scratch.graph import Call, SymbolicTensor

Array = np.ndarray
Tensors = dict[str, Array | None]  # None: what should be there and is not.
T = TypeVar("T")


def named_tensors(
    output: T, grad_inputs: Sequence[T], grad_weights: Mapping[str, T]
) -> dict[str, T]:
    """A call's tensors under the names of the comparison's table."""
    return {"output": output} | named_gradients(grad_inputs, grad_weights)


def named_gradients(grad_inputs: Sequence[T], grad_weights: Mapping[str, T]) -> dict[str, T]:
    """Those of them that a call's backward pass computes."""
    numbered = enumerate(grad_inputs)
    inputs = {f"grad_input:{i}" if i else "grad_input": gradient for i, gradient in numbered}
    return inputs | {f"grad:{name}": gradient for name, gradient in grad_weights.items()}


def keras_tensors(call: ProbedCall) -> dict[str, Array]:
    """What Keras computed in a call, under the names of the comparison's table."""
    return named_tensors(call.output, call.grad_inputs, call.grad_weights)


def largest(array: Array) -> float:
    """The largest magnitude; infinite where there is a NaN."""
    ends = [float(array.min(initial=0.0)), float(array.max(initial=0.0))]
    return max(math.inf if math.isnan(end) else abs(end) for end in ends)


def in_float64(given: ProbedCall) -> ProbedCall:
    """A call whose inputs and upstream gradient are the same numbers in float64."""
    return replace(
        given,
        inputs=tuple(x.astype(np.float64) for x in given.inputs),
        grad_output=given.grad_output.astype(np.float64),
    )


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
        output = layer.forward(x if takes_list else x[0], training=training)
        y = _copy(output)  # The backward pass may write into what the forward pass returned.
        dx = layer.backward(given.grad_output.copy())
        inputs = [_array(gradient) for gradient in (dx if takes_list else [dx])]
        return named_tensors(y, inputs, _named_copies(layer.gradients)), ""
    except Exception as error:
        return {"output": y}, _said(error)
    finally:
        layer.cache = None  # Or the tensors of each layer would be kept until the end.


class Watcher:
    """What is told of a model's layers while they run; this one does nothing with it."""

    def given(self, call: Call, inputs: Sequence[Array]) -> None:
        """A forward pass begins."""

    def returned(self, call: Call, output: Array) -> None:
        """It has ended."""

    def sent(self, call: Call, grad_output: Array) -> None:
        """A backward pass begins."""

    def sent_back(
        self, call: Call, grad_inputs: Sequence[Array], grad_weights: Mapping[str, Array]
    ) -> None:
        """It has ended."""

    def ended(self, model: Any) -> None:
        """The run has ended, or the model has raised."""


def run_model(
    model: Any,
    inputs: Sequence[Array],
    gradients_of: Callable[[list[Array]], list[Array]],
    training: bool,
    watcher: Watcher,
) -> str:
    """Run a scratch model end to end under a watcher's eyes; the model is left as it was.

    Args:
        model: The model; only its `forward` and `backward` are called.
        inputs: Its inputs.
        gradients_of: dL/doutput for each output, as a function of the outputs.
        training: Whether it runs as in training.
        watcher: Is told of every pass of every layer.

    Returns:
        What the model said where it raised; empty if it ran through.
    """
    takes_list, returns_list = (
        isinstance(shape, list) for shape in (model.input_shape, model.output_shape)
    )
    with unchanged(model):
        for layer in model.layers:
            _watch(layer, [call for call in model.calls if call.layer is layer], watcher)
        try:
            found = model.forward(list(inputs) if takes_list else inputs[0], training=training)
            upstream = [dy.copy() for dy in gradients_of(found if returns_list else [found])]
            model.backward(upstream if returns_list else upstream[0])
            problem = ""
        except Exception as error:
            problem = _said(error)
        watcher.ended(model)
    return problem


def _watch(layer: Any, calls: Sequence[Call], watcher: Watcher) -> None:
    """Replace a layer's two passes, whoever overrode them, by ones that the watcher is told of."""
    forward, backward = layer.forward, layer.backward
    to_come, not_gone_back = deque(calls), list[Call]()

    def watched_forward(x: Any, training: bool = False) -> Any:
        if not to_come:
            return forward(x, training=training)
        call = to_come.popleft()
        not_gone_back.append(call)
        watcher.given(call, x if isinstance(x, list) else [x])
        y = forward(x, training=training)
        watcher.returned(call, y)
        return y

    def watched_backward(dy: Array) -> Any:
        call = not_gone_back.pop()  # The last use goes back first.
        watcher.sent(call, dy)
        dx = backward(dy)
        watcher.sent_back(call, dx if isinstance(dx, list) else [dx], layer.gradients)
        return dx

    layer.forward = layer.forward_over = watched_forward
    layer.backward = watched_backward


@dataclass
class RecordedCall:
    """What one use of a layer was given and returned, as far as the run got.

    What is bitwise one of the run's other tensors is that tensor itself; all else are copies.
    """

    inputs: list[Array | None] = field(default_factory=list)
    output: Array | None = None
    grad_output: Array | None = None
    grad_inputs: list[Array | None] = field(default_factory=list)
    grad_weights: Tensors = field(default_factory=dict)

    @property
    def tensors(self) -> Tensors:
        """Those that the comparison's table has."""
        return named_tensors(self.output, self.grad_inputs, self.grad_weights)


class Recording(Watcher):
    """One run of a scratch model, forward and backward.

    Attributes:
        inputs: What the model was given.
        calls: One entry for each of `model.calls`.
        grad_outputs: The gradients that its backward pass started from.
        grad_weights: Each layer's gradients at the end of it.
        problem: What the model said where it raised; empty if it ran through.
    """

    def __init__(
        self,
        model: Any,
        inputs: Sequence[Array],
        gradients_of: Callable[[list[Array]], list[Array]],
        training: bool,
    ) -> None:
        """Run `model`; see `run_model`."""
        self.inputs = _copies(inputs)
        self.calls = [RecordedCall() for _ in model.calls]
        self.grad_outputs: list[Array] = []
        self.grad_weights: dict[Any, Tensors] = defaultdict(dict)
        self._records = dict(zip(model.calls, self.calls, strict=True))
        self._values: dict[SymbolicTensor, Array | None] = dict(
            zip(model.inputs, self.inputs, strict=True)
        )
        self._gradients: dict[SymbolicTensor, Array | None] = {}

        def noted_gradients(outputs: list[Array]) -> list[Array]:
            self.grad_outputs = gradients_of(outputs)
            self._gradients.update(zip(model.outputs, self.grad_outputs, strict=True))
            return self.grad_outputs

        self.problem = run_model(model, inputs, noted_gradients, training, self)

    def given(self, call: Call, inputs: Sequence[Array]) -> None:
        """See `Watcher`."""
        known = map(self._values.get, call.inputs)
        self._records[call].inputs = list(map(_known_or_copy, inputs, known))

    def returned(self, call: Call, output: Array) -> None:
        """See `Watcher`."""
        self._records[call].output = self._values[call.output] = _copy(output)

    def sent(self, call: Call, grad_output: Array) -> None:
        """See `Watcher`."""
        known = self._gradients.get(call.output)
        self._records[call].grad_output = _known_or_copy(grad_output, known)

    def sent_back(
        self, call: Call, grad_inputs: Sequence[Array], grad_weights: Mapping[str, Array]
    ) -> None:
        """See `Watcher`."""
        record = self._records[call]
        record.grad_inputs = _copies(grad_inputs)
        record.grad_weights = _named_copies(grad_weights)
        self._gradients.update(zip(call.inputs, record.grad_inputs, strict=False))

    def ended(self, model: Any) -> None:
        """See `Watcher`."""
        for call in model.calls:
            known = self._records[call].grad_weights
            self.grad_weights[call.layer] = {
                name: _known_or_copy(array, known.get(name))
                for name, array in call.layer.gradients.items()
            }


def _array(array: Array | None) -> Array | None:
    return None if array is None else np.asarray(array)


def _copy(array: Array | None) -> Array | None:
    return None if array is None else np.array(array)


def _copies(arrays: Sequence[Array | None]) -> list[Array | None]:
    return [_copy(array) for array in arrays]


def _named_copies(arrays: Mapping[str, Array | None]) -> Tensors:
    return {name: _copy(array) for name, array in arrays.items()}


def _known_or_copy(array: Array | None, known: Array | None) -> Array | None:
    """`known` if it is bitwise what `array` is, else a copy of `array`: what is known is shared."""
    if known is None or not isinstance(array, np.ndarray):
        return _copy(array)
    if array.shape != known.shape or array.dtype != known.dtype:
        return _copy(array)
    bits = np.dtype(f"u{known.itemsize}")
    ours, theirs = array.view(bits), known.view(bits)
    alike = all(np.array_equal(ours[block], theirs[block]) for block in blocks(known.shape))
    return known if alike else _copy(array)


def _said(error: Exception) -> str:
    return f"raised {type(error).__name__}: {error}"
