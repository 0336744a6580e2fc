"""A layer call on both sides, and the bounds that its tensors must lie in."""

import numpy as np
import tensorflow as tf

from experiments.bounds import Bounds, layer_bounds
from experiments.rounding import Precision
from keras_models.layer_options import keras_layer
from keras_models.layer_state import settle, weight_name
from scratch.layers import Layer
from tests.experiments.bounds.draws import Draw

Arrays = dict[str, np.ndarray]

PRECISION = Precision("float32")


def named(output, grad_inputs, grad_weights: dict) -> Arrays:
    names = ["grad_input", *(f"grad_input:{i}" for i in range(1, len(grad_inputs)))]
    weights = {f"grad:{name}": np.asarray(g) for name, g in grad_weights.items()}
    gradients = dict(zip(names, map(np.asarray, grad_inputs), strict=True))
    return {"output": np.asarray(output), **gradients, **weights}


def by_scratch(layer: Layer, inputs: list[np.ndarray], dy: np.ndarray, training: bool) -> Arrays:
    y = layer.forward(inputs if layer.takes_list else inputs[0], training=training)
    dx = layer.backward(dy)
    return named(y, dx if layer.takes_list else [dx], layer.gradients)


def by_keras(layer: Layer, inputs: list[np.ndarray], dy: np.ndarray, training: bool) -> Arrays:
    twin = keras_layer(layer)
    twin.build([x.shape for x in inputs] if layer.takes_list else inputs[0].shape)
    for variable in twin.weights:
        variable.assign(layer.weights[weight_name(twin, variable)])
    settle(twin)
    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = twin(tensors if layer.takes_list else tensors[0], training=training)
    variables = {weight_name(twin, v): v.value for v in twin.trainable_weights}
    dx, dw = tape.gradient(y, (tensors, variables), output_gradients=tf.constant(dy))
    return named(y, dx, dw)


def in_float64(layer: Layer, inputs: list[np.ndarray]) -> tuple[Layer, list[np.ndarray]]:
    exact = type(layer)(**{**layer.get_config(), "dtype": "float64"})
    exact.build([x.shape for x in inputs] if layer.takes_list else inputs[0].shape)
    for name, weight in layer.weights.items():
        exact.weights[name][...] = weight
    return exact, [x.astype(np.float64) for x in inputs]


def bounds_of(layer: Layer, inputs: list[np.ndarray], dy: np.ndarray, training: bool) -> Bounds:
    exact, arrays = in_float64(layer, inputs)
    return layer_bounds(exact, arrays, dy.astype(np.float64), training, PRECISION)


def upstream(layer: Layer, inputs: list[np.ndarray], draw: Draw) -> np.ndarray:
    shapes = [x.shape for x in inputs]
    shape = layer.compute_output_shape(shapes if layer.takes_list else shapes[0])
    return draw(np.random.default_rng(7), shape).astype(np.float32)


def assert_inside(side: str, computed: Arrays, bounds: Bounds, radius: int) -> None:
    assert computed.keys() == bounds.keys()
    for tensor, values in computed.items():
        assert values.shape == bounds[tensor].value.shape, (side, tensor)
        error = np.abs(values.astype(np.float64) - bounds[tensor].value)
        allowed = bounds[tensor].radii[radius]
        assert (error <= allowed).all(), f"{side} {tensor}: {np.max(error - allowed)} too much"
