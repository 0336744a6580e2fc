"""The layer calls of a Keras model, in topological order.

Keras keeps its graph in private attributes. They are read here and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import keras
from keras.src.models.functional import Functional

from keras_models.errors import UnsupportedLayerError


@dataclass(frozen=True)
class LayerCall:
    """One use of one layer.

    Attributes:
        layer: The Keras layer.
        index: Which use of it, from 0; above 0 only where a layer is shared.
        inputs: The numbers of its input tensors.
        output: The number of its output tensor.
        takes_list: Whether it is called on a list of tensors, as merge layers are.
    """

    layer: keras.Layer
    index: int
    inputs: tuple[int, ...]
    output: int
    takes_list: bool

    def arguments(self, values: list[Any]) -> Any:
        """The values of `inputs` in the form in which the layer is called on them."""
        return values if self.takes_list else values[0]


@dataclass(frozen=True)
class Graph:
    """A Keras model as data.

    Tensors are numbered: the model's inputs from 0, then the output of each call in turn.

    Attributes:
        inputs: The model's input tensors, symbolic: they have a name, a shape and a dtype.
        calls: Every layer call that an output depends on, in depth-first order from the outputs,
            so that it follows from the connections alone.
        outputs: The numbers of the model's output tensors.
        takes_list: Whether the model is called on a list, not on one tensor.
        returns_list: Whether it returns a list.
    """

    inputs: tuple[keras.KerasTensor, ...]
    calls: tuple[LayerCall, ...]
    outputs: tuple[int, ...]
    takes_list: bool
    returns_list: bool

    @property
    def layers(self) -> tuple[keras.Layer, ...]:
        """Each layer once, in the order of its first call."""
        return tuple(call.layer for call in self.calls if call.index == 0)


def trace(model: keras.Model) -> Graph:
    """Walk a built Sequential or Functional model.

    Raises:
        TypeError: `model` is not a Keras model, computes in code of its own, or has a dict of
            inputs or outputs.
        ValueError: `model` is a Sequential that has no input shape yet.
        UnsupportedLayerError: A node is a nested model, a `keras.ops` operation, has several
            outputs, or was called with more than its input.
    """
    functional = functional_of(model)
    structures = (functional._inputs_struct, functional._outputs_struct)
    if any(isinstance(structure, dict) for structure in structures):
        raise TypeError(
            f"Model {model.name!r} has a dict of inputs or outputs; make it a list, so that they "
            "have an order."
        )
    takes_list, returns_list = (isinstance(s, list | tuple) for s in structures)
    numbers = {id(tensor): number for number, tensor in enumerate(functional.inputs)}
    uses: Counter[int] = Counter()
    calls = []
    for node in nodes_in_order(functional):
        layer = node.operation
        merges = _check_node(node)
        inputs = tuple(numbers[id(tensor)] for tensor in node.input_tensors)
        output = len(numbers)
        numbers[id(node.outputs[0])] = output
        calls.append(LayerCall(layer, uses[id(layer)], inputs, output, merges))
        uses[id(layer)] += 1
    outputs = tuple(numbers[id(tensor)] for tensor in functional.outputs)
    return Graph(tuple(functional.inputs), tuple(calls), outputs, takes_list, returns_list)


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


def given_tensors(functional: Functional, given: Any) -> list[Any]:
    """What a model was called on, one value for each of `functional.inputs`."""
    if isinstance(given, dict) and not isinstance(functional._inputs_struct, dict):
        return [given[tensor.name] for tensor in functional.inputs]
    return keras.tree.flatten(given)


def nodes_in_order(functional: Functional) -> list[Any]:
    """Keras' nodes, each after all those it depends on, inputs left to right.

    A node is one call of an `operation` (a layer, a model, or a `keras.ops` operation) on its
    `arguments`; it has `outputs`.
    """
    inputs = {id(tensor) for tensor in functional.inputs}
    done: dict[int, Any] = {}
    stack = _producers(reversed(functional.outputs), inputs)
    while stack:
        node = stack[-1]
        waiting = [n for n in _producers(node.input_tensors, inputs) if id(n) not in done]
        if waiting:
            stack.append(waiting[0])
        else:
            done.setdefault(id(node), node)
            stack.pop()
    return list(done.values())


def _producers(tensors: Any, inputs: set[int]) -> list[Any]:
    """The nodes that tensors come from, except the model's inputs."""
    histories = [t._keras_history for t in tensors if id(t) not in inputs]
    return [history.operation._inbound_nodes[history.node_index] for history in histories]


def _check_node(node: Any) -> bool:
    """Whether a node's layer takes a list; an error if it is no plain call of one plain layer."""
    layer, arguments = node.operation, node.arguments

    def unsupported(problem: str, advice: str) -> UnsupportedLayerError:
        return UnsupportedLayerError(layer.name, type(layer).__name__, problem, advice)

    if isinstance(layer, keras.Model):
        raise unsupported("a model nested in a model is not supported", "Call its layers directly")
    if not isinstance(layer, keras.Layer):
        raise unsupported(
            "it is an operation, not a layer", "Use the layer of that name, as in keras.layers.Add"
        )
    # The model's own `training` overrides training=False, which Keras also records by itself.
    options = {
        name: value
        for name, value in arguments.kwargs.items()
        if not (value is None or (name == "training" and value is False))
    }
    if options or len(arguments.args) != 1:
        given = ", ".join(f"{name}={value!r}" for name, value in options.items())
        raise unsupported(
            f"it is called with more than its input ({given or 'several arguments'})",
            "Call it on one tensor, or one list of tensors, alone",
        )
    if len(node.outputs) != 1:
        raise unsupported(f"it has {len(node.outputs)} outputs", "Use layers with one output")
    return isinstance(arguments.args[0], list | tuple)
