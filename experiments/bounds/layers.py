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
from experiments.bounds.activations.rectifiers import prelu_bounds
from experiments.bounds.call import Bounds, GivenCall
from experiments.bounds.convolution import convolution_bounds, separable_bounds
from experiments.bounds.dense import dense_bounds
from experiments.bounds.merging import (
    add_bounds,
    average_bounds,
    concatenate_bounds,
    extreme_bounds,
    multiply_bounds,
    subtract_bounds,
)
from experiments.bounds.normalization import normalization_bounds
from experiments.bounds.pooling import (
    average_pooling_bounds,
    global_average_pooling_bounds,
    global_max_pooling_bounds,
    max_pooling_bounds,
    of_sequences,
)
from experiments.bounds.resizing import resizing_bounds, up_sampling_bounds
from experiments.bounds.scaling import (
    custom_scale_bounds,
    fixed_normalization_bounds,
    layer_scale_bounds,
    rescaling_bounds,
)
from experiments.rounding import Array, Precision, exactly
from scratch import layers
from scratch.layers import Layer
from scratch.layers.activation_layer import ActivationLayer

LayerBounds = Callable[[Any, GivenCall], Bounds]


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


def has_bounds(layer: Layer) -> bool:
    """Whether a bound is derived for a layer's class; a subclass may compute otherwise."""
    return type(layer) in _BOUNDS


def register(layer_class: type[Layer]) -> Callable[[LayerBounds], LayerBounds]:
    """Make a function known that bounds what a user's own layer rounds; a decorator.

    The function is given a float64 layer and a `GivenCall`, follows what both twins compute in the
    arithmetic of `call.precision`, and returns a bound for each tensor: `output`, `grad_input`
    (`grad_input:1`, ... for more inputs), and `grad:NAME` for each trainable weight.

    Args:
        layer_class: A subclass of `scratch.layers.Layer`.

    Example:
        >>> @register(Doubled)
        ... def doubled_bounds(layer, call):
        ...     p = call.precision
        ...     return {
        ...         "output": p.scale(p.given(call.x), 2.0),
        ...         "grad_input": p.scale(p.given(call.dy), 2.0),
        ...     }
    """

    def registered(bounds: LayerBounds) -> LayerBounds:
        _BOUNDS[layer_class] = bounds
        return bounds

    return registered


def _activation(layer: ActivationLayer, call: GivenCall) -> Bounds:
    z = call.precision.given(call.x)
    y, dz = activation_bounds(layer.activation, z, call.dy, call.precision)
    return {"output": y, "grad_input": dz}


def _dropout(layer: layers.BaseDropout, call: GivenCall) -> Bounds:
    if not call.training or not layer.rate:
        return {"output": exactly(call.x), "grad_input": exactly(call.dy)}
    p, kept = call.precision, layer.draw_mask(call.x.shape)
    factor = 1 / (1 - layer.rate)
    return {
        "output": p.scale(p.given(call.x * kept), factor),
        "grad_input": p.scale(p.given(call.dy * kept), factor),
    }


def _moved(layer: Layer, call: GivenCall) -> Bounds:
    """Numbers that are copied, or zeros put beside them."""
    return {
        "output": exactly(layer.forward(call.x)),
        "grad_input": exactly(layer.backward(call.dy)),
    }


_BOUNDS: dict[type[Layer], LayerBounds] = {
    layers.Activation: _activation,
    layers.Add: add_bounds,
    layers.Average: average_bounds,
    layers.AveragePooling1D: of_sequences(average_pooling_bounds),
    layers.AveragePooling2D: average_pooling_bounds,
    layers.BatchNormalization: normalization_bounds,
    layers.Concatenate: concatenate_bounds,
    layers.Conv1D: convolution_bounds,
    layers.Conv2D: convolution_bounds,
    layers.Conv2DTranspose: convolution_bounds,
    layers.Cropping2D: _moved,
    layers.CustomScaleLayer: custom_scale_bounds,
    layers.Dense: dense_bounds,
    layers.DepthwiseConv1D: convolution_bounds,
    layers.DepthwiseConv2D: convolution_bounds,
    layers.Dropout: _dropout,
    layers.ELU: _activation,
    layers.Flatten: _moved,
    layers.GlobalAveragePooling1D: global_average_pooling_bounds,
    layers.GlobalAveragePooling2D: global_average_pooling_bounds,
    layers.GlobalMaxPooling1D: global_max_pooling_bounds,
    layers.GlobalMaxPooling2D: global_max_pooling_bounds,
    layers.GroupNormalization: normalization_bounds,
    layers.LayerNormalization: normalization_bounds,
    layers.LayerScale: layer_scale_bounds,
    layers.LeakyReLU: _activation,
    layers.MaxPooling1D: of_sequences(max_pooling_bounds),
    layers.MaxPooling2D: max_pooling_bounds,
    layers.Maximum: extreme_bounds,
    layers.Minimum: extreme_bounds,
    layers.Multiply: multiply_bounds,
    layers.Normalization: fixed_normalization_bounds,
    layers.PReLU: prelu_bounds,
    layers.Permute: _moved,
    layers.ReLU: _activation,
    layers.Rescaling: rescaling_bounds,
    layers.Reshape: _moved,
    layers.Resizing: resizing_bounds,
    layers.SeparableConv2D: separable_bounds,
    layers.Softmax: _activation,
    layers.SpatialDropout2D: _dropout,
    layers.Subtract: subtract_bounds,
    layers.UpSampling2D: up_sampling_bounds,
    layers.ZeroPadding2D: _moved,
}
