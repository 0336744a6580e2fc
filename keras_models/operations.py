"""Keras operators and `keras.ops` in a model's graph, each as the layer that computes the same.

`RULES` is the one table of them. An operation has no name in `keras.layers` to be looked up by, and
its class is private to Keras; what it is given is in its node and its attributes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.src.activations import activations
from keras.src.ops import image, nn, numpy

from keras_models.errors import UnsupportedLayerError
from keras_models.graph import LayerCall, keras_name
from scratch.layers import Activation, Layer
from scratch.layers.registry import layer_named


class _NoCounterpartError(Exception):
    """Why an operation, used in this way, is no layer, as a clause; and what to do instead."""


@dataclass(frozen=True)
class _Use:
    """One use of an operation: the operation itself, what it is given and what it returns."""

    operation: Any
    given: tuple[Any, ...]
    output: keras.KerasTensor

    @property
    def tensors(self) -> list[keras.KerasTensor]:
        return [a for a in keras.tree.flatten(self.given) if isinstance(a, keras.KerasTensor)]


Options = Mapping[str, Any]
Rule = Callable[[_Use], tuple[str, Options]]


def operation_layer(call: LayerCall, dtype: str) -> Layer:
    """The scratch layer that computes what an operation computes.

    Args:
        call: A call of an operation, not of a layer.
        dtype: What the layer computes in.

    Raises:
        UnsupportedLayerError: There is none, or not for what the operation is given.
    """
    kind = type(call.layer)
    given = (*call.node.arguments.args, *call.node.arguments.kwargs.values())
    use = _Use(call.layer, given, call.node.outputs[0])
    try:
        if kind not in RULES:
            known = ", ".join(sorted(operation.__name__ for operation in RULES))
            raise _NoCounterpartError(
                "this operation has no from-scratch counterpart",
                f"Use a layer in its place, or one of the operations {known}",
            )
        _check_dtypes(use)
        name, options = RULES[kind](use)
        return layer_named(name)(**options, name=call.name, dtype=dtype)
    except _NoCounterpartError as reason:
        raise UnsupportedLayerError(call.name, kind.__name__, *reason.args) from None
    except (TypeError, ValueError) as error:
        problem = f"what it is given is not supported ({str(error).rstrip('.')})"
        advice = "Use a layer in its place"
        raise UnsupportedLayerError(call.name, kind.__name__, problem, advice) from error


def _check_dtypes(use: _Use) -> None:
    """Keras widens silently: float32 times a float64 array is float64 from there on."""
    found = {keras.backend.standardize_dtype(t.dtype) for t in (*use.tensors, use.output)}
    if len(found) != 1:
        raise _NoCounterpartError(
            f"it takes and returns different dtypes ({', '.join(sorted(found))})",
            "Give its constants and tensors one dtype, as with array.astype",
        )


def _constant(value: Any) -> np.ndarray:
    """A number or array that an operation is given beside its tensor."""
    if isinstance(value, keras.Variable):
        raise _NoCounterpartError(
            f"it is given the variable {value.path!r}, which belongs to no layer of the model",
            "Put it into a layer, and register a scratch layer for that",
        )
    return np.asarray(value, np.float64)


def _merging(
    layer: str | None, scaled: Callable[[np.ndarray, bool], Options] | None = None
) -> Rule:
    """An operation on two tensors, or on one and a constant.

    Args:
        layer: The layer for two tensors, if there is one.
        scaled: The options of `Rescaling` for a constant, from it and whether it comes first.
    """

    def rule(use: _Use) -> tuple[str, Options]:
        if len(use.tensors) == 2:
            if layer is None:
                raise _NoCounterpartError("it is given two tensors", "Use it with a constant alone")
            return layer, {}
        if scaled is None:
            raise _NoCounterpartError(
                "it is given a constant", "Use keras.layers.ReLU, perhaps with max_value"
            )
        first = not isinstance(use.given[0], keras.KerasTensor)
        options = scaled(_constant(use.given[0 if first else 1]), first)
        if use.output.shape != use.tensors[0].shape:
            raise _NoCounterpartError(
                f"its constant makes {use.output.shape} of {use.tensors[0].shape}",
                "Give it a constant that fits the tensor's shape",
            )
        return "Rescaling", {name: np.asarray(o).tolist() for name, o in options.items()}

    return rule


def _divided(divisor: np.ndarray, first: bool) -> Options:
    if first:
        raise _NoCounterpartError("it divides by a tensor", "Divide by constants alone")
    return {"scale": 1 / divisor}


def _named(activation: str) -> Rule:
    return lambda _use: ("Activation", {"activation": activation})


def _with(layer: str, *attributes: str) -> Rule:
    """A layer whose options are attributes of the operation, of the same name."""
    return lambda use: (layer, {name: getattr(use.operation, name) for name in attributes})


def _concatenate(use: _Use) -> tuple[str, Options]:
    if len(use.tensors) != len(keras.tree.flatten(use.given)):
        raise _NoCounterpartError("it joins a constant", "Join tensors alone")
    return "Concatenate", {"axis": use.operation.axis}


def keras_operation(layer: Layer) -> keras.Operation | None:
    """The way back for what is an operation in Keras and no layer: gelu by tanh; else None."""
    if isinstance(layer, Activation) and layer.activation.name == "gelu_tanh":
        return nn.Gelu(approximate=True, name=keras_name(layer.name))
    return None


def _gelu(use: _Use) -> tuple[str, Options]:
    return "Activation", {"activation": "gelu_tanh" if use.operation.approximate else "gelu"}


def _over_image(layer: str) -> Rule:
    """A reduction over height and width."""

    def rule(use: _Use) -> tuple[str, Options]:
        (x,), axis = use.tensors, use.operation.axis
        axes = sorted(a % len(x.shape) for a in np.atleast_1d(axis)) if axis is not None else None
        if (
            len(x.shape) != 4
            or axes != [1, 2]
            or getattr(use.operation, "initial", None) is not None
        ):
            raise _NoCounterpartError(
                f"it reduces {x.shape} over axis {axis}",
                f"Reduce images over axis (1, 2) alone, as keras.layers.{layer} does",
            )
        return layer, {"keepdims": use.operation.keepdims}

    return rule


def _reshape(use: _Use) -> tuple[str, Options]:
    (x,) = use.tensors
    (batch, *before), (new_batch, *after) = x.shape, use.output.shape
    if batch != new_batch or None in (*before, *after) or math.prod(before) != math.prod(after):
        raise _NoCounterpartError(
            f"it makes {use.output.shape} of {x.shape}, which mixes samples or leaves sizes open",
            "Use keras.layers.Reshape",
        )
    return "Reshape", {"target_shape": tuple(after)}


def _transpose(use: _Use) -> tuple[str, Options]:
    axes = use.operation.axes
    if not axes or axes[0] != 0:
        raise _NoCounterpartError(
            f"it moves the batch (axes {axes})",
            "Leave axis 0 in its place, as keras.layers.Permute does",
        )
    rank = len(axes)
    return "Permute", {"dims": tuple(axis % rank for axis in axes[1:])}


def _pad(use: _Use) -> tuple[str, Options]:
    operation, fill = use.operation, use.given[1:]
    widths = tuple(tuple(pair) for pair in operation.pad_width)
    zeros = operation.mode == "constant" and all(
        not np.any(value) for value in fill if value is not None
    )
    if len(widths) != 4 or any(widths[0] + widths[3]) or not zeros:
        raise _NoCounterpartError(
            f"it pads by {widths} in mode {operation.mode!r}",
            "Pad height and width of images with zeros, as keras.layers.ZeroPadding2D does",
        )
    return "ZeroPadding2D", {"padding": widths[1:3]}


def _resize(use: _Use) -> tuple[str, Options]:
    operation = use.operation
    plain = ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio")
    changed = [name for name in plain if getattr(operation, name)]
    if operation.data_format != "channels_last":
        changed.append("data_format")
    if changed or len(use.output.shape) != 4:
        raise _NoCounterpartError(
            f"its options {', '.join(changed)} are not supported"
            if changed
            else "it resizes a single image",
            "Use keras.layers.Resizing on a batch of images",
        )
    height, width = operation.size
    return "Resizing", {"height": height, "width": width, "interpolation": operation.interpolation}


_QUOTIENT = _merging(None, _divided)
_ADD = _merging("Add", lambda c, _first: {"scale": 1.0, "offset": c})
_SUBTRACT = _merging(
    "Subtract",
    lambda c, first: {"scale": -1.0, "offset": c} if first else {"scale": 1.0, "offset": -c},
)

RULES: dict[type, Rule] = {
    # What two tensors, or a tensor and a constant, become.
    numpy.Add: _ADD,
    numpy.Subtract: _SUBTRACT,
    numpy.Multiply: _merging("Multiply", lambda c, _first: {"scale": c}),
    numpy.Divide: _QUOTIENT,
    numpy.TrueDivide: _QUOTIENT,
    numpy.Negative: lambda _use: ("Rescaling", {"scale": -1.0}),
    numpy.Maximum: _merging("Maximum"),
    numpy.Minimum: _merging("Minimum"),
    numpy.Concatenate: _concatenate,
    # Activations.
    activations.ReLU: _with("ReLU", "negative_slope", "max_value", "threshold"),
    nn.Elu: _with("ELU", "alpha"),
    nn.Gelu: _gelu,
    nn.HardSigmoid: _named("hard_sigmoid"),
    nn.HardSilu: _named("hard_silu"),
    nn.LeakyRelu: _with("LeakyReLU", "negative_slope"),
    nn.LogSoftmax: _named("log_softmax"),
    nn.Relu: _with("ReLU"),
    nn.Relu6: _named("relu6"),
    nn.Selu: _named("selu"),
    nn.Sigmoid: _named("sigmoid"),
    nn.Silu: _named("silu"),
    nn.Softmax: _with("Softmax", "axis"),
    nn.Softplus: _named("softplus"),
    nn.Softsign: _named("softsign"),
    numpy.Exp: _named("exponential"),
    numpy.Tanh: _named("tanh"),
    # Shapes.
    image.Resize: _resize,
    numpy.ExpandDims: _reshape,
    numpy.Max: _over_image("GlobalMaxPooling2D"),
    numpy.Mean: _over_image("GlobalAveragePooling2D"),
    numpy.Pad: _pad,
    numpy.Reshape: _reshape,
    numpy.Squeeze: _reshape,
    numpy.Transpose: _transpose,
}
