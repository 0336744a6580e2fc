"""Every layer's inputs, output and gradients in one pass through a Keras model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_models.graph import Graph, LayerCall, trace

Gradients = dict[str, np.ndarray]


@dataclass(frozen=True)
class ProbedCall:
    """What one use of one layer computed, forward and backward.

    Attributes:
        layer: The Keras layer.
        index: Which use of it, from 0; above 0 only where a layer is shared.
        inputs: Its input arrays: one, or several for a merge layer.
        output: Its output array.
        grad_output: dL/doutput, summed over all uses of that output.
        grad_inputs: What this call contributes to dL/dinput, for each input.
        grad_weights: What this call contributes to dL/dweight, for each trainable weight.
    """

    layer: keras.Layer
    index: int
    inputs: tuple[np.ndarray, ...]
    output: np.ndarray
    grad_output: np.ndarray
    grad_inputs: tuple[np.ndarray, ...]
    grad_weights: Gradients


@dataclass(frozen=True)
class Probe:
    """A model's calls in topological order, and its loss.

    Attributes:
        calls: One entry for each use of a layer.
        loss: The loss, as Keras reduces it over the batch.
    """

    calls: list[ProbedCall]
    loss: float

    @property
    def grad_weights(self) -> dict[str, Gradients]:
        """dL/dweight of the whole model: layer name -> weight name -> the sum over its calls."""
        totals: dict[str, Gradients] = {}
        for call in self.calls:
            total = totals.setdefault(call.layer.name, {})
            for name, gradient in call.grad_weights.items():
                total[name] = total[name] + gradient if name in total else gradient
        return totals


def probe(
    model: keras.Model, x: Any, y: np.ndarray, loss: str | keras.Loss, training: bool = True
) -> Probe:
    """Run a Keras model layer by layer, forward and backward.

    With `training`, Dropout drops and BatchNormalization normalizes by the batch; what that
    moves (moving statistics, random states) is put back, so that the model is left as it was.
    The loss is that of the output as the user sees it: Keras' own step from probabilities back
    to logits is not taken. Penalties of regularizers are not part of it.

    Args:
        model: A built Sequential or Functional model with one output.
        x: The inputs in the model's dtype, (batch, ...); a list of arrays for several inputs.
        y: The targets, as the loss takes them.
        loss: A Keras loss, or the name of one.
        training: The mode of the layers.

    Raises:
        TypeError: An input has not the dtype of the model, or `model` is a subclassed model.
        ValueError: An input has not the model's shape, or the model has several outputs.
        UnsupportedLayerError: The model's graph is beyond `keras_models.graph.trace`.
    """
    graph = trace(model)
    if graph.returns_list:
        raise ValueError(
            f"Model {model.name!r} returns a list of outputs, but one loss is of one output; "
            "probe keras.Model(model.inputs, output)."
        )
    tensors = [tf.constant(array) for array in _checked_inputs(model, graph, x)]
    recorded: list[_Recorded] = []
    with _variables_restored(model):
        for call in graph.calls:
            values = [tensors[number] for number in call.inputs]
            recorded.append(_Recorded.run(call, values, training))
            tensors.append(recorded[-1].output)
    value, gradient = loss_and_gradient(loss, y, tensors[graph.outputs[0]].numpy())
    return Probe(_walk_back(recorded, graph.outputs[0], gradient), value)


def loss_and_gradient(
    loss: str | keras.Loss, y_true: np.ndarray, y_pred: np.ndarray
) -> tuple[float, np.ndarray]:
    """A Keras loss and its gradient by `y_pred`, computed in the dtype of `y_pred`.

    Args:
        loss: A Keras loss, or the name of one.
        y_true: The targets, as the loss takes them.
        y_pred: The model's output.

    Raises:
        ValueError: The loss is not reduced to one number.
    """
    function = keras.losses.get(loss)
    reduction = getattr(function, "reduction", "sum_over_batch_size")
    if reduction not in _REDUCTIONS:
        raise ValueError(
            f"Loss {loss!r} has reduction {reduction!r}, which leaves no single number or needs "
            f"sample weights; use one of {', '.join(_REDUCTIONS)}."
        )
    # Keras' Loss.__call__ would cast to its own dtype, float32 unless told otherwise.
    per_sample = function.call if isinstance(function, keras.Loss) else function
    predicted = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        value = _REDUCTIONS[reduction](per_sample(tf.cast(y_true, predicted.dtype), predicted))
    return float(value), tape.gradient(value, predicted).numpy()


_REDUCTIONS = {
    "sum_over_batch_size": tf.reduce_mean,
    "mean": tf.reduce_mean,
    "sum": tf.reduce_sum,
}


def _checked_inputs(model: keras.Model, graph: Graph, x: Any) -> list[np.ndarray]:
    """The inputs as arrays of the shapes and dtypes that the model declares."""
    arrays = [np.asarray(array) for array in (x if graph.takes_list else [x])]
    if len(arrays) != len(graph.inputs):
        raise ValueError(
            f"Model {model.name!r} takes {len(graph.inputs)} inputs, got {len(arrays)}."
        )
    for array, tensor in zip(arrays, graph.inputs, strict=True):
        fits = len(array.shape) == len(tensor.shape) and all(
            size in (None, given) for size, given in zip(tensor.shape, array.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"Model {model.name!r}: input {tensor.name!r} has shape {tensor.shape}, "
                f"got {array.shape}."
            )
        if array.dtype != tensor.dtype:
            raise TypeError(
                f"Model {model.name!r}: input {tensor.name!r} is {tensor.dtype}, got "
                f'{array.dtype}; convert it with x.astype("{tensor.dtype}").'
            )
    return arrays


def _walk_back(recorded: list[_Recorded], output: int, grad_output: np.ndarray) -> list[ProbedCall]:
    """Each call's gradients, from the last call to the first; returned in the calls' order."""
    upstream = {output: grad_output}
    probed = []
    for record in reversed(recorded):
        probed.append(record.backward(upstream[record.call.output]))
        for number, gradient in zip(record.call.inputs, probed[-1].grad_inputs, strict=True):
            upstream[number] = upstream[number] + gradient if number in upstream else gradient
    return probed[::-1]


@contextmanager
def _variables_restored(model: keras.Model) -> Iterator[None]:
    """Put back what a forward pass in training mode moves, even after an error."""
    before = [(v, np.asarray(v).copy()) for v in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


@dataclass(frozen=True)
class _Recorded:
    """One call's forward pass, on a tape of its own."""

    call: LayerCall
    inputs: list[tf.Tensor]
    output: tf.Tensor
    tape: tf.GradientTape

    @classmethod
    def run(cls, call: LayerCall, values: list[tf.Tensor], training: bool) -> _Recorded:
        # Copies: one tensor may be two inputs of one call, each with a gradient of its own.
        inputs = [tf.identity(value) for value in values]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = call.layer(call.arguments(inputs), training=training)
        return cls(call, inputs, output, tape)

    def backward(self, grad_output: np.ndarray) -> ProbedCall:
        weights = {v.name: v.value for v in self.call.layer.trainable_weights}
        grad_inputs, grad_weights = self.tape.gradient(
            self.output,
            (self.inputs, weights),
            output_gradients=tf.constant(grad_output),
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return ProbedCall(
            layer=self.call.layer,
            index=self.call.index,
            inputs=tuple(tensor.numpy() for tensor in self.inputs),
            output=self.output.numpy(),
            grad_output=np.asarray(grad_output),
            grad_inputs=tuple(gradient.numpy() for gradient in grad_inputs),
            grad_weights={name: gradient.numpy() for name, gradient in grad_weights.items()},
        )
