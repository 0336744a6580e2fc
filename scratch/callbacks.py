"""What `fit` calls while it trains, by Keras' names."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scratch.training import Trainable

Logs = dict[str, float]


class Callback:
    """Base of all callbacks: override what is of interest.

    `logs` holds means over the epoch so far, by name: "loss", "accuracy", at the end of an epoch
    also "val_loss", "val_accuracy". Setting `self.model.stop_training = True` ends training.

    Attributes:
        model: The model in training.
        params: {"epochs": ..., "steps": batches per epoch}.
    """

    model: Trainable

    def __init__(self) -> None:
        self.params: dict[str, int] = {}

    def set_model(self, model: Trainable) -> None:
        """Called once, before everything else."""
        self.model = model

    def set_params(self, params: dict[str, int]) -> None:
        """Called once, before training begins."""
        self.params = params

    def on_train_begin(self) -> None:
        """Training begins, or resumes."""

    def on_train_end(self) -> None:
        """Training ended, early or not; not called when an exception ended it."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Epoch `epoch` (from 0) begins."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Epoch `epoch` ended; what is added to `logs` reaches the callbacks after this one."""

    def on_train_batch_begin(self, batch: int) -> None:
        """Batch `batch` (from 0) begins."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Batch `batch` ended."""

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must keep of this callback: JSON values and arrays, by name."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_state` returned; called after `on_train_begin`."""


class CallbackList:
    """Several callbacks, told of each event one after another."""

    def __init__(
        self, callbacks: Sequence[Callback], model: Trainable, params: dict[str, int]
    ) -> None:
        self.callbacks = tuple(callbacks)
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def notify(self, event: str, *arguments: Any) -> None:
        """Call the method named `event` of each callback."""
        for callback in self.callbacks:
            getattr(callback, event)(*arguments)


class History(Callback):
    """What `fit` returns: the logs of every epoch.

    Attributes:
        epoch: Numbers of the epochs, from 0.
        history: Name -> values, one per epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Append the logs."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def get_state(self) -> dict[str, Any]:
        """All epochs so far."""
        return {"epoch": self.epoch, "history": self.history}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on after these epochs."""
        self.epoch, self.history = state["epoch"], state["history"]


class EarlyStopping(Callback):
    """Stop when a value has not improved for `patience` epochs.

    Args:
        monitor: The value; lower is better unless its name ends in "accuracy".
        patience: How many epochs without improvement are borne.
        restore_best_weights: Whether training ends with the weights of the best epoch, as in
            Keras also when it was not stopped early.

    Raises:
        ValueError: At the end of the first epoch, if nothing is called `monitor`.
    """

    def __init__(
        self, monitor: str = "val_loss", patience: int = 0, restore_best_weights: bool = False
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.restore_best_weights = restore_best_weights
        self.on_train_begin()

    def on_train_begin(self) -> None:
        """Forget earlier training."""
        self.wait = 0
        self.best: float | None = None
        self.best_weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare with the best so far."""
        if self.monitor not in logs:
            raise ValueError(
                f"EarlyStopping monitors {self.monitor!r}, but training reports only "
                f"{', '.join(logs)}."
            )
        value = logs[self.monitor]
        if self._improves(value):
            self.best, self.wait = value, 0
        else:
            self.wait += 1
        # Keras keeps the first epoch's weights even if its value is NaN.
        if self.restore_best_weights and (self.wait == 0 or not self.best_weights):
            self.best_weights = [w.copy() for w in self.model.weights.values()]
        if self.wait >= max(self.patience, 1) and epoch > 0:
            self.model.stop_training = True

    def on_train_end(self) -> None:
        """Put the best weights back, if they were asked for."""
        for weight, best in zip(self.model.weights.values(), self.best_weights, strict=False):
            weight[...] = best

    def get_state(self) -> dict[str, Any]:
        """The best so far, and how long ago it was."""
        weights = {f"best_weights/{i}": w for i, w in enumerate(self.best_weights)}
        return {"wait": self.wait, "best": self.best, **weights}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.wait, self.best = state["wait"], state["best"]
        self.best_weights = [state[f"best_weights/{i}"] for i in range(len(state) - 2)]

    def _improves(self, value: float) -> bool:
        if self.best is None:
            return not math.isnan(value)
        return value > self.best if self.monitor.endswith("accuracy") else value < self.best


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch, and log it as "learning_rate".

    Args:
        schedule: `(epoch, learning rate so far) -> learning rate`.
    """

    def __init__(self, schedule: Callable[[int, float], float]) -> None:
        super().__init__()
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int) -> None:
        """Ask the schedule."""
        optimizer = self.model.optimizer
        optimizer.learning_rate = float(self.schedule(epoch, optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
        """Log the rate."""
        logs["learning_rate"] = self.model.optimizer.learning_rate


class TerminateOnNaN(Callback):
    """Stop as soon as the loss is NaN or infinite, with a warning that names the batch."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Look at the loss."""
        if not math.isfinite(logs["loss"]):
            warnings.warn(f"Batch {batch}: the loss is {logs['loss']}; stopping.", stacklevel=2)
            self.model.stop_training = True
