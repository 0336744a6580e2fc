"""Weights from one model into another, by the names that both sides give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

import scratch
from keras_models.graph import trace
from keras_models.layer_state import settle, weight_name


def copy_weights(source: scratch.Model | keras.Model, target: scratch.Model | keras.Model) -> None:
    """Give `target` the weights of `source`; either may be a scratch or a Keras model.

    Tensors are matched as "layer/weight", each exactly once, moving statistics included. Values
    arrive unchanged: float32 may go into float64, but not the other way (`to_scratch` casts).

    Raises:
        ValueError: A tensor of either side has no partner, or partners differ in shape or do not
            fit in dtype. The message lists all of them, and nothing has been written.
        ValueError: A model has no weights yet because it is not built.
    """
    write_weights(target, read_weights(source))


def read_weights(model: scratch.Model | keras.Model) -> dict[str, np.ndarray]:
    """A model's weights as "layer/weight" -> array; the arrays are copies."""
    return {name: np.asarray(tensor).copy() for name, tensor in _tensors(model).items()}


def write_weights(model: scratch.Model | keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Set all of a model's weights, in place; see `copy_weights`."""
    tensors = _tensors(model)
    problems = _mismatches(values, tensors)
    if problems:
        raise ValueError(
            f"Weights do not fit model {model.name!r}, nothing was written: {'; '.join(problems)}."
        )
    for name, tensor in tensors.items():
        if isinstance(tensor, np.ndarray):
            tensor[...] = values[name]
        else:
            tensor.assign(values[name])
    if isinstance(model, keras.Model):
        for call in trace(model).first_calls:
            settle(call.layer)


def keras_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Every weight of a Keras model, nested models opened, as "layer/weight" -> the variable.

    Raises:
        ValueError: A layer has two weights of one name, so that names do not tell them apart.
    """
    variables: dict[str, keras.Variable] = {}
    for call in trace(model).first_calls:
        for variable in getattr(call.layer, "weights", ()):  # an operation has none
            own_name = weight_name(call.layer, variable)
            name = f"{call.name}/{own_name}"
            if name in variables:
                raise ValueError(
                    f"Layer {call.name!r} ({type(call.layer).__name__}) has two weights named "
                    f"{own_name!r}; give each weight of a layer a name of its own."
                )
            variables[name] = variable
    return variables


def _tensors(model: scratch.Model | keras.Model) -> dict[str, Any]:
    """Every weight itself: a NumPy array or a Keras variable."""
    if isinstance(model, scratch.Model):
        if not model.inputs:
            raise ValueError(
                f"Model {model.name!r} is not built, so it has no weights; start it with "
                "Input(shape) or call model.build(input_shape)."
            )
        return dict(model.weights)
    return keras_variables(model)


def _mismatches(values: Mapping[str, np.ndarray], tensors: Mapping[str, Any]) -> list[str]:
    """One clause for each way in which two sets of weights do not fit."""
    problems = []
    if unused := [name for name in values if name not in tensors]:
        problems.append(f"left over in the source: {', '.join(unused)}")
    if unset := [name for name in tensors if name not in values]:
        problems.append(f"left over in the target: {', '.join(unset)}")
    for name in [name for name in values if name in tensors]:
        value, tensor = values[name], tensors[name]
        if value.shape != tuple(tensor.shape):
            problems.append(
                f"{name} has shape {value.shape} in the source, {tuple(tensor.shape)} in the target"
            )
        elif not np.can_cast(value.dtype, np.dtype(tensor.dtype), "safe"):
            problems.append(f"{name} is {value.dtype} in the source, {tensor.dtype} in the target")
    return problems
