"""The walk over a Keras model's calls."""

import keras
import pytest
from keras import layers

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
    assert [layer.name for layer in graph.layers] == [
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
    assert add.takes_list
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
        (lambda x: keras.Sequential([layers.Dense(2)], name="inner")(x), r"'inner'.*nested"),
        (lambda x: x + 1.0, r"Add\).*operation, not a layer"),
        (
            lambda x: layers.BatchNormalization(name="bn")(x, training=True),
            r"'bn'.*training=True",
        ),
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
    image = keras.Input((3,))
    with pytest.raises(TypeError, match="dict"):
        trace(keras.Model({"image": image}, layers.Dense(2)(image)))
