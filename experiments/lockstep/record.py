"""What a lockstep run writes down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Step:
    """One training step of both twins. Differences are largest absolute ones.

    Attributes:
        step: Its number, from 1.
        epoch: Its epoch, from 1.
        samples: The size of its batch.
        loss_scratch: The batch's loss before the update.
        loss_keras: The same on the other side.
        loss_difference: Between those two.
        gradient_difference: Over all weights' gradients.
        gradient_furthest: The weight whose gradient differs most, as "layer/weight".
        weight_difference: Over all weights after the step, moving statistics included.
        weight_furthest: The weight that differs most.
        seconds_scratch: Time of the step: forward, backward, update.
        seconds_keras: The same on the other side, without the tracing of its graph.
    """

    step: int
    epoch: int
    samples: int
    loss_scratch: float
    loss_keras: float
    loss_difference: float
    gradient_difference: float
    gradient_furthest: str
    weight_difference: float
    weight_furthest: str
    seconds_scratch: float
    seconds_keras: float


class Difference(NamedTuple):
    """The largest absolute difference between two sets of tensors, and which tensor has it."""

    value: float
    furthest: str


@dataclass
class Record:
    """A lockstep run, step by step.

    Attributes:
        steps: One row for each step, with the fields of `Step`.
        layers: One row for each step and weight: `step`, `layer`, `weight`,
            `gradient_difference`, `gradient_size` (Keras' largest entry), `weight_difference`.
            What is not trained has no gradient: NaN.
    """

    _steps: list[Step] = field(default_factory=list)
    _layers: list[dict[str, object]] = field(default_factory=list)

    @property
    def steps(self) -> pd.DataFrame:
        """See the class."""
        return pd.DataFrame(self._steps, columns=list(Step.__dataclass_fields__))

    @property
    def layers(self) -> pd.DataFrame:
        """See the class."""
        return pd.DataFrame(self._layers)

    @property
    def epochs(self) -> pd.DataFrame:
        """One row for each epoch: mean losses, seconds, and the differences at its last step."""
        steps = self.steps
        weighted = steps.assign(
            loss_scratch=steps.loss_scratch * steps.samples,
            loss_keras=steps.loss_keras * steps.samples,
        ).groupby("epoch")
        sums = weighted[["loss_scratch", "loss_keras", "samples"]].sum()
        return pd.DataFrame(
            {
                "loss_scratch": sums.loss_scratch / sums.samples,
                "loss_keras": sums.loss_keras / sums.samples,
                "weight_difference": weighted.weight_difference.last(),
                "gradient_difference": weighted.gradient_difference.last(),
                "seconds_scratch": weighted.seconds_scratch.sum(),
                "seconds_keras": weighted.seconds_keras.sum(),
            }
        ).reset_index()

    def add(
        self, step: Step, gradients: tuple[Tensors, Tensors], weights: tuple[Tensors, Tensors]
    ) -> None:
        """Append a step; `gradients` and `weights` are those of (scratch, Keras)."""
        self._steps.append(step)
        for key, ours in weights[0].items():
            layer, _, weight = key.rpartition("/")
            trained = key in gradients[1]
            self._layers.append(
                {
                    "step": step.step,
                    "layer": layer,
                    "weight": weight,
                    "gradient_difference": largest(gradients[0][key] - gradients[1][key])
                    if trained
                    else np.nan,
                    "gradient_size": largest(gradients[1][key]) if trained else np.nan,
                    "weight_difference": largest(ours - weights[1][key]),
                }
            )


def largest(array: np.ndarray) -> float:
    """The largest magnitude; NaN if there is one."""
    return float(np.abs(array).max())


def difference(ours: Tensors, theirs: Tensors) -> Difference:
    """Compare tensors by name; a NaN counts as further than anything."""
    found = {key: largest(ours[key] - theirs[key]) for key in theirs}
    furthest = max(found, key=lambda key: np.nan_to_num(found[key], nan=np.inf))
    return Difference(found[furthest], furthest)
