"""Training: `compile`, `fit`, `evaluate` and `predict`, with Keras' names and arguments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from scratch import losses, optimizers
from scratch.batches import batches
from scratch.callbacks import Callback, History
from scratch.data_checks import (
    check_array,
    check_at_least,
    check_finite,
    check_same_length,
)
from scratch.fitting import FitSettings, run_fit, split_for_validation
from scratch.losses import Loss
from scratch.metrics import METRICS, WeightedMeans, check_metrics
from scratch.objective import Objective, ends_in_softmax, logits_view, objective
from scratch.optimizers import Optimizer
from scratch.regularizers import add_penalty_gradients, total_penalty

if TYPE_CHECKING:
    from scratch.graph import SymbolicTensor
    from scratch.layers import Layer
    from scratch.models import Model

__all__ = ["Trainable", "ends_in_softmax", "logits_view"]


Returned = float | list[float] | dict[str, float]


class Trainable:
    """What a model of one input and one output needs to be trained; `scratch.models` adds the rest.

    Attributes:
        optimizer: Set by `compile`.
        loss: Set by `compile`.
        metrics: Names of what is reported besides the loss; set by `compile`.
        stop_training: A callback sets it to end `fit`.
    """

    name: str
    layers: list[Layer]
    inputs: tuple[SymbolicTensor, ...]
    outputs: tuple[SymbolicTensor, ...]
    gradients: dict[str, np.ndarray]

    optimizer: Optimizer
    loss: Loss
    metrics: tuple[str, ...] = ()
    stop_training = False
    _compiled = False
    _objective: Objective | None = None

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Every weight as "layer/weight"."""
        raise NotImplementedError

    @property
    def trainable(self) -> bool:
        """Whether any layer is; set, it sets every layer's `trainable`."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers:
            layer.trainable = bool(value)

    def forward(self, x: Any, training: bool = False) -> Any:
        """Compute the output."""
        raise NotImplementedError

    def predict_on_batch(self, x: Any) -> Any:
        """Compute the output of one batch, outside training."""
        raise NotImplementedError

    def _check_inputs(self, x: Any) -> list[np.ndarray]:
        """Check shape and dtype of an input."""
        raise NotImplementedError

    def compile(
        self,
        optimizer: str | Optimizer = "adam",
        loss: str | Loss = "sparse_categorical_crossentropy",
        metrics: Sequence[str] | None = None,
    ) -> None:
        """Say how to train.

        A cross-entropy from probabilities, on a model that ends in softmax, is computed from the
        logits, as Keras does (see `scratch.objective`). The penalties of regularizers are part of
        the loss. After changing what is `trainable`, compile again, as in Keras.

        Args:
            optimizer: Name or instance.
            loss: Name or instance.
            metrics: None or ["accuracy"].

        Raises:
            ValueError: A name is unknown, or there are several losses.
        """
        if isinstance(loss, list | tuple) or (isinstance(loss, dict) and "class_name" not in loss):
            raise ValueError(
                f"Model {self.name!r} is trained by one loss of one output, got {len(loss)} in a "
                f"{type(loss).__name__}; train Model(inputs, output) of the output that matters, "
                "which shares the layers."
            )
        self.optimizer = optimizers.get(optimizer)
        self.loss = losses.get(loss)
        self.metrics = check_metrics(metrics or ())
        self._objective = None
        self._compiled = True

    def train_on_batch(self, x: np.ndarray, y: np.ndarray, return_dict: bool = False) -> Returned:
        """Take one step of the optimizer; every layer's `gradients` are those of this step.

        Returns:
            The loss of this batch before the step, or [loss, metrics...] where metrics were
            compiled; with `return_dict` the same by name. It is what Keras returns right after
            `reset_metrics()`: nothing is averaged over earlier batches.

        Raises:
            RuntimeError: `compile` was not called.
            TypeError, ValueError: x or y do not fit the model or the loss.
        """
        self.check_data(x, y)
        return _returned(self.train_step(x, y), return_dict)

    def test_on_batch(self, x: np.ndarray, y: np.ndarray, return_dict: bool = False) -> Returned:
        """Loss and metrics of one batch, outside training; as `train_on_batch` returns them."""
        self.check_data(x, y)
        return _returned(self._report(y, self.objective.network.predict_on_batch(x)), return_dict)

    def predict(self, x: np.ndarray, batch_size: int = 32) -> np.ndarray:
        """The output for `x`, computed batch by batch, outside training.

        Raises:
            TypeError, ValueError: x does not fit the model, or `batch_size` is below 1.
        """
        check_at_least("batch_size", batch_size, 1)
        self._check_x(x)
        order = np.arange(len(x))
        return np.concatenate([self.predict_on_batch(x[b]) for b in batches(order, batch_size)])

    def evaluate(
        self, x: np.ndarray, y: np.ndarray, batch_size: int = 32, return_dict: bool = False
    ) -> Returned:
        """Loss and metrics over all samples, outside training; as `train_on_batch` returns them."""
        self.check_data(x, y)
        return _returned(self.mean_report(x, y, batch_size), return_dict)

    def mean_report(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> dict[str, float]:
        """`evaluate`, by name, on data that was checked before."""
        check_at_least("batch_size", batch_size, 1)
        means = WeightedMeans()
        for batch in batches(np.arange(len(x)), batch_size):
            output = self.objective.network.predict_on_batch(x[batch])
            means.update(self._report(y[batch], output), len(batch))
        return means.result()

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: tuple[np.ndarray, np.ndarray] | None = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        seed: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        verbose: int | str = "auto",
        initial_epoch: int = 0,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> History:
        """Train for `epochs` epochs.

        Args:
            x: Samples (N, ...), finite, in the model's dtype.
            y: Targets (N, ...), as the loss takes them.
            batch_size: Samples per step; the last step of an epoch may have fewer.
            epochs: Number of the epoch to stop at, counted from 0, as in Keras.
            validation_data: (x, y) to evaluate on after each epoch.
            validation_split: Instead, the share of the data to take for that, from the end.
            shuffle: Whether each epoch visits the samples in another order.
            seed: What the orders depend on, besides the epoch; drawn from `scratch.config` if
                None.
            callbacks: Called as training goes on, in this order.
            verbose: 0 is silent, 1 shows progress, "auto" shows it on a terminal only.
            initial_epoch: Number of the epoch to start at.
            checkpoint: A file that is written after every epoch. If it exists, training goes on
                from it, and ends bit by bit where it would have without the interruption; if it
                has all epochs already, nothing is left to do. Weights, optimizer (learning rate
                included), Dropout and callbacks resume; everything else must be as it was.

        Returns:
            The history: loss and metrics per epoch, means over the samples.

        Raises:
            RuntimeError: `compile` was not called.
            TypeError, ValueError: Data or arguments do not fit the model, the loss or each other.
            scratch.serialization.SerializationError: The checkpoint is damaged, or of another
                model, other data or other settings.
        """
        settings = FitSettings(batch_size, epochs, initial_epoch, shuffle, seed)
        self.check_data(x, y)
        train, validation = split_for_validation((x, y), validation_data, validation_split)
        if validation_data is not None:
            self.check_data(*validation_data)
        model = cast("Model", self)
        return run_fit(model, settings, train, validation, callbacks or (), verbose, checkpoint)

    @property
    def objective(self) -> Objective:
        """What `compile` asked for, worked out on first use."""
        if self._objective is None:
            self._objective = objective(cast("Model", self), self.loss)
        return self._objective

    def train_step(self, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """`train_on_batch` on data that was checked before."""
        network, loss = self.objective.network, self.objective.loss
        output = network._forward_to_train(x)
        network._backward_weights(loss.gradient(y, output))
        add_penalty_gradients(cast("Model", self))
        self.gradients = {
            f"{la.name}/{name}": g for la in self.layers for name, g in la.gradients.items()
        }
        report = self._report(y, output)
        self.optimizer.apply_gradients(cast("Model", self))
        return report

    def check_data(self, x: Any, y: Any) -> None:
        """Check that the model can be trained or evaluated on these samples and targets.

        Raises:
            RuntimeError: `compile` was not called.
            TypeError, ValueError: x or y do not fit the model or the loss.
        """
        if not self._compiled:
            raise RuntimeError(f"Model {self.name!r} is not compiled; call compile first.")
        check_array("x", x)
        check_array("y", y)
        check_same_length(x, y)
        self._check_x(x)
        # The loss knows what targets it takes; equal predictions for all let it say so at once.
        shape = [len(y), *self.outputs[0].shape[1:]]
        if None not in shape:
            self.loss(
                y, np.broadcast_to(np.asarray(0.5, self.outputs[0].dtype), cast("list[int]", shape))
            )

    def _check_x(self, x: Any) -> None:
        check_array("x", x)
        if not self.inputs:
            self.predict_on_batch(
                x[:1]
            )  # a Sequential without Input takes its shape from the first data
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            raise ValueError(
                f"Model {self.name!r} has {len(self.inputs)} inputs and {len(self.outputs)} "
                "outputs; training and predict take models of one input and one output."
            )
        self._check_inputs(x[: self.inputs[0].shape[0]])
        check_finite("x", x)

    def _report(self, y: np.ndarray, output: np.ndarray) -> dict[str, float]:
        prediction = self.objective.prediction(output)
        values = {name: METRICS[name](y, prediction) for name in self.metrics}
        loss = self.objective.loss(y, output) + total_penalty(cast("Model", self))
        return {"loss": loss, **values}


def _returned(report: dict[str, float], return_dict: bool) -> Returned:
    """A report in the form that Keras' `return_dict` chooses."""
    if return_dict:
        return report
    values = list(report.values())
    return values[0] if len(values) == 1 else values
