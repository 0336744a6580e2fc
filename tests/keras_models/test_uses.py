"""The walk through nested models: which uses, and the shapes they work on."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keras_models.uses import TensorSpec, layer_uses
from tests.keras_models.samples import branched, build, bytes_of, every_layer, shared


def block(name: str = "block") -> keras.Model:
    """A nested model that takes any size."""
    x = keras.Input((None, None, 4), name="features")
    y = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    return keras.Model(x, layers.Add(name="add")([x, y]), name=name)


def nested() -> keras.Model:
    """A block used twice at two sizes, inside a Sequential inside a model."""
    image = keras.Input((9, 7, 3), name="image")
    stem = layers.Conv2D(4, 2, name="stem")
    inner = block()
    twice = keras.Sequential(
        [keras.Input((8, 6, 4)), inner, layers.MaxPooling2D(2, name="pool"), inner], name="twice"
    )
    return keras.Model(image, twice(stem(image)), name="nested")


def test_nested_models_are_replaced_by_their_layers_as_often_as_they_are_used():
    uses = [(use.path, use.outputs[0].shape) for use in layer_uses(nested(), batch=2)]
    assert uses == [
        ("image", (2, 9, 7, 3)),
        ("stem", (2, 8, 6, 4)),
        ("twice/block/conv", (2, 8, 6, 4)),
        ("twice/block/add", (2, 8, 6, 4)),
        ("twice/pool", (2, 4, 3, 4)),
        ("twice/block/conv", (2, 4, 3, 4)),
        ("twice/block/add", (2, 4, 3, 4)),
    ]


@pytest.mark.parametrize("function", [every_layer, branched, shared])
def test_shapes_and_dtypes_are_those_of_the_tensors(function):
    model = build(function)
    uses = layer_uses(model, batch=3)
    inputs = uses[: len(model.inputs)]
    assert [use.layer for use in inputs] == [None] * len(model.inputs)
    arrays = [np.zeros(use.outputs[0].shape) for use in inputs]
    first = {use.path: use for use in reversed(uses)}
    for layer in (la for la in model.layers if not isinstance(la, layers.InputLayer)):
        if len(layer._inbound_nodes) == 1:
            y = keras.Model(model.inputs, layer.output)(arrays)
            assert first[layer.name].outputs == (TensorSpec(tuple(y.shape), "float64"),)


def test_another_input_size_reaches_every_layer_of_an_open_model():
    inner = block()
    x = np.zeros((2, 5, 9, 4), "float32")
    uses = layer_uses(inner, input_shape=(5, 9, 4), batch=2)
    assert uses[-1].outputs[0].shape == inner(x).shape
    assert [spec.shape for spec in uses[-1].inputs] == [(2, 5, 9, 4)] * 2


def test_the_declared_size_may_be_replaced():
    assert layer_uses(nested(), input_shape=(20, 10, 3))[-1].outputs[0].shape == (1, 9, 4, 4)


def test_several_inputs_and_outputs_and_operations():
    a, b = keras.Input((4, 3), name="a"), keras.Input((4, 3), name="b")
    left, right = ops.split(ops.concatenate([a, b], axis=-1), 2, axis=-1)
    products = ops.einsum("bij,bkj->bik", left, right)
    model = keras.Model({"a": a, "b": b}, {"left": left * 2.0, "products": products})
    uses = layer_uses(model, batch=5)
    assert [use.path for use in uses[:2]] == ["a", "b"]
    split = next(use for use in uses if type(use.layer).__name__ == "Split")
    assert [spec.shape for spec in split.outputs] == [(5, 4, 3), (5, 4, 3)]
    assert uses[-1].outputs[0].shape == (5, 4, 4)


def test_a_nested_model_may_be_called_on_names():
    z, a = keras.Input((4,), name="z"), keras.Input((6,), name="a")
    pair = keras.Model([z, a], layers.Concatenate(name="join")([z, a]), name="pair")
    p, q = keras.Input((6,), name="p"), keras.Input((4,), name="q")
    outer = keras.Model([p, q], pair({"a": p, "z": q}))
    assert [spec.shape for spec in layer_uses(outer)[-1].inputs] == [(1, 4), (1, 6)]


def test_the_model_is_left_as_it_was():
    model = nested()
    before, nodes = bytes_of(model), [len(la._inbound_nodes) for la in model.layers]
    layer_uses(model, input_shape=(30, 20, 3), batch=4)
    assert bytes_of(model) == before
    assert [len(la._inbound_nodes) for la in model.layers] == nodes


class Positive(keras.Layer):
    """As many rows as there are positive numbers."""

    def call(self, x):
        return tf.boolean_mask(x, x[:, 0] > 0)


class OwnCall(keras.Model):
    def call(self, x):
        return x


def test_what_cannot_be_walked_is_told_in_a_sentence():
    image = keras.Input((8, 8, 3), name="image")
    flat = layers.Dense(2, name="end")(layers.Flatten()(image))
    inner = keras.Model(image, flat, name="inner")
    outer_image = keras.Input((8, 8, 3))
    outer = keras.Model(outer_image, inner(outer_image))
    with pytest.raises(ValueError, match=r"'inner/end' .*\(1, 243\).*value 192"):
        layer_uses(outer, input_shape=(9, 9, 3))
    with pytest.raises(ValueError, match=r"'conv' cannot take .*\(1, 5, 9, 3\)"):
        layer_uses(block(), input_shape=(5, 9, 3))
    with pytest.raises(ValueError, match=r"'features' .*\(None, None, 4\).* open"):
        layer_uses(block())
    with pytest.raises(ValueError, match=r"give 3 sizes"):
        layer_uses(block(), input_shape=(5, 9))
    with pytest.raises(ValueError, match=r"2 inputs"):
        layer_uses(build(shared), input_shape=(5, 4, 2))
    values = keras.Input((3,))
    with pytest.raises(ValueError, match=r"'some' .*depends on the values"):
        layer_uses(keras.Model(values, Positive(name="some")(values)))
    fixed = keras.Input((3,), batch_size=4, name="four")
    with pytest.raises(ValueError, match=r"'four' is fixed to batches of 4, not 1"):
        layer_uses(keras.Model(fixed, layers.Dense(2)(fixed)))
    with pytest.raises(ValueError, match="not built"):
        layer_uses(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(TypeError, match=r"'own'.*own call method"):
        layer_uses(keras.Model(image, OwnCall(name="own")(image)))
