"""Which calls go side by side, and that no number depends on it."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from scratch import Model, waiting
from scratch.layers import Add, Concatenate, Conv2D, Input, MaxPooling2D, ReLU
from scratch.waiting import backward_waiting, forward_waiting
from scratch.zoo import inception_3a
from tests.scratch.test_shortcuts import GRAPHS, as_list, batch, varied


@pytest.fixture(autouse=True)
def however_small(monkeypatch):
    monkeypatch.setattr(waiting, "_SMALL", 0)


def inputs(model):
    return {t: np.zeros((1, *t.shape[1:]), t.dtype) for t in model.inputs}


def branches(layer=ReLU):
    x = Input((6, 5, 2))
    y = [layer()(Conv2D(3, 1)(x)), ReLU()(Conv2D(3, 3, padding="same")(x))]
    return Model(x, Add()(y))


ONE_BY_ONE = [set(), {0}, {1}, {2}, {3}]


def test_a_call_waits_for_what_it_takes_and_to_be_the_last_to_take_it():
    model = branches()
    assert forward_waiting(model.calls, inputs(model)) == [set(), {0}, {0}, {2}, {1, 3}]
    assert backward_waiting(model.calls, inputs(model)) == [set(), {0}, {1}, {0}, {3}]


def test_a_layer_computes_one_call_at_a_time():
    x = Input((6, 5, 3))
    shared = Conv2D(3, 1)
    model = Model(x, Concatenate()([shared(x), shared(MaxPooling2D(1)(x))]))
    forward, backward = (
        find(model.calls, inputs(model)) for find in (forward_waiting, backward_waiting)
    )
    uses = [number for number, call in enumerate(model.calls) if call.layer is shared]
    assert uses[0] in forward[uses[1]]
    last = len(model.calls) - 1
    assert last - uses[1] in backward[last - uses[0]]


def test_small_images_go_one_by_one(monkeypatch):
    monkeypatch.setattr(waiting, "_SMALL", 6 * 5 * 2 + 1)
    model = branches()
    assert forward_waiting(model.calls, inputs(model)) == ONE_BY_ONE


def test_a_layer_of_the_users_own_is_never_beside_another():
    class Own(ReLU):
        pass

    model = branches(Own)
    assert forward_waiting(model.calls, inputs(model)) == ONE_BY_ONE
    assert backward_waiting(model.calls, inputs(model)) == ONE_BY_ONE


def test_nor_is_one_whose_forward_is_watched():
    model = branches()
    watched = model.layers[1]
    watched.forward = watched.forward
    assert forward_waiting(model.calls, inputs(model)) == ONE_BY_ONE


def results(model, x):
    outputs = model.forward(x, training=True)
    dy = [np.cos(np.arange(y.size)).astype(y.dtype).reshape(y.shape) for y in as_list(outputs)]
    dx = model.backward(dy if isinstance(outputs, list) else dy[0])
    found = [*as_list(outputs), dx, *model.gradients.values()]
    return [*found, *as_list(model.predict_on_batch(x)), *as_list(model.forward(x))]


@pytest.mark.parametrize("name", [*GRAPHS, "inception"])
def test_no_bit_depends_on_what_goes_side_by_side(name):
    def found(threads):
        model = varied(inception_3a() if name == "inception" else GRAPHS[name]())
        with threadpool_limits(threads, user_api="blas"):
            return results(model, batch(model))

    expected = found(1)
    for _ in range(3):
        for ours, theirs in zip(found(2), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
