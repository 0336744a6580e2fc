"""The walk over a Keras model's calls."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_models.convert import to_scratch
from keras_models.errors import UnsupportedLayerError
from keras_models.graph import trace
from tests.keras_models.samples import branched, build, shared


def test_a_row_of_layers():
    model = keras.Sequential([keras.Input((4, 3)), layers.Flatten(), layers.Dense(2)])
    graph = trace(model)
    assert [call.layer for call in graph.calls] == model.layers
    assert [(call.inputs, call.output) for call in graph.calls] == [((0,), 1), ((1,), 2)]
    assert graph.outputs == (2,)
    assert not graph.takes_list
    assert not graph.returns_list


def test_shared_layers_are_counted_by_use():
    graph = trace(build(shared))
    uses = [(call.layer.name, call.index) for call in graph.calls]
    assert uses == [
        ("conv", 0), ("conv", 1), ("join", 0), ("mix", 0), ("flatten", 0), ("widen", 0),
        ("dense", 0), ("dense", 1), ("end", 0),
    ]  # fmt: skip
    # The first use by the connections is that of b: join lists it first.
    assert [call.inputs for call in graph.calls[:3]] == [(1,), (0,), (2, 3)]
    assert [call.name for call in graph.first_calls] == [
        "conv", "join", "mix", "flatten", "widen", "dense", "end",
    ]  # fmt: skip
    assert graph.takes_list


def test_every_call_comes_after_what_it_needs():
    graph = trace(build(branched))
    known = set(range(len(graph.inputs)))
    for call in graph.calls:
        assert set(call.inputs) <= known
        known.add(call.output)
    add = next(call for call in graph.calls if call.layer.name == "add")
    assert add.inputs[1] == add.inputs[2] != add.inputs[0]


def test_layers_that_the_output_does_not_need_are_left_out():
    image = keras.Input((4,))
    layer = layers.Dense(3, name="used")
    elsewhere = layers.Dense(3)(layer(image))
    graph = trace(keras.Model(image, layer(image)))
    assert [(call.layer.name, call.index) for call in graph.calls] == [("used", 0)]
    assert elsewhere.shape == (None, 3)


class TwoOutputs(keras.Layer):
    def call(self, x):
        return x, x


class OwnCall(keras.Model):
    def call(self, x):
        return x


def functional(output, shape=(4, 4, 3)):
    image = keras.Input(shape)
    return keras.Model(image, output(image))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda x: TwoOutputs(name="two")(x)[0], r"'two'.*2 outputs"),
        (lambda x: layers.Attention(name="att")([x, x], return_attention_scores=False), "'att'"),
    ],
)
def test_unsupported_nodes_are_named(output, message):
    with pytest.raises(UnsupportedLayerError, match=message):
        trace(functional(output))


def test_models_without_a_graph():
    with pytest.raises(ValueError, match=r"not built.*keras.Input"):
        trace(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(TypeError, match=r"OwnCall.*own call method"):
        trace(OwnCall())
    with pytest.raises(TypeError, match="Expected a Keras model, got Dense"):
        trace(layers.Dense(2))
    image = keras.Input((4, 4, 3))
    with pytest.raises(TypeError, match=r"'own' .*own call method"):
        trace(keras.Model(image, OwnCall(name="own")(image)))


def stem_and_tail() -> keras.Model:
    """A Functional model inside a Sequential inside a model, the innermost used twice."""
    x = keras.Input((6, 6, 4), name="features")
    y = layers.Conv2D(4, 3, padding="same", name="conv")(x)
    block = keras.Model(x, layers.Add(name="add")([x, y]), name="block")
    twice = keras.Sequential([keras.Input((6, 6, 4)), block, layers.ReLU(name="relu"), block])
    twice.name = "twice"
    image = keras.Input((7, 7, 3), name="image")
    x = twice(layers.Conv2D(4, 2, name="conv")(image))
    return keras.Model(image, layers.Flatten(name="flatten")(x))


def test_nested_models_give_the_calls_of_their_layers():
    graph = trace(stem_and_tail())
    assert [(call.name, call.index, call.inputs, call.output) for call in graph.calls] == [
        ("conv", 0, (0,), 1),
        ("twice/block/conv", 0, (1,), 2),
        ("twice/block/add", 0, (1, 2), 3),
        ("twice/relu", 0, (3,), 4),
        ("twice/block/conv", 1, (4,), 5),
        ("twice/block/add", 1, (4, 5), 6),
        ("flatten", 0, (6,), 7),
    ]
    assert graph.outputs == (7,)


def two_ends(order: int) -> keras.Model:
    """A nested model with three outputs: two calls of one layer, and one that is not used."""
    x = keras.Input((6, 5, 2), name="features")
    conv = layers.Conv2D(2, 2, padding="same", name="conv")
    ends = [conv(x), conv(conv(x)), layers.Dense(3, name="vain")(x)]
    fork = keras.Model(x, ends, name="fork")
    image = keras.Input((6, 5, 2), name="image")
    first, second, _ = fork(layers.ReLU(name="relu")(image))
    return keras.Model(image, [first, second][::order])


def test_calls_come_in_the_order_of_the_models_outputs_not_of_a_nested_models():
    for order, inputs in ((1, [0, 1, 1, 3]), (-1, [0, 1, 2, 1])):
        graph = trace(two_ends(order))
        assert [call.inputs for call in graph.calls] == [(number,) for number in inputs]
        uses = [(call.name, call.index) for call in graph.calls]
        assert uses == [("relu", 0), ("fork/conv", 0), ("fork/conv", 1), ("fork/conv", 2)]


@pytest.mark.parametrize("order", [1, -1])
def test_what_a_nested_model_computes_in_vain_is_not_converted(order):
    model = two_ends(order)
    twin = to_scratch(model)
    assert [layer.name for layer in twin.layers] == ["relu", "fork/conv"]
    x = np.random.default_rng(0).standard_normal((2, 6, 5, 2)).astype("float32")
    for mine, theirs in zip(twin.forward(x), model(x), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_a_layer_in_two_models_has_the_name_of_its_first_use():
    dense = layers.Dense(3, name="dense")
    first, second = (keras.Sequential([keras.Input((3,)), dense], name=n) for n in "ab")
    image = keras.Input((3,))
    graph = trace(keras.Model(image, dense(second(first(image)))))
    assert [(call.name, call.index) for call in graph.calls] == [
        ("a/dense", 0), ("a/dense", 1), ("a/dense", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("recorded", [None, False, True])
@pytest.mark.parametrize("training", [False, True])
def test_the_flag_of_the_models_call_replaces_that_of_the_graph(recorded, training):
    """As Keras does it: whole models say what a call has to compute."""
    image = keras.Input((4,))
    norm = keras.Sequential([keras.Input((4,)), layers.BatchNormalization()])
    model = keras.Model(image, norm(image, training=recorded))
    x = np.arange(12, dtype="float32").reshape(3, 4)
    (call,) = trace(model).calls
    state = [variable.numpy() for variable in model.variables]
    want = model(x, training=training).numpy()
    for variable, value in zip(model.variables, state, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(call.run([tf.constant(x)], training).numpy(), want)
    assert (np.abs(want.mean(axis=0)) < 1e-3).all() == training


def test_structures_are_taken_in_the_order_of_the_models_inputs_and_outputs():
    z, a, m = (keras.Input((size,), name=name) for size, name in ((2, "z"), (3, "a"), (4, "m")))
    joined = layers.Concatenate(name="join")([z, a, m])
    model = keras.Model({"z": z, "a": a, "rest": [m]}, {"out": joined, "in": [z, joined]})
    graph = trace(model)
    assert [t.name for t in graph.inputs] == [t.name for t in model.inputs]
    assert graph.takes_list
    assert graph.returns_list
    numbers = {t.name: number for number, t in enumerate(graph.inputs)}
    assert graph.calls[0].inputs == (numbers["z"], numbers["a"], numbers["m"])
    # Keras sorts a dict by its keys: "in" before "out".
    assert graph.outputs == (numbers["z"], 3, 3)
