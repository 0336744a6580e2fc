"""The training loop behind `fit`."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratch import config
from scratch.batches import batch_count, batches, epoch_order, validation_start
from scratch.callbacks import Callback, CallbackList, History, Logs
from scratch.checkpoints import Position, load_checkpoint, save_checkpoint
from scratch.data_checks import check_at_least
from scratch.metrics import WeightedMeans
from scratch.progress import progress_bar

if TYPE_CHECKING:
    from scratch.models import Model

Samples = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class FitSettings:
    """The numbers `fit` was called with; see there.

    Raises:
        TypeError, ValueError: One of them makes no sense.
    """

    batch_size: int
    epochs: int
    initial_epoch: int
    shuffle: bool
    seed: int | None

    def __post_init__(self) -> None:
        check_at_least("batch_size", self.batch_size, 1)
        check_at_least("epochs", self.epochs, 0)
        check_at_least("initial_epoch", self.initial_epoch, 0)
        if self.seed is not None:
            check_at_least("seed", self.seed, 0)

    def first_position(self) -> Position:
        """Where training begins; a seed that was not given is drawn."""
        seed = self.seed
        if seed is None:
            seed = int(config.random_generator().integers(2**63))
        return Position(self.initial_epoch, seed if self.shuffle else None)


def split_for_validation(
    data: Samples, validation_data: Samples | None, validation_split: float
) -> tuple[Samples, Samples | None]:
    """(training samples, validation samples or None); `validation_data` goes before the split."""
    if validation_data is not None or not validation_split:
        return data, validation_data
    x, y = data
    start = validation_start(len(x), validation_split)
    return (x[:start], y[:start]), (x[start:], y[start:])


def run_fit(
    model: Model,
    settings: FitSettings,
    train: Samples,
    validation: Samples | None,
    callbacks: Sequence[Callback],
    verbose: int | str,
    checkpoint: str | os.PathLike[str] | None,
) -> History:
    """Train a compiled model on data that was checked; see `Trainable.fit`."""
    history = History()
    resumable = [*callbacks, history]
    steps = batch_count(len(train[0]), settings.batch_size)
    listeners = CallbackList(
        [*callbacks, *progress_bar(verbose), history],
        model,
        {"epochs": settings.epochs, "steps": steps},
    )
    described = _describe(model, settings, train, validation, resumable) if checkpoint else {}
    listeners.notify("on_train_begin")
    if checkpoint and Path(checkpoint).exists():
        position = load_checkpoint(checkpoint, model, resumable, described)
    else:
        position = settings.first_position()
        if checkpoint:  # so that the first epoch, too, can be begun again
            save_checkpoint(checkpoint, model, resumable, described, position)
    model.stop_training = position.stopped
    for epoch in range(position.epoch, settings.epochs):
        if model.stop_training:
            break
        listeners.notify("on_epoch_begin", epoch)
        order = epoch_order(len(train[0]), position.order_seed, epoch)
        logs = _run_epoch(model, train, batches(order, settings.batch_size), listeners)
        if validation is not None:
            validated = model.mean_report(*validation, settings.batch_size)
            logs |= {f"val_{name}": value for name, value in validated.items()}
        listeners.notify("on_epoch_end", epoch, logs)
        if checkpoint:
            after = Position(epoch + 1, position.order_seed, model.stop_training)
            save_checkpoint(checkpoint, model, resumable, described, after)
    listeners.notify("on_train_end")
    return history


def _run_epoch(
    model: Model, train: Samples, visits: Iterable[np.ndarray], listeners: CallbackList
) -> Logs:
    """Train on each batch of `visits`; returns the means over the samples visited."""
    x, y = train
    means = WeightedMeans()
    for number, batch in enumerate(visits):
        listeners.notify("on_train_batch_begin", number)
        means.update(model.train_step(x[batch], y[batch]), len(batch))
        listeners.notify("on_train_batch_end", number, means.result())
        if model.stop_training:
            break
    return means.result()


def _describe(
    model: Model,
    settings: FitSettings,
    train: Samples,
    validation: Samples | None,
    callbacks: Sequence[Callback],
) -> dict[str, Any]:
    """What must not change between an interruption and what follows, as JSON values by name."""
    optimizer = model.optimizer.get_config()
    optimizer.pop("learning_rate")  # part of the state: a schedule may have changed it
    described = {
        "model": _anonymous(model.get_config()),
        "optimizer": [type(model.optimizer).__name__, optimizer],
        "loss": [type(model.loss).__name__, model.loss.get_config()],
        "metrics": model.metrics,
        "batch_size": settings.batch_size,
        "initial_epoch": settings.initial_epoch,
        "shuffle": settings.shuffle,
        "seed": settings.seed,
        "callbacks": [type(callback).__name__ for callback in callbacks],
        "training data": [_checksum(array) for array in train],
        "validation data": [_checksum(array) for array in validation or ()],
    }
    return json.loads(json.dumps(described))  # as it will read back: tuples are lists


def _anonymous(model_config: dict[str, Any]) -> dict[str, Any]:
    """A model's config without any names, which may have been drawn automatically."""
    layers = [layer | {"config": _nameless(layer["config"])} for layer in model_config["layers"]]
    inputs = [_nameless(described) for described in model_config["inputs"]]
    return _nameless(model_config) | {"layers": layers, "inputs": inputs}


def _nameless(described: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in described.items() if key != "name"}


def _checksum(array: np.ndarray) -> list[Any]:
    return [array.dtype.str, array.shape, zlib.crc32(np.ascontiguousarray(array).data)]
