"""A model of one side as a model of the other: structure and weights."""

from __future__ import annotations

import keras
import numpy as np

import scratch
from keras_models.errors import UnsupportedLayerError
from keras_models.graph import Graph, LayerCall, trace
from keras_models.layer_options import keras_layer, layer_dtype, scratch_layer
from keras_models.operations import keras_operation, operation_layer
from keras_models.weights import copy_weights, read_weights, write_weights
from scratch.graph import SymbolicTensor
from scratch.layers import Input
from scratch.layers.base import Layer, weights_from

__all__ = ["UnsupportedLayerError", "copy_weights", "to_keras", "to_scratch"]


def to_scratch(model: keras.Model, dtype: str | None = None) -> scratch.Model:
    """The scratch twin of a Keras model: same names, same graph, same weights.

    The Keras model is not changed and shares no memory with the twin. A compiled optimizer and
    loss are not carried over. Dropout layers of the twins draw different masks, even from one
    seed: the two libraries' generators differ.

    Args:
        model: A built Sequential or Functional model: branches, shared layers and models nested in
            any depth. A nested model's layers are named by their path, as in "inner/conv". A
            `training` flag given where a layer was called does not count, as in Keras: that of
            the model's own call replaces it.
        dtype: "float32" or "float64" to compute in, casting the weights; None keeps the model's.

    Raises:
        UnsupportedLayerError: A layer or an option has no counterpart in `scratch.layers`.
            Constraints and activity regularizers are among them: they change training.
        TypeError: `model` is a subclassed model.
        ValueError: `model` is not built, or computes in several dtypes and `dtype` is None.
    """
    graph = trace(model)
    dtype = dtype or _only_dtype(model, graph)
    inputs = [Input(t.shape[1:], t.shape[0], dtype, t.name) for t in graph.inputs]
    tensors = list(inputs)
    twins: dict[str, Layer] = {}
    # The weights are about to be set: no need to draw any.
    with weights_from(lambda _layer, _name, shape, dtype: np.empty(shape, dtype)):
        for call in graph.calls:
            values = [tensors[number] for number in call.inputs]
            if call.index == 0:
                twins[call.name] = _twin(call, len(values[0].shape), dtype)
            tensors.append(_connected(call, twins[call.name], values))
    outputs = [tensors[number] for number in graph.outputs]
    model_twin: scratch.Model
    if isinstance(model, keras.Sequential) and _is_row(graph):
        row = [twins[call.name] for call in graph.calls]
        model_twin = scratch.Sequential([inputs[0], *row], name=model.name)
    else:
        model_twin = scratch.Model(
            inputs if graph.takes_list else inputs[0],
            outputs if graph.returns_list else outputs[0],
            name=model.name,
        )
    weights = read_weights(model)
    floats = {name: w.astype(dtype) for name, w in weights.items() if w.dtype.kind == "f"}
    write_weights(model_twin, weights | floats)
    return model_twin


def _connected(call: LayerCall, twin: Layer, values: list[SymbolicTensor]) -> SymbolicTensor:
    """The twin of a call.

    Raises:
        UnsupportedLayerError: Keras' layer takes such inputs, the scratch one does not.
    """
    try:
        return twin(values if twin.takes_list else values[0])
    except ValueError as error:
        problem = f"its inputs are not supported ({str(error).rstrip('.')})"
        kind = type(call.layer).__name__
        advice = "Rebuild the model without this use of it"
        raise UnsupportedLayerError(call.name, kind, problem, advice) from error


def to_keras(model: scratch.Model) -> keras.Model:
    """The Keras twin of a scratch model, uncompiled: the way back from `to_scratch`.

    Raises:
        UnsupportedLayerError: A layer is not one of `scratch.layers`.
        ValueError: `model` is a Sequential that is not built.
    """
    weights = read_weights(model)
    tensors = {
        t: keras.Input(t.shape[1:], batch_size=t.shape[0], dtype=t.dtype, name=t.name)
        for t in model.inputs
    }
    inputs = list(tensors.values())
    twins = {layer: keras_operation(layer) or keras_layer(layer) for layer in model.layers}
    for call in model.calls:
        arguments = [tensors[t] for t in call.inputs]
        tensors[call.output] = twins[call.layer](arguments if call.merges else arguments[0])
    # A Keras Sequential holds layers alone, each once; a scratch one may use it twice in a row.
    row = len(model.calls) == len(twins) and all(isinstance(t, keras.Layer) for t in twins.values())
    if isinstance(model, scratch.Sequential) and row:
        twin = keras.Sequential([inputs[0], *twins.values()], name=model.name)
    else:
        outputs = [tensors[t] for t in model.outputs]
        twin = keras.Model(
            inputs if isinstance(model.input_shape, list) else inputs[0],
            outputs if isinstance(model.output_shape, list) else outputs[0],
            name=model.name,
        )
    write_weights(twin, weights)
    return twin


def _twin(call: LayerCall, rank: int, dtype: str) -> Layer:
    """The scratch layer for a layer or operation whose first input has `rank` dimensions."""
    if call.is_layer:
        return scratch_layer(call.layer, call.name, rank, dtype)
    return operation_layer(call, dtype)


def _is_row(graph: Graph) -> bool:
    """Whether each layer is called on what the one before it returned."""
    row = all(call.inputs == (call.output - 1,) for call in graph.calls)
    return bool(graph.calls) and row and len(graph.inputs) == 1


def _only_dtype(model: keras.Model, graph: Graph) -> str:
    """The dtype of all of a model's inputs and layers."""
    found = {layer_dtype(c.layer, c.name) for c in graph.first_calls if c.is_layer}
    found |= {t.dtype for t in graph.inputs}
    if len(found) != 1:
        raise ValueError(
            f"Model {model.name!r} computes in several dtypes ({', '.join(sorted(found))}); "
            'say which the twin shall have, as in to_scratch(model, dtype="float32").'
        )
    return found.pop()
