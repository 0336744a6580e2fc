"""What a training step minimises: from the logits where the network ends in softmax, as Keras."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scratch.functional import activations
from scratch.losses import CategoricalCrossentropy, Loss, SparseCategoricalCrossentropy

if TYPE_CHECKING:
    from scratch.models import Model


@dataclass(frozen=True)
class Objective:
    """A network and the loss of its output.

    Attributes:
        network: The model itself, or its `logits_view`.
        loss: What is minimised, of the network's output.
        to_prediction: From the network's output to the model's: the softmax left out, or nothing.
    """

    network: Model
    loss: Loss
    to_prediction: activations.Activation

    def prediction(self, output: np.ndarray) -> np.ndarray:
        """What the model itself would have put out."""
        return self.to_prediction.forward(output)


def objective(model: Model, loss: Loss) -> Objective:
    """How to minimise `loss` on `model`: for softmax under cross-entropy from the logits.

    The cross-entropy of a softmax cancels its exponentials only if it sees the logits; taken from
    probabilities it needs a clip, whose gradient is wrong where the network is surely wrong.
    """
    if (
        isinstance(loss, SparseCategoricalCrossentropy | CategoricalCrossentropy)
        and not loss.from_logits
        and ends_in_softmax(model)
    ):
        softmax = _output_layer(model).activation
        return Objective(logits_view(model), replace(loss, from_logits=True), softmax)
    return Objective(model, loss, activations.get("linear"))


def ends_in_softmax(model: Model) -> bool:
    """Whether the model's one output is a softmax, of a layer that is used nowhere else."""
    last = _output_layer(model)
    activation = getattr(last, "activation", None)
    return (
        len(model.outputs) == 1
        and getattr(activation, "name", None) == "softmax"
        and sum(call.layer is last for call in model.calls) == 1
    )


def logits_view(model: Model) -> Model:
    """A model of the same layers that stops right before the final softmax.

    It shares every layer with `model`, except that the output layer is a copy with a linear
    activation, which shares the layer's `weights` and `gradients`: what trains one trains the
    other, and a backward pass through the view fills the gradients of every layer of `model`.

    Raises:
        ValueError: The model does not end in softmax, or uses its last layer elsewhere too.
    """
    if not ends_in_softmax(model):
        raise ValueError(f"Model {model.name!r} has no logits: it does not end in one softmax.")
    layer = _output_layer(model)
    linear = copy.copy(layer)
    linear.activation = activations.get("linear")
    return model.with_layer_replaced(layer, linear)


def _output_layer(model: Model) -> Any:
    """The layer whose call is the first output; None if that is an input handed through."""
    call = model.outputs[0].call
    return call.layer if call else None
