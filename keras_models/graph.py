"""The layer calls of a Keras model, in topological order, nested models opened.

Keras keeps its graph in private attributes. They are read here and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import keras
from keras.src.models.functional import Functional

from keras_models.errors import UnsupportedLayerError

T = TypeVar("T", bound=Hashable)

_PATH_MARK = ".."
"""What stands for the "/" of a path in a Keras layer's name; TensorFlow takes it as well."""


@dataclass(frozen=True)
class LayerCall:
    """One use of one layer, or of one `keras.ops` operation.

    Attributes:
        layer: The Keras layer or operation.
        name: Its name, after those of the models that it is nested in: "inner/conv". A layer in
            several models has the name of its first use.
        index: Which use of it, from 0; above 0 only where a layer is shared.
        inputs: The numbers of its input tensors.
        output: The number of its output tensor.
        node: Keras' record of the call: its `arguments` and `outputs`, symbolic, as they were
            where the model was written down.
    """

    layer: Any
    name: str
    index: int
    inputs: tuple[int, ...]
    output: int
    node: Any = field(repr=False, compare=False)

    @property
    def is_layer(self) -> bool:
        """Whether it is the call of a layer, not of a `keras.ops` operation."""
        return isinstance(self.layer, keras.Layer)

    def run(self, values: Sequence[Any], training: bool) -> Any:
        """Call the layer or operation on the values of `inputs`, tensors; returns its output.

        A flag that the layer was given where the model was written down does not count, as in
        Keras: the flag of the model's own call replaces it.
        """
        positional, named = filled(self.node.arguments, values)
        if self.is_layer:
            named["training"] = training
        return self.layer(*positional, **named)


@dataclass(frozen=True)
class Graph:
    """A Keras model as data.

    Tensors are numbered: the model's inputs from 0, then the output of each call in turn.

    Attributes:
        inputs: The model's input tensors, symbolic: they have a name, a shape and a dtype.
        calls: Every layer call that an output depends on, in depth-first order from the outputs,
            so that it follows from the connections alone.
        outputs: The numbers of the model's output tensors.
        takes_list: Whether the model is called on several tensors, in a list or any structure.
        returns_list: Whether it returns several.
    """

    inputs: tuple[keras.KerasTensor, ...]
    calls: tuple[LayerCall, ...]
    outputs: tuple[int, ...]
    takes_list: bool
    returns_list: bool

    @property
    def first_calls(self) -> tuple[LayerCall, ...]:
        """The first call of each layer or operation."""
        return tuple(call for call in self.calls if call.index == 0)


def trace(model: keras.Model) -> Graph:
    """Walk a built Sequential or Functional model; a nested model gives the calls of its layers.

    Raises:
        TypeError: `model`, or a model nested in it, is not a Keras model or computes in code of
            its own.
        ValueError: `model` is a Sequential that has no input shape yet.
        UnsupportedLayerError: A layer has several outputs, or was called with more than its input.
    """
    functional = functional_of(model)
    names: dict[int, str] = {}
    calls: list[LayerCall] = []
    inputs = range(len(functional.inputs))

    def visit(path: str, node: Any, values: Sequence[int]) -> list[int]:
        layer = node.operation
        name = names.setdefault(id(layer), path)
        _check_node(name, node)
        output = len(inputs) + len(calls)
        calls.append(LayerCall(layer, name, 0, tuple(values), output, node))
        return [output]

    ends = walk(functional, inputs, visit)
    needed, outputs = _needed(calls, len(inputs), ends)
    takes_list, returns_list = (
        isinstance(structure, list | tuple | dict)
        for structure in (functional._inputs_struct, functional._outputs_struct)
    )
    return Graph(tuple(functional.inputs), needed, outputs, takes_list, returns_list)


def _needed(
    calls: Sequence[LayerCall], inputs: int, outputs: Sequence[int]
) -> tuple[tuple[LayerCall, ...], tuple[int, ...]]:
    """The calls that outputs need, in order and numbered anew; and the outputs' new numbers.

    A nested model has its calls in the order of its own outputs, of which some may be unused.
    """
    made = {call.output: call for call in calls}
    order = _depth_first(outputs, lambda number: made[number].inputs if number in made else ())
    numbers = {number: number for number in range(inputs)}
    uses: Counter[int] = Counter()
    kept = []
    for call in (made[number] for number in order if number in made):
        numbers[call.output] = len(numbers)
        read = tuple(numbers[number] for number in call.inputs)
        index = uses[id(call.layer)]
        kept.append(replace(call, index=index, inputs=read, output=numbers[call.output]))
        uses[id(call.layer)] += 1
    return tuple(kept), tuple(numbers[number] for number in outputs)


def _depth_first(ends: Iterable[T], needs: Callable[[T], Iterable[T]]) -> list[T]:
    """The ends and all that they need, each once and after what it needs itself."""
    done: dict[T, None] = {}
    stack = list(ends)[::-1]
    while stack:
        waiting = [item for item in needs(stack[-1]) if item not in done]
        if waiting:
            stack.append(waiting[0])
        else:
            done.setdefault(stack.pop())
    return list(done)


def walk(
    functional: Functional,
    inputs: Sequence[Any],
    visit: Callable[[str, Any, Sequence[Any]], Sequence[Any]],
    prefix: str = "",
) -> list[Any]:
    """Go through a model's calls in order, and through those of the models nested in it.

    Args:
        functional: The model, as `functional_of` returns it.
        inputs: A value for each of its inputs.
        visit: The values of a call's outputs, from its path, Keras' node and its inputs' values.
        prefix: The path of the model itself, with a "/" behind it.

    Returns:
        The values of the model's outputs.
    """
    values = {id(t): value for t, value in zip(functional.inputs, inputs, strict=True)}
    for node in nodes_in_order(functional):
        path = prefix + node.operation.name.replace(_PATH_MARK, "/")
        read = [values[id(tensor)] for tensor in node.input_tensors]
        if isinstance(node.operation, keras.Model):
            inner = functional_of(node.operation)
            given = _given_tensors(inner, node, read)
            written: Sequence[Any] = walk(inner, given, visit, f"{path}/")
        else:
            written = visit(path, node, read)
        values.update(zip(map(id, node.outputs), written, strict=True))
    return [values[id(tensor)] for tensor in functional.outputs]


def filled(arguments: Any, values: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A node's arguments, by place and by name, with `values` for its tensors, in their order."""
    remaining = iter(values)
    return arguments.convert(
        lambda given: next(remaining) if isinstance(given, keras.KerasTensor) else given
    )


def keras_name(path: str) -> str:
    """A layer's path as a name that Keras allows; `trace` gives the path back."""
    return path.replace("/", _PATH_MARK)


def functional_of(model: Any) -> Functional:
    """The graph-carrying part of a model.

    Raises:
        TypeError: `model` is not a Keras model, or computes in code of its own.
        ValueError: `model` is a Sequential that has no input shape yet.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected a Keras model, got {type(model).__name__}.")
    if isinstance(model, keras.Sequential) and type(model).call is keras.Sequential.call:
        if model._functional is None:
            raise ValueError(
                f"Model {model.name!r} is not built, so its layers have no shapes; "
                "start it with keras.Input(shape) or call model.build(input_shape)."
            )
        return model._functional
    if isinstance(model, Functional) and type(model).call is Functional.call:
        return model
    raise TypeError(
        f"Model {model.name!r} ({type(model).__name__}) computes in its own call method, so its "
        "layers cannot be listed; express it as a Sequential or Functional model."
    )


def input_names(functional: Functional) -> list[str]:
    """The names of a model's inputs as its summary has them; a tensor's own may be a number."""
    return [tensor._keras_history.operation.name for tensor in functional.inputs]


def flat_inputs(model: keras.Model, given: Any) -> list[Any]:
    """What a model is called on, in any structure that Keras takes, in the order of its inputs."""
    functional = functional_of(model)
    if isinstance(given, dict) and not isinstance(functional._inputs_struct, dict):
        return [given[tensor.name] for tensor in functional.inputs]
    return keras.tree.flatten(given)


def nodes_in_order(functional: Functional) -> list[Any]:
    """Keras' nodes, each after all those it depends on, inputs left to right.

    A node is one call of an `operation` (a layer, a model, or a `keras.ops` operation) on its
    `arguments`; it has `outputs`.
    """
    inputs = {id(tensor) for tensor in functional.inputs}

    def producers(tensors: Iterable[Any]) -> list[Any]:
        histories = [t._keras_history for t in tensors if id(t) not in inputs]
        return [history.operation._inbound_nodes[history.node_index] for history in histories]

    return _depth_first(producers(functional.outputs), lambda node: producers(node.input_tensors))


def _given_tensors(inner: Functional, node: Any, values: Sequence[Any]) -> list[Any]:
    """What a nested model is called on, one value for each of its inputs."""
    positional, named = filled(node.arguments, values)
    return flat_inputs(inner, positional[0] if positional else named["inputs"])


def _check_node(name: str, node: Any) -> None:
    """Refuse what is no plain call with one output."""
    layer = node.operation

    def unsupported(problem: str, advice: str) -> UnsupportedLayerError:
        return UnsupportedLayerError(name, type(layer).__name__, problem, advice)

    if len(node.outputs) != 1:
        raise unsupported(f"it has {len(node.outputs)} outputs", "Use layers with one output")
    if not isinstance(layer, keras.Layer):
        return
    options = {
        option: value
        for option, value in node.arguments.kwargs.items()
        if not (value is None or option == "training")
    }
    given = [*node.arguments.args, *options.values()]
    if len(given) != 1 or len(keras.tree.flatten(given)) != len(node.input_tensors):
        listed = ", ".join(f"{option}={value!r}" for option, value in options.items())
        raise unsupported(
            f"it is called with more than its input ({listed or 'several arguments'})",
            "Call it on one tensor, or one list of tensors, alone",
        )
