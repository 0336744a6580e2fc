import numpy as np
import pytest

from scratch.layers import BatchNormalization
from tests.scratch.layers.harness import assert_close, check_call, check_layer, random, twins

OPTIONS = {
    "default": {},
    "no center": {"center": False},
    "no scale": {"scale": False},
    "neither": {"center": False, "scale": False},
    "own numbers": {"momentum": 0.6, "epsilon": 0.02},
    "second axis": {"axis": 1},
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", [(3, 5, 4, 2), (7, 3), (4, 5, 2)], ids=str)
def test_as_keras(shape, options, training):
    check_layer("BatchNormalization", shape, training=training, **OPTIONS[options])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_moving_statistics_over_steps(dtype):
    shape = (3, 5, 4, 2)
    ours, theirs = twins("BatchNormalization", shape, dtype=dtype, momentum=0.7)
    start = ours.weights["moving_mean"].copy()
    for step in range(3):
        check_call(ours, theirs, [random(shape, dtype, seed=20 + step)], training=True)
        assert not np.array_equal(ours.weights["moving_mean"], start)
    check_call(ours, theirs, [random(shape, dtype, seed=30)], training=False)


def test_an_axis_in_the_middle_counted_from_the_end():
    check_layer("BatchNormalization", (4, 5, 2, 3), training=True, axis=-2, scale=False)


@pytest.mark.parametrize("option", ["beta", "gamma", "moving_mean", "moving_variance"])
def test_initializers(option):
    given = {f"{option}_initializer": {"class_name": "Constant", "config": {"value": 3.0}}}
    layer = BatchNormalization(**given)
    layer.build((None, 4, 5))
    assert layer.weights[option].tolist() == [3.0] * 5
    assert sum((weight == 3).any() for weight in layer.weights.values()) == 1


def test_one_image_in_training():
    check_layer("BatchNormalization", (1, 5, 4, 3), training=True)


def test_inference_leaves_the_moving_statistics_alone():
    ours, _ = twins("BatchNormalization", (4, 3), dtype="float64")
    before = {name: w.copy() for name, w in ours.weights.items()}
    ours.forward(random((4, 3), "float64", 0), training=False)
    for name, value in before.items():
        np.testing.assert_array_equal(ours.weights[name], value)


def test_backward_belongs_to_its_forward_though_the_statistics_move_on():
    """Inference keeps the statistics it used; updating the layer's own later changes nothing."""
    x, dy = random((4, 3), "float64", 0), random((4, 3), "float64", 1)
    ours, _ = twins("BatchNormalization", (4, 3), dtype="float64")
    ours.forward(x)
    expected, cache = ours.backward(dy), ours.cache
    ours.forward(x, training=True)
    ours.cache = cache
    assert_close("grad_input", ours.backward(dy), expected, terms=1)
