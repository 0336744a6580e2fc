"""Faulty optimizers: the same gradients, another update."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratch.optimizers import SGD, Adam, Optimizer, State

Array = np.ndarray


@dataclass(frozen=True)
class OptimizerFault:
    """One mistake in an update.

    Attributes:
        name: Short, with hyphens.
        description: What the optimizer does, as a clause behind "as if".
        optimizer_class: The faulty optimizer, derived from the right one.
    """

    name: str
    description: str
    optimizer_class: type[Optimizer]

    def fits(self, optimizer: Optimizer) -> bool:
        """Whether this is a faulty form of `optimizer`, or of what that is a faulty form of."""
        return isinstance(optimizer, self.optimizer_class.__bases__)

    def planted_copy(self, optimizer: Optimizer) -> Any:
        """A faulty optimizer with the same numbers and a state of its own."""
        twin = copy.copy(optimizer)
        twin.__class__ = self.optimizer_class
        twin.load_variables(optimizer.variables)
        return twin


class EpsilonInsideRoot(Adam):
    """Epsilon is added to v: sqrt(v + epsilon)."""

    def update(self, weight: Array, gradient: Array, state: State) -> None:
        """Adam, but for the denominator."""
        m, v = _running_means(self, gradient, state)
        weight -= m * self._alpha(weight.dtype) / np.sqrt(v + self.epsilon)


class EpsilonBeforeBiasCorrection(Adam):
    """Epsilon is added to the bias-corrected root, as in the paper's algorithm 1 (and PyTorch)."""

    def update(self, weight: Array, gradient: Array, state: State) -> None:
        """Adam, but with epsilon sqrt(1 - beta_2^t) for epsilon."""
        m, v = _running_means(self, gradient, state)
        correction = np.sqrt(1 - weight.dtype.type(self.beta_2) ** (self.iterations + 1))
        weight -= m * self._alpha(weight.dtype) / (np.sqrt(v) + self.epsilon * correction)


class BiasCorrectionMissing(Adam):
    """The running means are used as they are, although they start at zero."""

    def _alpha(self, dtype: np.dtype) -> np.floating[Any]:
        return dtype.type(self.learning_rate)


class BiasCorrectionInWeightsDtype(Adam):
    """The formula as it stands, where Keras takes the betas through float32 (see `Adam`)."""

    def _alpha(self, dtype: np.dtype) -> np.floating[Any]:
        wanted, self.bias_correction_dtype = self.bias_correction_dtype, None
        try:
            return super()._alpha(dtype)
        finally:
            self.bias_correction_dtype = wanted


class MomentumDampened(SGD):
    """The gradient enters the momentum with the weight 1 - momentum."""

    def update(self, weight: Array, gradient: Array, state: State) -> None:
        """SGD on a thinned gradient."""
        super().update(weight, gradient * weight.dtype.type(1 - self.momentum), state)


class NesterovForgotten(SGD):
    """Nesterov's form is asked for, the classical one is used."""

    def update(self, weight: Array, gradient: Array, state: State) -> None:
        """Classical momentum."""
        wanted, self.nesterov = self.nesterov, False
        try:
            super().update(weight, gradient, state)
        finally:
            self.nesterov = wanted


def _running_means(optimizer: Adam, gradient: Array, state: State) -> tuple[Array, Array]:
    """Adam's m and v after this gradient, changed in place."""
    m, v = state["momentum"], state["velocity"]
    m += (gradient - m) * (1 - optimizer.beta_1)
    v += (np.square(gradient) - v) * (1 - optimizer.beta_2)
    return m, v


OPTIMIZER_FAULTS: tuple[OptimizerFault, ...] = (
    OptimizerFault(
        "epsilon-inside-root", "epsilon stood inside the square root", EpsilonInsideRoot
    ),
    OptimizerFault(
        "epsilon-before-bias-correction",
        "epsilon was added to the bias-corrected root",
        EpsilonBeforeBiasCorrection,
    ),
    OptimizerFault(
        "bias-correction-missing", "there were no bias correction", BiasCorrectionMissing
    ),
    OptimizerFault(
        "bias-correction-in-weights-dtype",
        "the bias correction did not take the betas through float32, as Keras does",
        BiasCorrectionInWeightsDtype,
    ),
    OptimizerFault(
        "momentum-dampened", "the gradient were scaled by 1 - momentum", MomentumDampened
    ),
    OptimizerFault("nesterov-forgotten", "momentum were not Nesterov's", NesterovForgotten),
)
