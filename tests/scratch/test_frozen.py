"""Frozen layers, as Keras means them."""

import keras
import numpy as np
import pytest

from keras_models import config as keras_config
from keras_models import to_keras
from scratch import Model, config
from scratch.layers import LAYERS, BatchNormalization, Conv2D
from scratch.optimizers import SGD
from scratch.serialization import load_model
from tests.scratch.small_models import CLASSES, assert_same_arrays, branched_net, samples

LOSS = "sparse_categorical_crossentropy"


def frozen(model: Model, *classes: str) -> Model:
    """The same model with all layers of these classes frozen."""
    for layer in model.layers:
        layer.trainable = type(layer).__name__ not in classes
    return model


def copies(model: Model) -> dict[str, np.ndarray]:
    return {name: weight.copy() for name, weight in model.weights.items()}


@pytest.mark.parametrize("name", ["Conv2D", "BatchNormalization", "Dense"])
def test_a_frozen_layer_has_no_gradient_and_stays(name):
    model = frozen(branched_net(), name)
    model.compile(SGD(0.1), LOSS)
    before = copies(model)
    model.train_on_batch(*samples(6))
    still = {key for key, w in model.weights.items() if (w == before[key]).all()}
    frozen_layers = [la for la in model.layers if type(la).__name__ == name]
    assert still == {f"{la.name}/{weight}" for la in frozen_layers for weight in la.weights}
    assert all(not la.gradients and not la.trainable_weights for la in frozen_layers)
    assert model.gradients.keys() == {
        f"{la.name}/{weight}" for la in model.layers for weight in la.trainable_weights
    }


def test_the_gradient_flows_through_a_frozen_layer():
    """Its input's gradient, and those of all layers before it, are what they were."""
    x = samples(4, "float64")[0]
    dy = np.random.default_rng(1).normal(size=(4, CLASSES))
    model = branched_net("float64")
    results = []
    for names in ((), ("Conv2D", "Dense")):
        frozen(model, *names)
        model.forward(x)
        results.append((model.backward(dy), dict(model.gradients)))
    (dx_free, free), (dx_frozen, kept) = results
    np.testing.assert_array_equal(dx_free, dx_frozen)
    assert set(free) - set(kept) == {n for n in free if n.endswith(("kernel", "bias"))}
    assert_same_arrays(kept, {name: free[name] for name in kept})


def test_a_frozen_batch_normalization_computes_as_in_inference():
    layer = BatchNormalization(trainable=False, dtype="float64")
    x = 3 + 2 * np.random.default_rng(0).normal(size=(5, 3, 4, 2))
    layer.forward(x)
    rng = np.random.default_rng(1)
    for weight in layer.weights.values():
        weight[...] = rng.uniform(0.5, 2, weight.shape)
    before = {name: w.copy() for name, w in layer.weights.items()}
    y, dx = layer.forward(x, training=True), layer.backward(np.ones_like(x))
    np.testing.assert_array_equal(y, layer.forward(x, training=False))
    np.testing.assert_array_equal(dx, layer.backward(np.ones_like(x)))
    assert_same_arrays(layer.weights, before)
    assert layer.gradients == {}


@pytest.mark.parametrize("names", [("BatchNormalization",), ("Conv2D", "BatchNormalization")])
def test_training_is_keras_own(names):
    with config.using_floatx("float64"), keras_config.using_floatx("float64"):
        ours = frozen(branched_net("float64"), "Dropout", *names)
        for layer in ours.layers:
            if type(layer).__name__ == "Dropout":
                layer.rate = 0.0  # their masks differ
        rng = np.random.default_rng(2)
        for weight in ours.weights.values():
            weight[...] = np.abs(rng.normal(size=weight.shape)) * 0.4 + 0.1
        theirs = to_keras(ours)
        assert [la.name for la in theirs.layers[1:] if not la.trainable] == [
            la.name for la in ours.layers if not la.trainable
        ]
        ours.compile(SGD(0.1), LOSS)
        theirs.compile(keras.optimizers.SGD(0.1), LOSS)
        for seed in range(3):
            x, y = samples(6, "float64", seed)
            theirs.reset_metrics()
            want = theirs.train_on_batch(x, y)
            assert ours.train_on_batch(x, y) == pytest.approx(float(want), rel=1e-6)
        for layer in ours.layers:
            for name, variable in zip(
                layer.weights, theirs.get_layer(layer.name).weights, strict=True
            ):
                np.testing.assert_allclose(
                    layer.weights[name], variable.numpy(), rtol=1e-10, atol=1e-12
                )


def test_a_model_freezes_all_its_layers():
    model = branched_net()
    assert model.trainable
    model.trainable = False
    assert not any(layer.trainable for layer in model.layers)
    assert not model.trainable
    model.compile(SGD(0.1), LOSS)
    before = copies(model)
    loss = model.train_on_batch(*samples(6))
    assert np.isfinite(loss)
    assert model.gradients == {}
    assert_same_arrays(model.weights, before)
    model.get_layer("shared").trainable = True
    assert model.trainable
    model.train_on_batch(*samples(6))
    assert model.gradients.keys() == {"shared/kernel", "shared/bias"}


def test_frozen_layers_are_remembered(tmp_path):
    model = frozen(branched_net(), "Conv2D")
    model.save(tmp_path / "model")
    for again in (Model.from_config(model.get_config()), load_model(tmp_path / "model")):
        assert [la.name for la in again.layers if not la.trainable] == ["shared"]


def test_every_layer_takes_the_argument():
    assert Conv2D(2, 3).trainable
    assert not Conv2D(2, 3, trainable=False).trainable
    assert Conv2D(2, 3, trainable=False).get_config()["trainable"] is False
    assert not LAYERS["Flatten"](trainable=False).trainable
