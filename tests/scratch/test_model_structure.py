"""What a model is made of: names, shapes, configs, replaced layers, Sequential."""

import json

import numpy as np
import pytest

from scratch import Model, Sequential, config, set_random_seed
from scratch.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    Input,
    MaxPooling2D,
    ReLU,
)
from scratch.zoo import NETWORKS
from tests.scratch.small_models import CLASSES, INPUT_SHAPE, branched_net, dropout_net, samples


def row(start=()):
    return [
        *start,
        Conv2D(3, (2, 3), padding="same", name="conv"),
        BatchNormalization(name="norm"),
        MaxPooling2D(2, name="pool"),
        Flatten(name="flatten"),
        Dense(CLASSES, activation="softmax", name="end"),
    ]


def two_inputs():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    shared = Dense(4, name="shared")
    return Model([a, b], [Add(name="add")([shared(b), shared(a)])], name="two")


def test_layers_calls_and_names():
    model = branched_net()
    names = [layer.name for layer in model.layers]
    assert len(names) == len(set(names)) == len(model.calls) - 1  # one layer is used twice
    assert [call.layer for call in model.calls].count(model.get_layer("shared")) == 2
    with pytest.raises(ValueError, match=r"'branched' has no layer 'other'; it has \['shared', "):
        model.get_layer("other")


def test_weights_and_their_number():
    model = Sequential(row([Input(INPUT_SHAPE)]))
    shapes = {name: w.shape for name, w in model.weights.items()}
    assert shapes == {
        "conv/kernel": (2, 3, 2, 3), "conv/bias": (3,),
        "norm/gamma": (3,), "norm/beta": (3,), "norm/moving_mean": (3,),
        "norm/moving_variance": (3,),
        "end/kernel": (27, 4), "end/bias": (4,),
    }  # fmt: skip
    assert model.count_params() == 36 + 3 + 12 + 108 + 4
    assert model.weights["end/bias"] is model.get_layer("end").weights["bias"]


def test_shared_weights_count_once():
    assert two_inputs().count_params() == 3 * 4 + 4


def test_shapes_of_one_and_of_several():
    model = Sequential(row([Input(INPUT_SHAPE)]))
    assert (model.input_shape, model.output_shape) == ((None, 7, 6, 2), (None, 4))
    assert two_inputs().input_shape == [(None, 3), (None, 3)]
    assert len(two_inputs().output_shape) == 1


def test_layers_that_no_output_needs_are_left_out():
    x = Input((3,))
    used, unused = Dense(2, name="used"), Dense(2, name="unused")
    unused(x)
    assert Model(x, used(x)).layers == [used]


def test_two_layers_of_one_name():
    x = Input((3,))
    y = Add()([Dense(2, name="twin")(x), Dense(2, name="twin")(x)])
    with pytest.raises(ValueError, match=r"unique in 'm'; used twice: \['twin'\]"):
        Model(x, y, name="m")
    with pytest.raises(ValueError, match=r"used twice: \['r'\]"):
        Sequential([Input((3,)), ReLU(name="r"), ReLU(name="r")])


@pytest.mark.parametrize(
    "bad", [{}, None, Dense(2), np.zeros((2, 3))], ids=lambda b: type(b).__name__
)
def test_model_is_made_of_symbolic_tensors(bad):
    x = Input((3,))
    message = rf"^Model 'm' is made of symbolic tensors, .* got {type(bad).__name__}; .*"
    with pytest.raises(TypeError, match=message):
        Model(bad, ReLU()(x), name="m")
    with pytest.raises(TypeError, match=message):
        Model(x, [bad], name="m")


def test_a_model_called_on_tensors_becomes_part_of_another():
    """Twice, the second time on other sizes: the layers are shared, the calls are not."""
    x, skip = Input((None, None, 2)), Input((None, None, 3))
    conv = Conv2D(3, 2, padding="same", name="conv")
    inner = Model([x, skip], [Add(name="add")([conv(x), skip]), skip], name="inner")
    image, other = Input((7, 6, 2)), Input((7, 6, 3))
    y, same = inner([image, other])
    outer = Model([image, other], inner([image, y])[0], name="outer")
    assert same is other
    assert [call.layer.name for call in outer.calls] == ["conv", "conv", "add", "add"]
    assert outer.layers[0] is conv
    assert outer.output_shape == (None, 7, 6, 3)
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((2, 7, 6, channels)).astype("float32") for channels in (2, 3))
    first, passed_on = inner.forward([a, b])
    np.testing.assert_array_equal(outer.forward([a, b]), inner.forward([a, first])[0])
    assert passed_on is b


def test_what_a_model_cannot_be_called_on():
    model = dropout_net()
    with pytest.raises(TypeError, match=rf"'{model.name}' .* got ndarray; .* model.forward\(x\)"):
        model(samples(2)[0])
    with pytest.raises(ValueError, match=r"has 1 inputs, got 2"):
        model([Input((7, 6, 2)), Input((7, 6, 2))])
    with pytest.raises(ValueError, match=r"'flat'.* no shapes"):
        Sequential([Flatten()], name="flat")(Input((7, 6, 2)))
    with pytest.raises(
        TypeError, match=r"^Sequential 'outer' takes layers, .* got <Sequential seq"
    ):
        Sequential([Input((7, 6, 2)), model], name="outer")


# Sequential


def test_deferred_build_equals_an_immediate_one():
    set_random_seed(3)
    at_once = Sequential(row([Input(INPUT_SHAPE)]))
    set_random_seed(3)
    deferred = Sequential(row())
    assert not deferred.weights
    x, _ = samples(4)
    for training in (False, True):
        y_once, y_deferred = at_once.forward(x, training), deferred.forward(x, training)
        np.testing.assert_array_equal(y_once, y_deferred)
    dy = np.random.default_rng(0).standard_normal(y_once.shape).astype("float32")
    np.testing.assert_array_equal(at_once.backward(dy), deferred.backward(dy))
    assert list(at_once.gradients) == list(deferred.gradients)
    assert deferred.input_shape == at_once.input_shape == (None, 7, 6, 2)
    first, second = at_once.get_config(), deferred.get_config()
    assert {**first, "name": "", "inputs": []} == {**second, "name": "", "inputs": []}


def test_build_by_shape():
    model = Sequential(row())
    assert model.build((None, *INPUT_SHAPE)) is model
    assert model.output_shape == (None, 4)
    weights = dict(model.weights)
    model.forward(samples(2)[0])
    assert all(model.weights[name] is weight for name, weight in weights.items())


def test_deferred_build_takes_the_layers_dtype():
    with config.using_floatx("float64"):
        model = Sequential(row())
    with pytest.raises(TypeError, match="must be float64, got float32"):
        model.forward(samples(2)[0])
    assert model.forward(samples(2, "float64")[0]).dtype == "float64"


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.input_shape,
        lambda model: model.output_shape,
        lambda model: model.dtype,
        lambda model: model.summary(),
        lambda model: model.get_config(),
    ],
)
def test_what_an_unbuilt_model_cannot_tell(use):
    model = Sequential([Dense(2)], name="later")
    with pytest.raises(ValueError, match=r"'later' has no .* yet; start it with Input\(shape\) or"):
        use(model)
    with pytest.raises(RuntimeError, match="'later': call forward before backward"):
        model.backward(np.zeros((1, 2), "float32"))
    assert model.count_params() == 0
    assert repr(model) == "<Sequential later: 1 layers>"


@pytest.mark.parametrize("x", [[[1.0, 2.0]], Input((2,)), 3.0], ids=lambda x: type(x).__name__)
def test_unbuilt_model_takes_arrays_only(x):
    model = Sequential([Dense(2)], name="later")
    with pytest.raises(TypeError, match=r"'later': the input must be a NumPy array, got "):
        model.forward(x)
    assert not model.weights


def test_row_of_nothing():
    for layers in ([], [Input((3,))]):
        with pytest.raises(ValueError, match="'empty' needs at least one layer"):
            Sequential(layers, name="empty")


@pytest.mark.parametrize("bad", [None, ReLU, "relu", Input((3,))], ids=str)
def test_row_of_other_things(bad):
    with pytest.raises(TypeError, match=r"^Sequential 'row' takes layers, .* got "):
        Sequential([Input((3,)), ReLU(), bad], name="row")


def test_geometry_error_when_the_row_is_written():
    message = (
        r"^Conv2D 'large' on input \(None, 3, 5, 2\): .* input 3x5, kernel 4x4, strides \(1, 1\)"
    )
    with pytest.raises(ValueError, match=message):
        Sequential([Input((7, 11, 2)), MaxPooling2D(2), Conv2D(1, 4, name="large")])


def test_layer_used_twice_in_a_row():
    relu = ReLU(name="relu")
    model = Sequential([Input((3,)), relu, Dense(3, name="dense"), relu])
    assert [layer.name for layer in model.layers] == ["relu", "dense"]
    assert [call.layer.name for call in model.calls] == ["relu", "dense", "relu"]


# Configs


@pytest.mark.parametrize("build", [branched_net, dropout_net, two_inputs, *NETWORKS.values()])
def test_config_comes_back_through_json(build):
    model = build()
    again = Model.from_config(json.loads(json.dumps(model.get_config())))
    assert type(again) is type(model)
    assert again.get_config() == model.get_config()
    assert (again.name, again.dtype) == (model.name, model.dtype)
    assert (again.input_shape, again.output_shape) == (model.input_shape, model.output_shape)
    described = [(call.layer.name, [t.name for t in call.inputs]) for call in model.calls]
    assert [(c.layer.name, [t.name for t in c.inputs]) for c in again.calls] == described
    assert {k: w.shape for k, w in again.weights.items()} == {
        k: w.shape for k, w in model.weights.items()
    }
    for name, weight in model.weights.items():
        assert again.weights[name] is not weight


def test_model_of_a_config_computes_the_same():
    model, x = branched_net(), samples(3)[0]
    again = Model.from_config(model.get_config())
    for name, weight in again.weights.items():
        weight[...] = model.weights[name]
    np.testing.assert_array_equal(again.forward(x), model.forward(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_config_keeps_the_dtype(dtype):
    again = Model.from_config(branched_net(dtype).get_config())
    assert {w.dtype.name for w in again.weights.values()} == {dtype}


def test_config_of_an_unknown_layer():
    described = dropout_net().get_config()
    described["layers"][0]["class_name"] = "LSTM"
    with pytest.raises(ValueError, match="LSTM"):
        Model.from_config(described)


# Replaced layers


def test_replaced_layer_leaves_the_others_shared():
    x, y = Input((5, 4, 2)), None
    conv, old = Conv2D(2, 2, padding="same", name="conv"), ReLU(name="old")
    y = conv(x)
    y = Add(name="add")([old(y), y, old(conv(y))])
    model = Model([x], [y], name="m")
    new = Conv2D(2, 1, name="new")
    other = model.with_layer_replaced(old, new)

    assert [la.name for la in other.layers] == ["conv", "new", "add"]
    assert other.get_layer("conv") is conv
    assert [call.layer.name for call in other.calls].count("new") == 2
    assert (other.name, other.input_shape, other.output_shape) == (
        model.name, model.input_shape, model.output_shape,
    )  # fmt: skip
    assert [la.name for la in model.layers] == ["conv", "old", "add"]

    array = np.random.default_rng(0).standard_normal((2, 5, 4, 2)).astype("float32")
    mid = conv.forward(array)
    expected = new.forward(mid) + mid + new.forward(conv.forward(mid))
    np.testing.assert_allclose(other.forward([array])[0], expected, rtol=1e-5, atol=1e-6)


def test_each_model_remembers_its_own_forward():
    """Two models of the same layers do not mix up what backward needs."""
    x = Input((3,))
    dense, relu = Dense(4, name="dense"), ReLU(name="relu")
    model = Model(x, relu(dense(x)))
    other = model.with_layer_replaced(relu, ReLU(name="second"))
    rng = np.random.default_rng(0)
    a, b, dy = (rng.standard_normal(s).astype("float32") for s in ((5, 3), (2, 3), (5, 4)))
    model.forward(a)
    expected = model.backward(dy)
    model.forward(a)
    other.forward(b)
    np.testing.assert_array_equal(model.backward(dy), expected)


def test_only_a_models_own_layer_can_be_replaced():
    model = dropout_net()
    with pytest.raises(ValueError, match=f"'{model.name}' has no layer <ReLU stranger> to replace"):
        model.with_layer_replaced(ReLU(name="stranger"), ReLU())


def test_join_refuses_unequal_branches_when_the_graph_is_written():
    x = Input((8, 6, 2))
    with pytest.raises(ValueError, match=r"\[\(None, 7, 5, 3\), \(None, 8, 6, 3\)\]"):
        Concatenate(name="join")([Conv2D(3, 2)(x), Conv2D(3, 2, padding="same")(x)])
