"""What both networks of a comparison are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_models.graph import flat_inputs
from keras_models.probe import total_loss


class Task(NamedTuple):
    """What both networks are given.

    Attributes:
        x: The inputs, in the order of the models' inputs.
        y: Targets, as the loss takes them; a list for several outputs.
        loss: A Keras loss, or the name of one; a list for several outputs.
        training: Whether they run as in training.
        dtype: What both compute in.
    """

    x: list[np.ndarray]
    y: Any
    loss: Any
    training: bool
    dtype: str

    def gradients(self, outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """dL/doutput for each output of a network."""
        several = isinstance(self.y, list | tuple | dict)
        return total_loss(self.loss, self.y if several else [self.y], outputs)[1]


def task_for(
    scratch_model: Any, keras_model: Any, x: Any, y: Any, loss: Any, training: bool
) -> Task:
    """Check and order what `compare_layers` is given.

    Raises:
        ValueError: An input is empty or not finite.
        TypeError: The models and inputs are not of one dtype.
    """
    given = flat_inputs(keras_model, x) if isinstance(x, list | tuple | dict) else [x]
    inputs = [np.asarray(array) for array in given]
    targets = y if isinstance(keras_model.output_shape, list | dict) else np.asarray(y)
    dtype = _common_dtype(scratch_model, keras_model, inputs)
    return Task(inputs, targets, loss, training, dtype)


def _common_dtype(scratch_model: Any, keras_model: Any, inputs: Sequence[np.ndarray]) -> str:
    """The one dtype of both models and the inputs, which must be finite and not empty."""
    sides = {
        "scratch": str(scratch_model.dtype),
        "Keras": str(keras_model.inputs[0].dtype),
        **{f"input {number}": str(array.dtype) for number, array in enumerate(inputs)},
    }
    if len(set(sides.values())) != 1:
        listed = ", ".join(f"{side} {dtype}" for side, dtype in sides.items())
        raise TypeError(f"Twins are compared in one dtype, but these differ: {listed}.")
    for array in inputs:
        if not array.size or not np.isfinite(array).all():
            raise ValueError(
                f"The input of shape {array.shape} is empty or not finite: there is nothing to "
                "compare."
            )
    return sides["scratch"]
