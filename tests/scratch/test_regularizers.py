"""Penalties against Keras' own, as numbers, as gradients, and as part of training."""

import inspect
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_models import config as keras_config
from keras_models import to_keras
from scratch import Sequential, config, regularizers
from scratch.layers import LAYERS, BatchNormalization, Conv2D, Dense, Flatten, Input
from scratch.models import Model
from scratch.optimizers import SGD
from scratch.regularizers import L1, L1L2, L2
from tests.scratch.small_models import CLASSES, INPUT_SHAPE, samples

REGULARIZERS = [L1(0.03), L2(0.02), L1L2(0.01, 0.02), L1L2(0.1), L1L2(), L2(0)]


def keras_own(regularizer):
    return getattr(keras.regularizers, type(regularizer).__name__)(**regularizer.get_config())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("regularizer", REGULARIZERS, ids=str)
def test_penalty_and_gradient_are_keras_own(regularizer, dtype):
    """Down to the factor that goes through float32: it is 1e-8 of a float64 penalty."""
    weight = np.random.default_rng(0).normal(size=(3, 2, 4, 5)).astype(dtype)
    weight[0, 0, 0, 0] = 0
    variable = tf.Variable(weight)
    with tf.GradientTape() as tape:
        penalty = keras_own(regularizer)(variable)
    gradient = tape.gradient(penalty, variable, unconnected_gradients="zero").numpy()
    assert regularizer(weight) == pytest.approx(float(penalty), rel=20 * float(np.finfo(dtype).eps))
    ours = regularizer.gradient(weight)
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, gradient, rtol=2 * np.finfo(dtype).eps)


def test_penalty_by_hand():
    weight = np.array([[3.0, -4.0], [0.0, 1.0]])
    assert L1(0.5)(weight) == 4
    assert L2(0.5)(weight) == 13
    assert L1L2(l1=0.5, l2=0.5)(weight) == 17
    np.testing.assert_array_equal(L1L2(0.5, 0.25).gradient(weight), [[2, -2.5], [0, 1]])


@pytest.mark.parametrize("name", ["l1", "l2", "l1l2", "L1", "L2", "L1L2"])
def test_names_stand_for_what_they_stand_for_in_keras(name):
    theirs, ours = keras.regularizers.get(name), regularizers.get(name)
    assert ours.get_config() == pytest.approx(theirs.get_config())
    assert type(regularizers.get(keras.regularizers.serialize(theirs))) is type(ours)
    assert regularizers.get(json.loads(json.dumps(regularizers.serialize(ours)))) == ours
    assert regularizers.get(ours) is ours


def test_what_is_none_is_said():
    assert regularizers.get(None) is None
    with pytest.raises(ValueError, match=r"Unknown regularizer 'orthogonal'; known ones are l1,"):
        regularizers.get("orthogonal")
    with pytest.raises(ValueError, match="Unknown regularizer 3;"):
        regularizers.get(3)
    with pytest.raises(ValueError, match="'L2' has no option factor"):
        regularizers.get({"class_name": "L2", "config": {"factor": 1}})
    for factor in (-0.1, float("nan"), float("inf"), "0.1", None):
        with pytest.raises(ValueError, match="L2 takes a finite l2 of at least 0, got"):
            L2(factor)


def test_every_initializer_has_its_regularizer():
    """The option exists where Keras has it, for every layer class."""
    for name, layer_class in LAYERS.items():
        if not hasattr(keras.layers, name):
            continue
        ours, theirs = (options_of(c) for c in (layer_class, getattr(keras.layers, name)))
        weights = {o.removesuffix("_initializer") for o in ours if o.endswith("_initializer")}
        wanted = {f"{w}_regularizer" for w in weights} & theirs
        assert {o for o in ours if o.endswith("_regularizer")} == wanted, name


def options_of(layer_class) -> set[str]:
    return set(inspect.signature(layer_class.__init__).parameters)


def test_configs_come_back():
    layer = Dense(3, kernel_regularizer="l2", bias_regularizer=L1L2(0.1, 0.2))
    assert layer.regularizers == {"kernel": L2(0.01), "bias": L1L2(0.1, 0.2)}
    described = json.loads(json.dumps(layer.get_config()))
    assert Dense(**described).regularizers == layer.regularizers
    assert Dense(3).regularizers == Dense(3, kernel_regularizer=None).regularizers == {}
    assert not any(option.endswith("_regularizer") for option in Dense(3).get_config())


def test_layers_without_such_a_weight_say_so():
    with pytest.raises(TypeError, match="Dense has no option gamma_regularizer; it has units, "):
        Dense(3, gamma_regularizer="l2")
    with pytest.raises(TypeError, match="Flatten has no option kernel_regularizer"):
        Flatten(kernel_regularizer="l2")


def network() -> Sequential:
    """Every kind of penalty; one on a bias that is not there, one on a frozen layer."""
    config.set_random_seed(3)
    return Sequential(
        [
            Input(INPUT_SHAPE, dtype="float64"),
            Conv2D(3, (3, 2), use_bias=False, kernel_regularizer=L1L2(0.02, 0.03),
                   bias_regularizer="l2"),
            BatchNormalization(),
            Conv2D(2, 2, kernel_regularizer="l1", trainable=False),
            Flatten(),
            Dense(CLASSES, activation="softmax", kernel_regularizer=L2(0.05),
                  bias_regularizer=L1(0.04)),
        ]
    )  # fmt: skip


@pytest.fixture
def twins():
    with config.using_floatx("float64"), keras_config.using_floatx("float64"):
        ours = network()
        theirs = to_keras(ours)
        loss = "sparse_categorical_crossentropy"
        ours.compile(SGD(0.1), loss, metrics=["accuracy"])
        theirs.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
        yield ours, theirs


def test_training_and_evaluation_are_keras_own(twins):
    ours, theirs = twins
    for seed in range(4):
        x, y = samples(7, "float64", seed)
        theirs.reset_metrics()
        assert ours.train_on_batch(x, y) == pytest.approx(theirs.train_on_batch(x, y), rel=1e-6)
        for weight, variable in zip(ours.weights.items(), theirs.weights, strict=True):
            np.testing.assert_allclose(
                weight[1], variable.numpy(), rtol=1e-11, atol=1e-13, err_msg=weight[0]
            )
    assert ours.evaluate(x, y, 3) == pytest.approx(theirs.evaluate(x, y, 3, verbose=0), rel=1e-6)
    assert ours.test_on_batch(x, y)[0] == pytest.approx(theirs.test_on_batch(x, y)[0], rel=1e-6)


def test_penalties_count_in_loss_and_step_but_not_in_backward(twins):
    ours, _ = twins
    x, y = samples(5, "float64")
    ours.optimizer.learning_rate = 0.0
    bare = Model.from_config(ours.get_config())
    for layer in bare.layers:
        layer.regularizers.clear()
    for ours_w, bare_w in zip(ours.weights.values(), bare.weights.values(), strict=True):
        bare_w[...] = ours_w
    bare.compile(SGD(0.0), ours.loss)
    difference = ours.test_on_batch(x, y)[0] - bare.test_on_batch(x, y)
    kernels = [w for name, w in ours.weights.items() if name.endswith("kernel")]
    expected = (
        0.02 * np.abs(kernels[0]).sum()
        + 0.03 * (kernels[0] ** 2).sum()
        + 0.05 * (kernels[2] ** 2).sum()
    )  # the biases are zero, and the second kernel is frozen
    assert difference == pytest.approx(expected, rel=1e-6)
    ours.train_on_batch(x, y)
    bare.train_on_batch(x, y)
    name = f"{ours.layers[-1].name}/kernel"
    np.testing.assert_allclose(
        ours.gradients[name], bare.gradients[name] + 0.1 * kernels[2], rtol=1e-6
    )
    assert ours.gradients[name] is ours.layers[-1].gradients["kernel"]
    ours.forward(x, training=True)
    bare.forward(x, training=True)
    for model in (ours, bare):
        model.backward(np.ones((5, CLASSES)))
    assert all((ours.gradients[key] == bare.gradients[key]).all() for key in ours.gradients)


def test_a_shared_layer_is_penalised_once():
    x = Input(INPUT_SHAPE, dtype="float64")
    shared = Dense(2, kernel_regularizer=L2(1.0), dtype="float64")
    model = Model(x, Flatten(dtype="float64")(shared(shared(x))))
    assert regularizers.total_penalty(model) == pytest.approx((shared.weights["kernel"] ** 2).sum())
