"""fit, evaluate and predict: batches, seeds, gradients, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratch import Model, Sequential, config
from scratch.batches import epoch_order
from scratch.layers import Add, Dense, Dropout, Flatten, Input, Softmax
from scratch.losses import SparseCategoricalCrossentropy
from scratch.optimizers import SGD
from scratch.training import logits_view
from tests.scratch.small_models import (
    CLASSES,
    INPUT_SHAPE,
    assert_same_arrays,
    branched_net,
    dropout_net,
    samples,
)

X, Y = samples(10)


@pytest.fixture
def model() -> Sequential:
    net = dropout_net()
    net.compile("sgd", metrics=["accuracy"])
    return net


def dense_net(seed: int = 0) -> Sequential:
    config.set_random_seed(seed)
    net = Sequential([Input(INPUT_SHAPE), Flatten(), Dense(CLASSES, activation="softmax")])
    net.compile(SGD(0.1))
    return net


@pytest.mark.parametrize("make", [dropout_net, branched_net])
def test_a_step_fills_every_gradient(make: Any) -> None:
    net = make()
    net.compile(SGD(0.0))
    net.train_on_batch(X, Y)
    trainable = {f"{la.name}/{w}" for la in net.layers for w in la.trainable_weights}
    assert net.gradients.keys() == trainable
    for layer in net.layers:
        assert layer.gradients.keys() == layer.trainable_weights.keys()
        for name, gradient in layer.gradients.items():
            assert gradient.dtype == "float32"
            assert np.abs(gradient).max() > 0, (layer, name)


def test_gradients_of_a_step_are_those_of_the_loss() -> None:
    """Central differences of the loss from probabilities, through the net with its softmax."""
    net = branched_net("float64")
    dropout = next(layer for layer in net.layers if isinstance(layer, Dropout))
    rng = np.random.default_rng(1)
    for name, weight in net.weights.items():
        if "bias" in name:  # away from zero, where ReLU has no derivative
            weight[...] = rng.uniform(0.1, 0.2, weight.shape)
    x, y = samples(9, "float64")
    net.compile(SGD(0.0))
    dropout.rng = np.random.default_rng(0)
    net.train_on_batch(x, y)
    loss, step = SparseCategoricalCrossentropy(), 1e-6
    for layer in net.layers:
        for name, weight in layer.trainable_weights.items():
            index = np.unravel_index(weight.size // 2, weight.shape)
            gradient, before, values = layer.gradients[name][index], weight[index], []
            for moved in (before + step, before - step):
                weight[index] = moved
                dropout.rng = np.random.default_rng(0)
                values.append(loss(y, net.forward(x, training=True)))
            weight[index] = before
            numeric = (values[0] - values[1]) / (2 * step)
            assert gradient == pytest.approx(numeric, rel=1e-5, abs=1e-8), (layer, name)


def test_logits_view_shares_weights_and_gradients() -> None:
    for net in (dropout_net(), branched_net()):
        view = logits_view(net)
        assert view.weights.keys() == net.weights.keys()
        assert all(view.weights[name] is net.weights[name] for name in net.weights)
        assert view.layers[:-1] == net.layers[:-1]
        logits, y = view.forward(X), net.forward(X)
        exponentials = np.exp(logits.astype("float64"))
        want = exponentials / exponentials.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(y, want, rtol=1e-5)
        assert net.layers[-1].activation.name == "softmax"


def test_logits_view_needs_one_final_softmax() -> None:
    x = Input((CLASSES,))
    softmax = Softmax()
    twice = Model(x, softmax(Dense(CLASSES)(softmax(x))))
    for net in (Sequential([x, Dense(3)]), twice, Model(x, Add()([softmax(x), x]))):
        with pytest.raises(ValueError, match="has no logits"):
            logits_view(net)
    twice.compile("sgd")
    assert twice.objective.network is twice
    report = twice.train_on_batch(
        np.ones((2, CLASSES), "float32"), np.array([0, 1]), return_dict=True
    )
    assert np.isfinite(report["loss"])


def test_order_depends_on_seed_and_epoch_alone() -> None:
    np.testing.assert_array_equal(epoch_order(50, 3, 4), epoch_order(50, 3, 4))
    orders = {epoch_order(50, seed, epoch).tobytes() for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert sorted(epoch_order(50, 3, 4)) == list(range(50))
    np.testing.assert_array_equal(epoch_order(50, None, 4), np.arange(50))


def test_fit_visits_every_sample_once_in_the_seed_s_order(monkeypatch: pytest.MonkeyPatch) -> None:
    net, seen = dense_net(), []
    step = net.train_step
    monkeypatch.setattr(net, "train_step", lambda x, y: (seen.append(x.copy()), step(x, y))[1])
    net.fit(X, Y, batch_size=4, epochs=2, seed=3)
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    for epoch in range(2):
        visited = np.concatenate(seen[3 * epoch : 3 * epoch + 3])
        np.testing.assert_array_equal(visited, X[epoch_order(10, 3, epoch)])


def test_same_seed_same_weights_another_seed_others() -> None:
    nets = []
    for seed in (1, 1, 2):
        nets.append(dense_net())
        nets[-1].fit(X, Y, batch_size=3, epochs=2, seed=seed)
    first, same, other = [{str(i): w for i, w in enumerate(n.weights.values())} for n in nets]
    assert_same_arrays(same, first)
    assert (other["0"] != first["0"]).any()


def test_initial_epoch_goes_on_with_that_epoch_s_order() -> None:
    whole, parts = dense_net(), dense_net()
    whole.fit(X, Y, batch_size=3, epochs=4, seed=1)
    parts.fit(X, Y, batch_size=3, epochs=2, seed=1)
    assert parts.fit(X, Y, batch_size=3, epochs=4, initial_epoch=2, seed=1).epoch == [2, 3]
    for one, other in zip(parts.weights.values(), whole.weights.values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_fit_learns() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(CLASSES, size=200)
    x = rng.standard_normal((200, *INPUT_SHAPE)).astype("float32")
    x[np.arange(200), y] += 2  # the class is the row that is brighter
    net = dropout_net()
    net.compile("adam", metrics=["accuracy"])
    history = net.fit(x, y, epochs=40, seed=0)
    assert net.evaluate(x, y, return_dict=True)["accuracy"] > 0.95
    assert history.history["loss"][-1] < history.history["loss"][0] / 2


def test_evaluate_and_predict_change_nothing_and_do_not_depend_on_batches(
    model: Sequential,
) -> None:
    before = {name: weight.copy() for name, weight in model.weights.items()}
    x, y = X.copy(), Y.copy()
    reports = [model.evaluate(X, Y, batch_size=size, return_dict=True) for size in (1, 3, 100)]
    for report in reports:
        assert report == pytest.approx(reports[0], rel=1e-6)
    np.testing.assert_allclose(model.predict(X, 3), model.predict(X), rtol=1e-5)
    assert model.predict(X).shape == (10, CLASSES)
    assert model.test_on_batch(X, Y, return_dict=True) == pytest.approx(reports[0], rel=1e-6)
    assert_same_arrays(model.weights, before)
    np.testing.assert_array_equal(X, x)
    np.testing.assert_array_equal(Y, y)


def test_one_hot_targets_give_the_same_as_class_numbers() -> None:
    reports = []
    one_hot = np.eye(CLASSES, dtype="float32")[Y]
    for loss, y in (("sparse_categorical_crossentropy", Y), ("categorical_crossentropy", one_hot)):
        net = dense_net()
        net.compile("sgd", loss, metrics=["accuracy"])
        reports.append(net.fit(X, y, epochs=2, seed=0).history)
    for name, values in reports[0].items():
        assert values == pytest.approx(reports[1][name]), name


def test_sequential_without_input_is_built_by_its_data() -> None:
    net = Sequential([Flatten(), Dense(CLASSES, activation="softmax")])
    net.compile("sgd")
    assert net.fit(X, Y, epochs=1).history.keys() == {"loss"}
    assert net.input_shape == (None, *INPUT_SHAPE)


def replaced(array: np.ndarray, index: Any, value: float) -> np.ndarray:
    changed = array.copy()
    changed[index] = value
    return changed


BAD_DATA: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "list": (X.tolist(), Y, TypeError, "x must be a NumPy array, got list"),
    "integers": ((X * 9).astype("int64"), Y, TypeError, r'int64.* x\.astype\("float32"\)'),
    "bytes": ((X * 9).astype("uint8"), Y, TypeError, r'uint8.* x\.astype\("float32"\)'),
    "another float": (X.astype("float64"), Y, TypeError, r'float64.* x\.astype\("float32"\)'),
    "another shape": (X[:, 1:], Y, ValueError, r"\(None, 7, 6, 2\), got \(10, 6, 6, 2\)"),
    "one sample alone": (X[0], Y, ValueError, "x has 7 samples, y has 10"),
    "fewer labels": (X, Y[:9], ValueError, "x has 10 samples, y has 9"),
    "no samples": (X[:0], Y[:0], ValueError, r"x is empty: its shape is \(0, 7, 6, 2\)"),
    "label too large": (X, replaced(Y, 3, 4), ValueError, r"Label 4 of sample 3 .* 0\.\.3"),
    "label negative": (X, replaced(Y, 8, -1), ValueError, "Label -1 of sample 8"),
    "label a fraction": (X, replaced(Y.astype(float), 8, 0.5), ValueError, "must be whole"),
    "labels one-hot": (X, np.eye(CLASSES)[Y], ValueError, "needs class numbers"),
    "NaN": (replaced(X, (4, 2, 1, 0), np.nan), Y, ValueError, "in 1 of 10 samples, .* sample 4;"),
    "infinity": (replaced(X, [2, 7], np.inf), Y, ValueError, "in 2 of 10 samples, .* sample 2;"),
}


@pytest.mark.parametrize("fault", BAD_DATA)
def test_bad_data_is_refused_before_training(model: Sequential, fault: str) -> None:
    x, y, error, message = BAD_DATA[fault]
    before = {name: weight.copy() for name, weight in model.weights.items()}
    for method in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(error, match=message):
            method(x, y)
    with pytest.raises(error, match=message):
        model.fit(X, Y, validation_data=(x, y))
    assert_same_arrays(model.weights, before)


@pytest.mark.parametrize("fault", [f for f in BAD_DATA if "label" not in f and "alone" not in f])
def test_bad_data_is_refused_by_predict(model: Sequential, fault: str) -> None:
    x, _, error, message = BAD_DATA[fault]
    with pytest.raises(error, match=message):
        model.predict(x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be a whole number, got 2.0"),
        ({"epochs": -1}, ValueError, "epochs must be at least 0"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch must be at least 0"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"validation_split": 1.0}, ValueError, r"must be in \[0, 1\), got 1.0"),
        ({"validation_split": 0.95}, ValueError, "leaves 0 to train on and 10 to validate on"),
        ({"verbose": "loud"}, ValueError, "verbose must be"),
    ],
)
def test_bad_arguments(
    model: Sequential, arguments: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.fit(X, Y, **arguments)


@pytest.mark.parametrize("batch_size", [0, -3])
def test_bad_batch_size_of_evaluate_and_predict(model: Sequential, batch_size: int) -> None:
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        model.evaluate(X, Y, batch_size=batch_size)
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        model.predict(X, batch_size=batch_size)


@pytest.mark.parametrize("loss", [["mse", "mse"], ("mse",), {"left": "mse", "right": "mse"}])
def test_several_losses_are_refused(loss) -> None:
    with pytest.raises(ValueError, match=r"one loss of one output, got \d in a (list|tuple|dict);"):
        dropout_net().compile("sgd", loss)


def test_training_needs_compile() -> None:
    net = dropout_net()
    assert net.predict(X).shape == (10, CLASSES)
    for method in (net.fit, net.evaluate, net.train_on_batch):
        with pytest.raises(RuntimeError, match="is not compiled; call compile first"):
            method(X, Y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adagrad"}, "Unknown optimizer 'adagrad'"),
        ({"loss": "hinge"}, "Unknown loss 'hinge'"),
        ({"metrics": ["auc"]}, "Unknown metric 'auc'"),
    ],
)
def test_compile_knows_its_names(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dropout_net().compile(**arguments)


def test_several_outputs_are_not_trained() -> None:
    x = Input((3,))
    net = Model(x, [Dense(2)(x), Dense(2)(x)])
    net.compile("sgd", "mse")
    with pytest.raises(ValueError, match="1 inputs and 2 outputs"):
        net.fit(np.zeros((4, 3), "float32"), np.zeros((4, 2), "float32"))
