"""Callbacks: when they are called, and what they do to training."""

from __future__ import annotations

import numpy as np
import pytest

from scratch import Sequential
from scratch.callbacks import Callback, EarlyStopping, LearningRateScheduler, TerminateOnNaN
from scratch.optimizers import SGD
from tests.scratch.small_models import assert_same_arrays, dropout_net, samples

X, Y = samples(10)


@pytest.fixture
def model() -> Sequential:
    net = dropout_net()
    net.compile(SGD(0.1), metrics=["accuracy"])
    return net


class Recorder(Callback):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def on_train_begin(self) -> None:
        self.events.append("train{")

    def on_train_end(self) -> None:
        self.events.append("}train")

    def on_epoch_begin(self, epoch: int) -> None:
        self.events.append(f"epoch{epoch}{{")

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.events.append(f"}}epoch{epoch}")
        self.names = list(logs)

    def on_train_batch_begin(self, batch: int) -> None:
        self.events.append(f"batch{batch}{{")

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self.events.append(f"}}batch{batch}")


def test_order_of_events(model: Sequential) -> None:
    recorder = Recorder()
    model.fit(X, Y, batch_size=6, epochs=4, initial_epoch=2, callbacks=[recorder])
    batches = "batch0{ }batch0 batch1{ }batch1"
    assert " ".join(recorder.events) == (
        f"train{{ epoch2{{ {batches} }}epoch2 epoch3{{ {batches} }}epoch3 }}train"
    )
    assert recorder.params == {"epochs": 4, "steps": 2}
    assert recorder.model is model
    assert recorder.names == ["loss", "accuracy"]


class Dictate(Callback):
    """Reports given values under a name, and marks the weights with the epoch's number."""

    def __init__(self, name: str, values: list[float]) -> None:
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        logs[self.name] = self.values[epoch]
        for weight in self.model.weights.values():
            weight[...] = epoch


@pytest.mark.parametrize(
    ("name", "values", "patience", "last", "best"),
    [
        ("val_loss", [3, 2, 1, 2, 0], 0, 3, 2),
        ("val_loss", [3, 2, 1, 2, 0], 1, 3, 2),
        ("val_loss", [3, 1, 2, 2, 0], 2, 3, 1),
        ("val_loss", [3, 1, 2, 0.5, 2], 2, 4, 3),
        ("val_loss", [1, 1, 1, 1, 0], 3, 3, 0),
        ("val_loss", [5, 4, 3, 2, 1], 1, 4, 4),
        ("val_accuracy", [0.1, 0.5, 0.4, 0.3, 0.9], 2, 3, 1),
        ("loss", [float("nan"), 2, 3, 4, 5], 2, 3, 1),
        ("loss", [float("nan")] * 5, 1, 1, 0),
    ],
)
def test_early_stopping(
    model: Sequential, name: str, values: list[float], patience: int, last: int, best: int
) -> None:
    stopping = EarlyStopping(name, patience=patience, restore_best_weights=True)
    history = model.fit(X, Y, epochs=5, callbacks=[Dictate(name, values), stopping])
    assert history.epoch == list(range(last + 1))
    assert all((weight == best).all() for weight in model.weights.values())


def test_early_stopping_can_keep_the_last_weights(model: Sequential) -> None:
    model.fit(X, Y, epochs=5, callbacks=[Dictate("loss", [1, 2, 3, 4, 5]), EarlyStopping("loss")])
    assert all((weight == 1).all() for weight in model.weights.values())


def test_early_stopping_names_what_it_could_monitor(model: Sequential) -> None:
    with pytest.raises(ValueError, match="'val_loss', but training reports only loss, accuracy"):
        model.fit(X, Y, callbacks=[EarlyStopping()])


def test_learning_rate_schedule_is_obeyed_and_logged(model: Sequential) -> None:
    schedule = LearningRateScheduler(lambda epoch, rate: rate if epoch == 0 else rate / 2)
    history = model.fit(X, Y, epochs=3, callbacks=[schedule])
    assert history.history["learning_rate"] == [0.1, 0.05, 0.025]
    before = {name: weight.copy() for name, weight in model.weights.items() if "dense" in name}
    model.fit(X, Y, callbacks=[LearningRateScheduler(lambda epoch, rate: 0.0)])
    assert_same_arrays({name: model.weights[name] for name in before}, before)


def test_terminate_on_nan_stops_at_the_batch(model: Sequential) -> None:
    recorder = Recorder()
    model.layers[0].weights["kernel"][...] = np.nan
    with pytest.warns(UserWarning, match="Batch 0: the loss is nan"):
        history = model.fit(X, Y, batch_size=5, epochs=3, callbacks=[TerminateOnNaN(), recorder])
    assert history.epoch == [0]
    assert "batch1{" not in recorder.events


def test_nan_alone_does_not_stop(model: Sequential) -> None:
    model.layers[0].weights["kernel"][...] = np.nan
    assert model.fit(X, Y, epochs=2).epoch == [0, 1]
