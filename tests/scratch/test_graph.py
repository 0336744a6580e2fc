"""How a model is written down: symbolic tensors, calls, and their order."""

import keras
import pytest

from keras_models.graph import trace
from scratch import Model, config
from scratch import layers as scratch_layers
from scratch.graph import calls_between
from scratch.layers import Add, Concatenate, Conv2D, Dense, Input, ReLU

DIAMOND = ["stem", "left", "right", "join", "end"]


def test_input_describes_itself():
    x = Input((5, None, 3), batch_size=2, dtype="float64", name="picture")
    assert (x.shape, x.dtype, x.name, x.call) == ((2, 5, None, 3), "float64", "picture", None)


def test_input_by_default():
    with config.using_floatx("float64"):
        first, second = Input((3,)), Input([4, 5])
    assert (first.shape, second.shape) == ((None, 3), (None, 4, 5))
    assert first.dtype == second.dtype == "float64"
    assert first.name.startswith("input")
    assert first.name != second.name


def test_call_joins_layer_inputs_and_output():
    x = Input((5, 4, 2))
    conv, add = Conv2D(2, 1), Add()
    y = conv(x)
    z = add([x, y])
    assert (y.call.layer, y.call.inputs, y.call.output, y.call.merges) == (conv, (x,), y, False)
    assert (z.call.layer, z.call.inputs, z.call.output, z.call.merges) == (add, (x, y), z, True)
    assert (z.shape, z.dtype, z.name) == ((None, 5, 4, 2), "float32", add.name)


def test_call_hands_on_values_as_its_layer_takes_them():
    x = Input((3,))
    y = ReLU()(x)
    z = Add()([y, x])
    assert y.call.arguments({x: "x", y: "y"}) == "x"
    assert z.call.arguments({x: "x", y: "y"}) == ["y", "x"]


def test_weights_are_made_once():
    dense = Dense(3)
    dense(Input((3,)))
    kernel = dense.weights["kernel"]
    dense(Input((3,)))
    assert dense.weights["kernel"] is kernel


def diamond(first: str, second: str) -> list[str]:
    """stem -> (left, right) -> join -> end, with the branches written down in a given order."""
    x = Input((4,))
    stem = Dense(3, name="stem")(x)
    branches = {name: Dense(2, name=name)(stem) for name in (first, second)}
    Dense(5, name="unused")(stem)
    y = Concatenate(name="join")([branches["left"], branches["right"]])
    return [call.layer.name for call in Model(x, Dense(1, name="end")(y)).calls]


def test_order_follows_from_the_connections_alone():
    assert diamond("left", "right") == diamond("right", "left") == DIAMOND


def test_order_is_depth_first_inputs_left_to_right():
    x = Input((4,))
    deep = ReLU(name="deep2")(ReLU(name="deep1")(x))
    flat = ReLU(name="flat")(x)
    ahead, behind = Add(name="ahead")([deep, flat]), Add(name="behind")([flat, deep])
    assert names([x], [ahead]) == ["deep1", "deep2", "flat", "ahead"]
    assert names([x], [behind]) == ["flat", "deep1", "deep2", "behind"]
    assert names([x], [flat, ahead]) == ["flat", "deep1", "deep2", "ahead"]


def test_inputs_stop_the_walk():
    x = Input((4,))
    middle = ReLU(name="before")(x)
    y = ReLU(name="after")(middle)
    assert names([middle], [y]) == ["after"]
    assert names([y], [y]) == []


def test_long_rows_do_not_exhaust_the_stack():
    x = y = Input((2,))
    relu = ReLU()
    for _ in range(3000):
        y = relu(y)
    assert len(calls_between([x], [y])) == 3000
    assert len(repr(y)) < 200


def test_ladder_is_walked_in_linear_time():
    """Each tensor is used twice: 2^60 paths, 60 calls."""
    x = y = Input((2,))
    for _ in range(60):
        y = Add()([y, y])
    assert len(calls_between([x], [y])) == 60


def tangled(library, inputs):
    """Branches of branches, a layer used twice, written down from the end to the beginning."""
    shared = library.Dense(4, name="shared")
    late = library.ReLU(name="late")(inputs)
    early = shared(inputs)
    both = library.Add(name="both")([shared(late), early])
    return library.Concatenate(name="join")([late, both, early])


def test_order_is_the_one_keras_models_are_walked_in():
    x_keras, x = keras.Input((4,)), Input((4,))
    theirs = keras.Model(x_keras, tangled(keras.layers, x_keras))
    ours = Model(x, tangled(scratch_layers, x))
    expected = [call.layer.name for call in trace(theirs).calls]
    assert [call.layer.name for call in ours.calls] == expected
    assert expected.count("shared") == 2


def names(inputs, outputs):
    return [call.layer.name for call in calls_between(inputs, outputs)]


def test_output_of_an_input_that_is_not_listed():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    y = Add()([a, b])
    with pytest.raises(
        ValueError, match=r"depends on input 'b' of shape \(None, 3\), .* not among"
    ):
        Model(a, y)
