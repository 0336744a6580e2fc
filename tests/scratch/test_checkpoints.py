"""Interrupted training, resumed, ends bit by bit where uninterrupted training ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratch import Sequential
from scratch.callbacks import Callback, EarlyStopping, History, LearningRateScheduler
from scratch.optimizers import SGD, Adam
from scratch.serialization import SerializationError, save_model
from tests.scratch.small_models import assert_same_arrays, branched_net, dropout_net, samples

EPOCHS = 5
X, Y = samples(26)
VALIDATION = samples(9, seed=1)


class Interrupt(Callback):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.at = epoch

    def on_epoch_begin(self, epoch: int) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        if (self.now, batch) == (self.at, 1):
            raise KeyboardInterrupt


def new_model(make: Any = dropout_net, optimizer: Any = None) -> Sequential:
    """A compiled model that always starts from the same weights."""
    model = make()
    rng = np.random.default_rng(0)
    for name, weight in model.weights.items():
        if "kernel" in name:
            weight[...] = rng.standard_normal(weight.shape) / 4
    model.compile(optimizer or Adam(0.01), metrics=["accuracy"])
    return model


def train(model: Sequential, path: Path | None, interrupt: int = -1, **changes: Any) -> History:
    kw: dict[str, Any] = {
        "batch_size": 8,
        "epochs": EPOCHS,
        "validation_data": VALIDATION,
        "seed": 7,
        "callbacks": [
            LearningRateScheduler(lambda epoch, rate: rate * 0.8 if epoch else rate),
            EarlyStopping("loss", patience=2, restore_best_weights=True),
            Interrupt(interrupt),
        ],
    }
    return model.fit(X, Y, checkpoint=path, **(kw | changes))


def assert_same_end(got: Sequential, want: Sequential) -> None:
    """Bitwise, whatever the layers are called."""
    for one, other in ((got.weights, want.weights), (variables(got), variables(want))):
        assert_same_arrays(
            dict(enumerate(one.values())),  # type: ignore[arg-type]
            dict(enumerate(other.values())),  # type: ignore[arg-type]
        )
    assert got.optimizer.learning_rate == want.optimizer.learning_rate


def variables(model: Sequential) -> dict[str, np.ndarray]:
    places = {layer.name: i for i, layer in enumerate(model.layers)}

    def place(name: str) -> tuple[int, str]:
        layer, _, rest = name.partition("/")
        return places.get(layer, -1), rest

    kept = model.optimizer.variables
    return {name: kept[name] for name in sorted(kept, key=place)}


@pytest.mark.parametrize("make", [dropout_net, branched_net])
@pytest.mark.parametrize("interrupted_in", [0, 1, EPOCHS - 1])
def test_resumed_training_ends_bitwise_where_uninterrupted_training_ends(
    make: Any, interrupted_in: int, tmp_path: Path
) -> None:
    whole = new_model(make)
    want = train(whole, None)
    with pytest.raises(KeyboardInterrupt):
        train(new_model(make), tmp_path / "run", interrupted_in)
    resumed = new_model(make)
    got = train(resumed, tmp_path / "run")

    assert_same_end(resumed, whole)
    assert got.history == want.history
    assert got.epoch == want.epoch == list(range(len(want.epoch)))
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"} == got.history.keys()


@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.1, momentum=0.9, nesterov=True)])
def test_the_interrupted_model_itself_can_go_on(optimizer: SGD, tmp_path: Path) -> None:
    """What the unfinished epoch did to weights, optimizer and generators is undone."""
    whole = new_model(optimizer=type(optimizer)(**optimizer.get_config()))
    want = train(whole, None)
    model = new_model(optimizer=optimizer)
    for epoch in (0, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            train(model, tmp_path / "run", epoch)
    got = train(model, tmp_path / "run")
    assert_same_end(model, whole)
    assert got.history == want.history


def test_interrupted_training_differs_without_resuming() -> None:
    """The tests above can fail: what they compare depends on where training was interrupted."""
    whole, model = new_model(), new_model()
    train(whole, None)
    with pytest.raises(KeyboardInterrupt):
        train(model, None, interrupt=1)
    train(model, None)
    with pytest.raises(AssertionError):
        assert_same_end(model, whole)


def test_seed_that_was_not_given_is_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(new_model(), tmp_path / "run", 2, seed=None)
    copy = tmp_path / "copy"
    copy.write_bytes((tmp_path / "run").read_bytes())
    first, second = new_model(), new_model()
    train(first, tmp_path / "run", seed=None)
    train(second, copy, seed=None)
    assert_same_end(first, second)


def test_finished_training_is_not_repeated(tmp_path: Path) -> None:
    done = new_model()
    want = train(done, tmp_path / "run")
    content = (tmp_path / "run").read_bytes()
    again = new_model()
    got = train(again, tmp_path / "run", interrupt=EPOCHS - 1)
    assert_same_end(again, done)
    assert got.history == want.history
    assert (tmp_path / "run").read_bytes() == content


def test_more_epochs_go_on_from_the_last(tmp_path: Path) -> None:
    whole, resumed = new_model(), new_model()
    want = train(whole, None, callbacks=[], epochs=4)
    train(new_model(), tmp_path / "run", callbacks=[], epochs=2)
    assert train(resumed, tmp_path / "run", callbacks=[], epochs=4).history == want.history
    assert_same_end(resumed, whole)


class StopAfterFirstEpoch(Callback):
    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.model.stop_training = True


def test_training_that_a_callback_ended_stays_ended(tmp_path: Path) -> None:
    for _ in range(2):
        history = train(new_model(), tmp_path / "run", callbacks=[StopAfterFirstEpoch()])
        assert history.epoch == [0]


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    train(new_model(), tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"batch_size": 7}, "batch_size"),
        ({"seed": 8}, "seed"),
        ({"seed": None}, "seed"),
        ({"shuffle": False}, "shuffle"),
        ({"callbacks": []}, "callbacks"),
        ({"validation_data": samples(9, seed=2)}, "validation data"),
        ({"validation_data": None}, "validation data"),
    ],
)
def test_other_settings_are_refused(changes: dict, named: str, tmp_path: Path) -> None:
    train(new_model(), tmp_path / "run", epochs=1)
    with pytest.raises(SerializationError, match=f"run is a checkpoint .* differs .* in {named};"):
        train(new_model(), tmp_path / "run", **changes)


def test_other_model_optimizer_or_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run"
    train(new_model(), path, epochs=1)
    with pytest.raises(SerializationError, match="in model;"):
        train(new_model(branched_net), path)
    with pytest.raises(SerializationError, match="in optimizer;"):
        train(new_model(optimizer=Adam(beta_1=0.8)), path)
    model = new_model()
    with pytest.raises(SerializationError, match="in training data;"):
        model.fit(X, (Y + 1) % 4, batch_size=8, epochs=2, seed=7, checkpoint=path,
                  validation_data=VALIDATION, callbacks=[LearningRateScheduler(lambda e, r: r),
                  EarlyStopping("loss"), Interrupt(-1)])  # fmt: skip


def test_refused_checkpoint_leaves_model_and_file_alone(tmp_path: Path) -> None:
    train(new_model(), tmp_path / "run", epochs=1)
    content = (tmp_path / "run").read_bytes()
    model, untouched = new_model(), new_model()
    with pytest.raises(SerializationError):
        train(model, tmp_path / "run", batch_size=3)
    assert_same_end(model, untouched)
    assert (tmp_path / "run").read_bytes() == content


def test_damaged_or_foreign_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run"
    train(new_model(), path, epochs=1)
    whole = path.read_bytes()
    for length in range(0, len(whole), 997):
        path.write_bytes(whole[:length])
        with pytest.raises(SerializationError, match="run is not an intact checkpoint file"):
            train(new_model(), path)
        assert path.stat().st_size == length
    save_model(new_model(), path)
    with pytest.raises(SerializationError, match="not a checkpoint file of scratch"):
        train(new_model(), path)


def test_checkpoint_is_plain_json_and_arrays(tmp_path: Path) -> None:
    train(new_model(), tmp_path / "run", epochs=2)
    with np.load(tmp_path / "run", allow_pickle=False) as npz:
        header = json.loads(npz["header.json"])
        assert header["position"]["epoch"] == 2
        assert all(npz[name].dtype.kind in "fi" for name in npz.files if name != "header.json")
