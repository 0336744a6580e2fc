"""One factory: name a layer, its arguments and its input shapes; it is held against Keras'."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from keras_models.layer_state import settle, weight_name
from scratch import layers
from scratch.layers import Layer

Array = np.ndarray
Shape = tuple[int, ...]

_OF_APPLICATIONS = {"CustomScaleLayer": CustomScaleLayer, "LayerScale": LayerScale}


def check_layer(
    name: str, *shapes: Shape, training: bool = False, ties: bool = False, **arguments: Any
) -> None:
    """Everything that both libraries can be asked about one layer, in both dtypes.

    Args:
        name: The class, in `scratch.layers` and in Keras.
        shapes: Of the inputs, batch first; several for a layer that takes a list.
        training: The mode.
        ties: Draw the inputs from few values, so that many are equal.
        arguments: Of the constructor, of both.
    """
    for dtype in ("float64", "float32"):
        ours, theirs = twins(name, *shapes, dtype=dtype, **arguments)
        check_weights(ours, theirs)
        check_output_shape(ours, theirs, shapes)
        xs = [random(shape, dtype, seed, ties) for seed, shape in enumerate(shapes)]
        check_call(ours, theirs, xs, training)


def check_call(ours: Layer, theirs: Any, xs: list[Array], training: bool) -> None:
    """One forward and backward pass: output, gradients, and the weights after it."""
    before = {name: w.copy() for name, w in ours.trainable_weights.items()}
    y_scratch = ours.forward(xs if ours.takes_list else xs[0], training=training)
    dy = random(y_scratch.shape, ours.dtype.name, seed=9)
    result = ours.backward(dy)
    dx_scratch = result if ours.takes_list else [result]
    for weight, value in before.items():
        np.testing.assert_array_equal(ours.weights[weight], value, f"{weight} has changed")

    tensors = [tf.constant(x) for x in xs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y_keras = theirs(tensors if ours.takes_list else tensors[0], training=training)
    variables = [v.value for v in theirs.trainable_variables]
    dx_keras, dw_keras = tape.gradient(y_keras, (tensors, variables), output_gradients=dy)

    # No sum that a layer makes has more terms than its largest tensor has numbers.
    terms = max(a.size for a in (*xs, y_scratch, *ours.weights.values()))
    assert_close("output", y_scratch, y_keras, terms)
    assert len(dx_scratch) == len(xs)
    for number, (dx, expected) in enumerate(zip(dx_scratch, dx_keras, strict=True)):
        assert_close(f"grad_input {number}", dx, expected, terms)
    assert list(ours.gradients) == [weight_name(theirs, v) for v in theirs.trainable_variables]
    for (weight, dw), expected in zip(ours.gradients.items(), dw_keras, strict=True):
        assert_close(f"grad:{weight}", dw, expected, terms)
    for variable in theirs.weights:
        weight = weight_name(theirs, variable)
        assert_close(weight, ours.weights[weight], variable.value, terms)


def keras_class(name: str) -> Any:
    """Keras' class of a name: some are of keras.applications."""
    return _OF_APPLICATIONS.get(name) or getattr(keras.layers, name)


def check_weights(ours: Layer, theirs: Any) -> None:
    """Names, order, shapes, dtypes, and which are trained."""
    described = [(weight_name(theirs, w), tuple(w.shape), w.dtype) for w in theirs.weights]
    assert _described(ours.weights) == described
    assert list(ours.trainable_weights) == [
        weight_name(theirs, w) for w in theirs.trainable_weights
    ]
    assert ours.count_params() == theirs.count_params()


def check_output_shape(ours: Layer, theirs: Any, shapes: tuple[Shape, ...]) -> None:
    """With all sizes known, with any batch, and with each size between batch and channels open."""
    rank = len(shapes[0])
    for unknown in ((), (0,), *((0, axis) for axis in range(1, rank - 1)), range(rank - 1)):
        asked: Any = [tuple(None if i in unknown else n for i, n in enumerate(s)) for s in shapes]
        asked = asked if ours.takes_list else asked[0]
        # Keras' transposed convolutions return a list.
        expected = tuple(keras_output_shape(theirs, asked))
        assert ours.compute_output_shape(asked) == expected, asked


def keras_output_shape(theirs: Any, shape: Any) -> Shape:
    """What Keras says, or where the layer cannot, what it gives a symbolic input."""
    if type(theirs) not in _OF_APPLICATIONS.values():
        return theirs.compute_output_shape(shape)
    several = isinstance(shape, list)
    symbols = [
        keras.KerasTensor(one, theirs.compute_dtype) for one in (shape if several else [shape])
    ]
    return theirs(symbols if several else symbols[0]).shape


def twins(name: str, *shapes: Shape, dtype: str, **arguments: Any) -> tuple[Layer, Any]:
    """The scratch layer and the Keras layer, built, with the same random weights."""
    ours = getattr(layers, name)(**arguments, dtype=dtype)
    theirs = keras_class(name)(**arguments, dtype=dtype)
    anyhow = [(None, *shape[1:]) for shape in shapes]
    shape = anyhow if ours.takes_list else anyhow[0]
    ours.build(shape)
    theirs.build(shape)
    for seed, (weight, value) in enumerate(ours.weights.items()):
        drawn = random(value.shape, dtype, seed)
        value[...] = np.abs(drawn) + 0.5 if "variance" in weight else drawn
    theirs.set_weights(list(ours.weights.values()))
    settle(theirs)
    return ours, theirs


def random(shape: Shape, dtype: str, seed: int, ties: bool = False) -> Array:
    """Random numbers that nobody may write to: so every test checks for changed inputs."""
    values = np.random.default_rng((seed, *shape)).standard_normal(shape)
    values = np.round(values) if ties else values
    array = values.astype(dtype)
    array.flags.writeable = False
    return array


def assert_close(what: str, ours: Array, theirs: Any, terms: int) -> None:
    """Shape, dtype, value: within `terms` roundings of the largest number."""
    expected = np.asarray(theirs)
    assert ours.shape == expected.shape, f"{what}: shape {ours.shape}, Keras has {expected.shape}"
    assert ours.dtype == expected.dtype, f"{what}: {ours.dtype}, Keras has {expected.dtype}"
    assert np.isfinite(expected).all(), what
    unit = np.finfo(expected.dtype).eps if expected.dtype.kind == "f" else 0
    allowed = terms * unit * np.abs(expected).max(initial=0)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=allowed, err_msg=what)


def _described(weights: dict[str, Array]) -> list[tuple[str, Shape, str]]:
    return [(name, w.shape, w.dtype.name) for name, w in weights.items()]
