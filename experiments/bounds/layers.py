"""How far one layer's output and gradients can be off, derived from how they are computed.

For each layer type a function takes the layer in float64, its input and upstream gradient, and
follows the computation in the arithmetic of `experiments.rounding`. Where NumPy and TensorFlow use
different formulas, both are followed and the wider bound holds. What is only moved (reshaped,
padded, joined, cut apart) is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from experiments.bounds.activations import activation_bounds
from experiments.bounds.batch_norm import batch_norm_bounds
from experiments.bounds.call import Bounds, GivenCall
from experiments.bounds.pooling import (
    average_pooling_bounds,
    global_average_pooling_bounds,
    max_pooling_bounds,
)
from experiments.bounds.weighted import conv2d_bounds, dense_bounds
from experiments.rounding import Array, Bounded, Precision, exactly
from scratch import functional as F  # noqa: N812
from scratch import layers
from scratch.layers import Layer


def layer_bounds(
    layer: Layer, inputs: Sequence[Array], dy: Array, training: bool, precision: Precision
) -> Bounds:
    """Bounds for one call of a layer, keyed `output`, `grad_input` and `grad:<weight name>`.

    Args:
        layer: A float64 layer; its weights are those that the twins compute with. A Dropout that
            drops is asked for its mask.
        inputs: The call's inputs in float64, which both twins are given exactly. Several inputs'
            gradients are bounded as `grad_input`, `grad_input:1`, ...
        dy: dL/doutput, likewise.
        training: Whether the layer computes as in training.
        precision: The arithmetic of the twins.

    Returns:
        For each tensor its value and radii; the twins may differ by twice a radius.

    Raises:
        NotImplementedError: No bound is derived for this layer's type.
    """
    bounds = _BOUNDS.get(type(layer))
    if bounds is None:
        raise NotImplementedError(f"No rounding bound is derived for {type(layer).__name__}.")
    return bounds(layer, GivenCall(tuple(inputs), dy, training, precision))


def _activation(layer: layers.Activation, call: GivenCall) -> Bounds:
    z = call.precision.given(call.x)
    y, dz = activation_bounds(layer.activation, z, call.dy, call.precision)
    return {"output": y, "grad_input": dz}


def _dropout(layer: layers.Dropout, call: GivenCall) -> Bounds:
    if not call.training or not layer.rate:
        return {"output": exactly(call.x), "grad_input": exactly(call.dy)}
    p, kept = call.precision, layer.draw_mask(call.x.shape)
    factor = 1 / (1 - layer.rate)
    return {
        "output": p.scale(p.given(call.x * kept), factor),
        "grad_input": p.scale(p.given(call.dy * kept), factor),
    }


def _add(_layer: layers.Add, call: GivenCall) -> Bounds:
    output = call.precision.total(*(call.precision.given(x) for x in call.inputs))
    return {"output": output, **_input_gradients([exactly(call.dy) for _ in call.inputs])}


def _concatenate(layer: layers.Concatenate, call: GivenCall) -> Bounds:
    sizes = [x.shape[layer.axis] for x in call.inputs]
    parts = F.concatenate_backward(call.dy, sizes, layer.axis)
    output = exactly(F.concatenate(call.inputs, layer.axis))
    return {"output": output, **_input_gradients([exactly(part) for part in parts])}


def _input_gradients(gradients: Sequence[Bounded]) -> Bounds:
    names = ["grad_input", *(f"grad_input:{i}" for i in range(1, len(gradients)))]
    return dict(zip(names, gradients, strict=True))


def _flatten(_layer: layers.Flatten, call: GivenCall) -> Bounds:
    dx = F.flatten_backward(call.dy, call.x.shape)
    return {"output": exactly(F.flatten(call.x)), "grad_input": exactly(dx)}


def _zero_padding(layer: layers.ZeroPadding2D, call: GivenCall) -> Bounds:
    dx = F.pad2d_backward(call.dy, layer.pads)
    return {"output": exactly(F.pad2d(call.x, layer.pads)), "grad_input": exactly(dx)}


_BOUNDS: dict[type[Layer], Callable[[Any, GivenCall], Bounds]] = {
    layers.Activation: _activation,
    layers.Add: _add,
    layers.AveragePooling2D: average_pooling_bounds,
    layers.BatchNormalization: batch_norm_bounds,
    layers.Concatenate: _concatenate,
    layers.Conv2D: conv2d_bounds,
    layers.Dense: dense_bounds,
    layers.Dropout: _dropout,
    layers.Flatten: _flatten,
    layers.GlobalAveragePooling2D: global_average_pooling_bounds,
    layers.MaxPooling2D: max_pooling_bounds,
    layers.ReLU: _activation,
    layers.Softmax: _activation,
    layers.ZeroPadding2D: _zero_padding,
}
