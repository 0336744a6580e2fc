"""Whether an update is the one that Keras makes of the same weights, gradients and state."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

import scratch
from experiments.bounds.updates import update_bounds
from experiments.faults.optimizers import OPTIMIZER_FAULTS, OptimizerFault
from experiments.lockstep.batches import Batch
from experiments.lockstep.optimizers import scratch_optimizer
from experiments.lockstep.sides import KerasSide, Tensors
from experiments.rounding import Precision
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
        ours = self._updated(self.optimizer, start)
        radii = self._radii(start)
        ratios = {key: _ratio(ours[key], theirs[key], radii[key]) for key in radii}
        worst = max(ratios, key=lambda key: ratios[key])
        fault = None if ratios[worst] <= 1 else self._diagnosed(ours, start, radii)
        layer, _, weight = worst.rpartition("/")
        return JudgedUpdate(layer, weight, ratios[worst], fault)

    def _start(self, batch: Batch) -> _Start:
        """What the update starts from, after Keras has made it."""
        weights, state = self.keras_side.weights, self._state()
        gradients = self.keras_side.step(batch.x, batch.y).gradients
        return _Start(weights, gradients, state)

    def _state(self) -> Tensors:
        """Keras' optimizer state under the scratch optimizer's names."""
        iterations, _learning_rate, *kept = self.keras_optimizer.variables
        trained = list(self.keras_side.trained)
        slots = len(kept) // len(trained)  # of one weight, then of the next
        state = {
            f"{trained[i // slots]}/{variable.name.rpartition('_')[2]}": np.asarray(variable).copy()
            for i, variable in enumerate(kept)
        }
        return {"iterations": np.asarray(iterations).copy(), **state}

    def _updated(self, optimizer: Optimizer, start: _Start) -> Tensors:
        """The scratch model's weights after one update by `optimizer`."""
        optimizer.load_variables(start.state)
        for layer in self.model.layers:
            for name, weight in layer.weights.items():
                weight[...] = start.weights[f"{layer.name}/{name}"]
            for name in layer.trainable_weights:
                layer.gradients[name] = start.gradients[f"{layer.name}/{name}"]
        optimizer.apply_gradients(self.model)
        return {key: weight.copy() for key, weight in self.model.weights.items()}

    def _radii(self, start: _Start) -> Tensors:
        """How far two right updates of each trained weight can be apart at worst."""
        self.right.load_variables(start.state)
        radii = {}
        for key, gradient in start.gradients.items():
            state = {slot: start.state[f"{key}/{slot}"] for slot in start.slots(key)}
            bounds = update_bounds(self.right, start.weights[key], gradient, state, self.precision)
            radii[key] = 2 * bounds.radii[-1]
        return radii

    def _diagnosed(self, ours: Tensors, start: _Start, radii: Tensors) -> OptimizerFault | None:
        """Which fault, planted in the right optimizer, makes the same update."""
        for fault in OPTIMIZER_FAULTS:
            if fault.fits(self.right):
                suspected = self._updated(fault.planted_copy(self.right), start)
                if all(_ratio(ours[k], suspected[k], radius) <= 1 for k, radius in radii.items()):
                    return fault
        return None


@dataclass(frozen=True)
class _Start:
    """What both sides make one update of; all by "layer/weight"."""

    weights: Tensors
    gradients: Tensors
    state: Tensors

    def slots(self, key: str) -> list[str]:
        """What the optimizer keeps for a weight."""
        return [k.rpartition("/")[2] for k in self.state if k.rpartition("/")[0] == key]


def _ratio(ours: np.ndarray, theirs: np.ndarray, radii: np.ndarray) -> float:
    """The largest |difference| / radius; infinite where one side alone is not finite."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    ratio = np.abs(ours.astype(np.float64) - theirs) / radii
    return float(np.where(same, 0, np.nan_to_num(ratio, nan=np.inf)).max())
