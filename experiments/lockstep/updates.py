"""Whether an update is the one that Keras makes of the same weights, gradients and state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np

import scratch
from experiments.bounds.updates import update_bounds
from experiments.faults.optimizers import OPTIMIZER_FAULTS, OptimizerFault
from experiments.lockstep.batches import Batch
from experiments.lockstep.optimizers import scratch_optimizer
from experiments.lockstep.sides import KerasSide, Tensors
from experiments.rounding import Bounded, Precision
from scratch.optimizers import Optimizer


@dataclass(frozen=True)
class JudgedUpdate:
    """How far an update is off, at the weight where it is furthest off.

    Attributes:
        layer: The weight's layer.
        weight: Its name.
        ratio: Largest |difference| / what rounding can do at worst.
        fault: The known fault that makes the same update; None if none does, or if it is right.
    """

    layer: str
    weight: str
    ratio: float
    fault: OptimizerFault | None


class Updates:
    """The same update on both sides: from Keras' weights, gradients and optimizer state.

    Args:
        scratch_model: Its weights and gradients are overwritten.
        keras_model: Trained in place.
        optimizer: What is examined.
        keras_optimizer: What it is held against, an SGD or Adam.
        loss: A loss name that both sides know.

    Raises:
        ValueError: The Keras optimizer has no counterpart.
    """

    def __init__(
        self,
        scratch_model: scratch.Model,
        keras_model: keras.Model,
        optimizer: Optimizer,
        keras_optimizer: keras.Optimizer,
        loss: str,
    ) -> None:
        self.model, self.optimizer = scratch_model, optimizer
        self.right = scratch_optimizer(keras_optimizer)
        self.keras_optimizer = keras_optimizer
        self.keras_side = KerasSide(keras_model, keras_optimizer, loss)
        self.precision = Precision(scratch_model.dtype)

    def judge(self, batch: Batch) -> JudgedUpdate:
        """Take one step on both sides; the weight whose update is furthest off.

        Raises:
            ValueError: The scratch optimizer keeps another state than the Keras one.
        """
        start = self._start(batch)
        theirs = self.keras_side.weights
        ours = updated(self.model, self.optimizer, start)
        bounds = bounded_updates(self.right, start, self.precision)
        radii = {key: 2 * bounded.radii[-1] for key, bounded in bounds.items()}
        ratios = {key: _ratio(ours[key], theirs[key], radii[key]) for key in radii}
        worst = max(ratios, key=lambda key: ratios[key])
        fault = None if ratios[worst] <= 1 else self._diagnosed(ours, start, radii)
        layer, _, weight = worst.rpartition("/")
        return JudgedUpdate(layer, weight, ratios[worst], fault)

    def _start(self, batch: Batch) -> Start:
        """What the update starts from, after Keras has made it."""
        weights = self.keras_side.weights
        state = optimizer_state(self.keras_optimizer, self.keras_side.trained)
        gradients = self.keras_side.step(batch.x, batch.y).gradients
        return Start(weights, gradients, state)

    def _diagnosed(self, ours: Tensors, start: Start, radii: Tensors) -> OptimizerFault | None:
        """Which fault, planted in the right optimizer, makes the same update."""
        for fault in OPTIMIZER_FAULTS:
            if fault.fits(self.right):
                suspected = updated(self.model, fault.planted_copy(self.right), start)
                if all(_ratio(ours[k], suspected[k], radius) <= 1 for k, radius in radii.items()):
                    return fault
        return None


@dataclass(frozen=True)
class Start:
    """What both sides make one update of; all by "layer/weight".

    Attributes:
        weights: Every weight.
        gradients: Those of the trained weights.
        state: The optimizer's, under the names of `scratch.optimizers.Optimizer.variables`.
    """

    weights: Tensors
    gradients: Tensors
    state: Tensors

    def state_of(self, key: str) -> Tensors:
        """What the optimizer keeps for a weight, by slot."""
        parts = ((name.rpartition("/"), array) for name, array in self.state.items())
        return {slot: array for (owner, _, slot), array in parts if owner == key}


def optimizer_state(optimizer: keras.Optimizer, trained: Iterable[str]) -> Tensors:
    """A built Keras optimizer's state under the scratch optimizer's names; copies.

    Args:
        optimizer: An SGD or Adam.
        trained: The weights that it was built for, in that order, as "layer/weight".
    """
    iterations, _learning_rate, *kept = optimizer.variables
    keys = list(trained)
    slots = len(kept) // max(len(keys), 1)  # of one weight, then of the next
    state = {
        f"{keys[i // slots]}/{variable.name.rpartition('_')[2]}": np.asarray(variable).copy()
        for i, variable in enumerate(kept)
    }
    return {"iterations": np.asarray(iterations).copy(), **state}


def updated(model: scratch.Model, optimizer: Optimizer, start: Start) -> Tensors:
    """A scratch model's weights after one update by `optimizer`; it keeps them.

    A weight that only the scratch model trains has no gradient: zero.
    """
    optimizer.load_variables(start.state)
    for layer in model.layers:
        for name, weight in layer.weights.items():
            weight[...] = start.weights[f"{layer.name}/{name}"]
        for name in layer.trainable_weights:
            found = start.gradients.get(f"{layer.name}/{name}")
            layer.gradients[name] = np.zeros_like(layer.weights[name]) if found is None else found
    optimizer.apply_gradients(model)
    return {key: weight.copy() for key, weight in model.weights.items()}


def bounded_updates(right: Optimizer, start: Start, precision: Precision) -> dict[str, Bounded]:
    """Every trained weight after the update, with its bound; see `update_bounds`."""
    right.load_variables(start.state)
    return {
        key: update_bounds(right, start.weights[key], gradient, start.state_of(key), precision)
        for key, gradient in start.gradients.items()
    }


def _ratio(ours: np.ndarray, theirs: np.ndarray, radii: np.ndarray) -> float:
    """The largest |difference| / radius; infinite where one side alone is not finite."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    ratio = np.abs(ours.astype(np.float64) - theirs) / radii
    return float(np.where(same, 0, np.nan_to_num(ratio, nan=np.inf)).max())
