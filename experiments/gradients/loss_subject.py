"""A loss as a subject of the gradient check, and how far its gradient may be off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from experiments.derivatives import Array, Function
from experiments.gradients.layer_allowances import FLOAT64
from experiments.gradients.subject import Allowance, Equations, Tensors, on_grid, spread_numbers
from keras_models.probe import loss_and_gradient
from scratch import functional as F  # noqa: N812
from scratch import losses

_SAMPLES, _CLASSES = 4, 5
# exp, log, complex divisions and the products around them.
_ROUNDINGS = 24


@dataclass(frozen=True)
class LossCase:
    """A loss to check: class, options, kind of target."""

    type: str
    from_logits: bool | None
    targets: str


LOSS_CASES = (
    LossCase("SparseCategoricalCrossentropy", True, "class numbers"),
    LossCase("SparseCategoricalCrossentropy", False, "class numbers"),
    LossCase("CategoricalCrossentropy", True, "one-hot"),
    LossCase("CategoricalCrossentropy", True, "probabilities"),
    LossCase("CategoricalCrossentropy", False, "one-hot"),
    LossCase("CategoricalCrossentropy", False, "probabilities"),
    LossCase("MeanSquaredError", None, "numbers"),
)


@dataclass(frozen=True)
class LossSubject:
    """A loss of one batch; its only tensor is `grad_input`, dL/dy_pred.

    Attributes:
        case: What was asked for.
        loss: The scratch loss.
        y_true: Targets.
        y_pred: Predictions, (samples, classes).
    """

    case: LossCase
    loss: losses.Loss
    y_true: Array
    y_pred: Array

    @property
    def layer_type(self) -> str:
        """The class' name."""
        return self.case.type

    @property
    def options(self) -> str:
        """Its form and its targets."""
        form = "" if self.case.from_logits is None else f"from_logits={self.case.from_logits}, "
        return f"{form}targets: {self.case.targets}"

    @property
    def dy(self) -> Array:
        """The loss is the mean of the samples' losses."""
        return np.full(_SAMPLES, 1 / _SAMPLES)

    def gradients(self) -> Tensors:
        """By scratch."""
        return {"grad_input": self.loss.gradient(self.y_true, self.y_pred)}

    def point(self, tensor: str) -> Array:  # noqa: ARG002
        """The predictions."""
        return self.y_pred

    def function(self, tensor: str) -> Function:  # noqa: ARG002
        """The samples' losses by the predictions."""
        return lambda y_pred: self.loss.per_sample(self.y_true, y_pred)

    def equations(self) -> list[Equations]:
        """The sources write no derivative of a loss down."""
        return []

    def keras(self) -> Tensors:
        """By Keras."""
        given = {} if self.case.from_logits is None else {"from_logits": self.case.from_logits}
        loss = getattr(keras.losses, self.case.type)(**given)
        return {"grad_input": loss_and_gradient(loss, self.y_true, self.y_pred)[1]}

    def allowances(self) -> dict[str, Allowance]:
        """gamma_n times the magnitudes of all paths, and what central differences leave out."""
        if self.case.from_logits is None:
            return {"grad_input": self._squared_error()}
        targets = self.y_true
        if targets.ndim == 1:
            targets = np.eye(_CLASSES)[targets]
        rule = _from_logits if self.case.from_logits else _from_probabilities
        magnitude, value, n, third = rule(self.y_pred, targets)
        radius = FLOAT64.gamma(math.ceil(n)) * magnitude / _SAMPLES
        output = FLOAT64.gamma(math.ceil(n)) * float(value.mean())
        return {"grad_input": Allowance(radius, radius, output, third / _SAMPLES)}

    def _squared_error(self) -> Allowance:
        """2 (y_pred - y_true) / size; quadratic, so that central differences leave nothing out."""
        error = np.abs(self.y_pred - self.y_true)
        radius = FLOAT64.gamma(6) * 2 * error / error.size
        output = FLOAT64.gamma(error.size + 6) * float(np.square(error).mean())
        return Allowance(radius, radius, output)


def loss_subject(case: LossCase, seed: int) -> LossSubject:
    """A loss with random predictions and targets, probabilities far from Keras' clip.

    Args:
        case: The loss.
        seed: Decides all numbers.
    """
    rng = np.random.default_rng((seed, *case.type.encode()))
    options = {} if case.from_logits is None else {"from_logits": case.from_logits}
    loss: Any = getattr(losses, case.type)(**options)
    y_pred = spread_numbers(rng, (_SAMPLES, _CLASSES))
    if case.from_logits is False:
        y_pred = on_grid(F.softmax(y_pred))
    y_true: Array = rng.integers(_CLASSES, size=_SAMPLES)
    if case.targets == "one-hot":
        y_true = np.eye(_CLASSES)[y_true]
    elif case.targets == "probabilities":
        y_true = F.softmax(spread_numbers(rng, y_pred.shape))
    elif case.targets == "numbers":
        y_true = spread_numbers(rng, y_pred.shape)
    return LossSubject(case, loss, y_true, y_pred)


def _from_logits(logits: Array, targets: Array) -> tuple[Array, Array, float, Array]:
    """Of log sum exp z - sum t z: paths, a sample's magnitude, roundings, |d^3/dz^3|.

    Along one logit the softmax is a logistic function: |d^3/dz^3| <= 1 / (6 sqrt(3)).
    """
    top = logits.max(axis=1, keepdims=True)
    shift = top - logits
    paths = F.softmax(logits) + targets + 2 * (logits == top)
    value = 1 + np.log(_CLASSES) + 2 * shift.max(axis=1)
    n = _CLASSES + _SAMPLES + _ROUNDINGS + 2 * shift.max()
    return paths, value, n, np.full(logits.shape, 1 / (6 * math.sqrt(3)))


def _from_probabilities(p: Array, targets: Array) -> tuple[Array, Array, float, Array]:
    """The same for log sum p - sum t log p, as Keras takes probabilities that need not sum to 1."""
    total = p.sum(axis=1, keepdims=True)
    top = p.max(axis=1, keepdims=True)
    logs = np.abs(np.log(p))
    paths = 1 / total + targets / p + 2 * (p == top) / p
    value = 1 + np.log(_CLASSES) + 3 * logs.max(axis=1)
    n = _CLASSES + _SAMPLES + _ROUNDINGS + 4 * logs.max()
    shortest = p / 2  # No step moves p below its half.
    third = 2 / (total / 2) ** 3 + 2 * targets / shortest**3
    return paths, value, n, third
