"""Where the twins part first: in a gradient or in an update, at which step and which tensor.

A run of many steps cannot tell: the smallest difference of one step is the next one's different
input. So every step is examined on its own. Both sides start it from the Keras side's weights and
optimizer state; the gradients are held against each other layer by layer, and the update is made
from the Keras side's gradients on both sides. What differs beyond rounding is then that part's
doing, and the bounds are proven ones (`experiments.bounds`), not chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import keras

import scratch
from experiments.compare import Comparison
from experiments.compare.verdicts import FAULT
from experiments.formatting import number
from experiments.lockstep.batches import Batch
from experiments.lockstep.differentiated import Differentiated
from experiments.lockstep.updates import JudgedUpdate, Updates
from keras_models.convert import copy_weights
from scratch.optimizers import Optimizer


@dataclass(frozen=True)
class Departure:
    """The first difference between the twins that rounding cannot explain.

    Attributes:
        step: Its step, from 1.
        part: "gradient" (the forward pass included) or "update".
        layer: Its layer.
        tensor: `output`, `grad_input` or `grad:<weight>`; for an update the weight's name.
        ratio: Largest |difference| / what rounding can do at worst.
        reason: The likeliest cause, as a clause behind the tensor; empty if unknown.
        fault: The name of the known optimizer fault that makes the same update, or empty.
    """

    step: int
    part: Literal["gradient", "update"]
    layer: str
    tensor: str
    ratio: float
    reason: str
    fault: str = ""


@dataclass(frozen=True)
class Examination:
    """What the examined steps came to.

    Attributes:
        steps: How many were examined, the one with the departure included.
        departure: The first one, or None.
        gradient_ratio: The largest error ratio of gradients, up to the departure's step.
        update_ratio: The same of updates.
    """

    steps: int
    departure: Departure | None
    gradient_ratio: float
    update_ratio: float

    @property
    def sentence(self) -> str:
        """Whether gradient or update departs first, at which step, where, and by how much."""
        found = self.departure
        if found is None:
            share = number(self.update_ratio, 2)
            updates = (
                f"use up to {share} of theirs" if self.update_ratio else "are equal bit for bit"
            )
            return (
                f"In {self.steps} steps neither a gradient nor an update departs by more than "
                f"rounding explains: gradients use up to {number(self.gradient_ratio, 2)} of their "
                f"bound, updates {updates}."
            )
        reason = f" ({found.reason})" if found.reason else ""
        place = f"{found.tensor} of layer '{found.layer}'"
        times = f"{number(found.ratio, 2)} times what rounding can explain"
        if found.part == "gradient":
            return f"The gradient departs first, at step {found.step}: {place}, {times}{reason}."
        return (
            f"The update departs first, at step {found.step}, where the gradients still agree: "
            f"{place}, {times}{reason}."
        )


def examine_steps(
    scratch_model: scratch.Model,
    keras_model: keras.Model,
    batches: Iterable[Batch],
    optimizer: Optimizer,
    keras_optimizer: keras.Optimizer,
    *,
    loss: str = "sparse_categorical_crossentropy",
) -> Examination:
    """Examine one training step after another until the twins depart.

    Both models are trained in place; after each step the scratch model has the Keras weights.

    Args:
        scratch_model: Where the weights come from.
        keras_model: Its twin.
        batches: One for each step to examine.
        optimizer: The scratch side's, fresh; this is what is examined.
        keras_optimizer: What it is held against, an SGD or Adam, fresh.
        loss: A loss name that both sides know.

    Raises:
        ValueError: The Keras optimizer has no counterpart, the scratch one keeps another state,
            or there is no batch.
    """
    copy_weights(scratch_model, keras_model)
    differentiated = Differentiated(scratch_model, keras_model, loss)
    updates = Updates(scratch_model, keras_model, optimizer, keras_optimizer, loss)
    step, gradient_ratio, update_ratio = 0, 0.0, 0.0
    for step, batch in enumerate(batches, start=1):
        comparison = differentiated.compare(batch.x, batch.y)
        gradient_ratio = max(gradient_ratio, float(comparison.isolated.error_ratio.max()))
        if not comparison.ok:
            departure = _gradient_departure(step, comparison)
            return Examination(step, departure, gradient_ratio, update_ratio)
        worst = updates.judge(batch)
        update_ratio = max(update_ratio, worst.ratio)
        if not worst.ratio <= 1:
            return Examination(step, _update_departure(step, worst), gradient_ratio, update_ratio)
        copy_weights(keras_model, scratch_model)
    if not step:
        raise ValueError("There is no batch: no step to examine.")
    return Examination(step, None, gradient_ratio, update_ratio)


def _gradient_departure(step: int, comparison: Comparison) -> Departure:
    first = comparison.table[comparison.table.verdict == FAULT].iloc[0]
    return Departure(
        step, "gradient", first.layer, first.tensor, float(first.error_ratio), first.note
    )


def _update_departure(step: int, worst: JudgedUpdate) -> Departure:
    reason = f"as if {worst.fault.description}" if worst.fault else ""
    name = worst.fault.name if worst.fault else ""
    return Departure(step, "update", worst.layer, worst.weight, worst.ratio, reason, name)
