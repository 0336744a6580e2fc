"""Every layer's inputs, output and gradients in one pass through a Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_models.graph import Graph, LayerCall, flat_inputs, trace
from keras_models.layer_state import weight_name

Gradients = dict[str, np.ndarray]


@dataclass(frozen=True)
class ProbedCall:
    """What one use of one layer computed, forward and backward.

    Attributes:
        layer: The Keras layer or operation.
        name: Its path, as `LayerCall.name`.
        index: Which use of it, from 0; above 0 only where a layer is shared.
        inputs: Its input arrays: one, or several for a merge layer.
        output: Its output array.
        grad_output: dL/doutput, summed over all uses of that output.
        grad_inputs: What this call contributes to dL/dinput, for each input.
        grad_weights: What this call contributes to dL/dweight, for each trainable weight.
    """

    layer: Any
    name: str
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
        """dL/dweight of the whole model: layer path -> weight name -> the sum over its calls."""
        totals: dict[str, Gradients] = {}
        for call in self.calls:
            total = totals.setdefault(call.name, {})
            for name, gradient in call.grad_weights.items():
                total[name] = total[name] + gradient if name in total else gradient
        return totals


def probe(model: keras.Model, x: Any, y: Any, loss: Any, training: bool = True) -> Probe:
    """Run a Keras model layer by layer, forward and backward.

    With `training`, Dropout drops and BatchNormalization normalizes by the batch; what that
    moves (moving statistics, random states) is put back, so that the model is left as it was.
    The loss is that of the outputs as the user sees them: Keras' own step from probabilities back
    to logits is not taken. Penalties of regularizers are not part of it.

    Args:
        model: A built Sequential or Functional model, nested in any depth.
        x: The inputs in the model's dtype, (batch, ...); a list of arrays for several inputs, or
            the structure that the model itself takes.
        y: The targets, as the loss takes them; a list for several outputs.
        loss: A Keras loss, or the name of one; for several outputs a list, or one for all.
        training: The mode of the layers.

    Raises:
        TypeError: An input has not the dtype of the model, or `model` is a subclassed model.
        ValueError: An input has not the model's shape, or there is not one target, or one loss,
            for each output.
        UnsupportedLayerError: The model's graph is beyond `keras_models.graph.trace`.
    """
    value, calls = probe_backwards(model, x, y, loss, training)
    return Probe([*calls][::-1], value)


def probe_backwards(
    model: keras.Model, x: Any, y: Any, loss: Any, training: bool = True
) -> tuple[float, Iterator[ProbedCall]]:
    """As `probe`, but one call after the other, in the order of the backward pass.

    Who does not keep a call gives the memory back that it took. The arrays are TensorFlow's own
    memory, and read only.

    Returns:
        The loss, and the calls from the last to the first.
    """
    graph = trace(model)
    tensors = [tf.constant(array) for array in _checked_inputs(model, graph, x)]
    recorded: list[_Recorded] = []
    with _variables_restored(model):
        for call in graph.calls:
            values = [tensors[number] for number in call.inputs]
            recorded.append(_Recorded.run(call, values, training))
            tensors.append(recorded[-1].output)
    outputs = [tensors[number].numpy() for number in graph.outputs]
    value, gradients = total_loss(loss, y if graph.returns_list else [y], outputs)
    return value, _walk_back(recorded, graph.outputs, gradients)


def total_loss(
    loss: Any, y_true: Any, outputs: Sequence[np.ndarray]
) -> tuple[float, list[np.ndarray]]:
    """The sum of the outputs' losses, and its gradient by each output.

    Args:
        loss: A Keras loss, or the name of one, for all outputs; or a list of them.
        y_true: A list of targets, one for each output, or the structure of the model's outputs.
        outputs: The model's outputs.

    Raises:
        ValueError: There is not one target, or one loss, for each output; or a loss is not
            reduced to one number.
    """
    targets = keras.tree.flatten(y_true)
    losses = keras.tree.flatten(loss) if isinstance(loss, list | tuple | dict) else [loss]
    if len(losses) == 1:
        losses *= len(outputs)
    for given, what in ((targets, "y"), (losses, "loss")):
        if len(given) != len(outputs):
            raise ValueError(
                f"The model has {len(outputs)} outputs, got {len(given)} of {what}; give a list "
                "of one for each."
            )
    found = [loss_and_gradient(*each) for each in zip(losses, targets, outputs, strict=True)]
    return sum(value for value, _ in found), [gradient for _, gradient in found]


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
    given = flat_inputs(model, x) if isinstance(x, list | tuple | dict) else [x]
    arrays = [np.asarray(array) for array in given]
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


def _walk_back(
    recorded: list[_Recorded], outputs: Sequence[int], grad_outputs: Sequence[np.ndarray]
) -> Iterator[ProbedCall]:
    """Each call's gradients, from the last call to the first; `recorded` is emptied."""
    upstream: dict[int, np.ndarray | tf.Tensor] = {}

    def add(number: int, gradient: np.ndarray | tf.Tensor) -> None:
        if number in upstream:
            upstream[number] = np.asarray(upstream[number]) + np.asarray(gradient)
        else:
            upstream[number] = gradient

    for number, gradient in zip(outputs, grad_outputs, strict=True):
        add(number, gradient)
    while recorded:
        record = recorded.pop()
        call, gradients = record.backward(upstream.pop(record.call.output))
        for number, gradient in zip(record.call.inputs, gradients, strict=True):
            add(number, gradient)
        del record, gradients  # What is yielded may be kept or not: nothing here keeps it.
        yield call


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
            output = call.run(inputs, training)
        return cls(call, inputs, output, tape)

    def backward(self, grad_output: np.ndarray | tf.Tensor) -> tuple[ProbedCall, list[tf.Tensor]]:
        """The call as it is given out, and dL/dinputs as tensors to go on with."""
        layer = self.call.layer
        trained = getattr(layer, "trainable_weights", ())  # an operation has none
        weights = {weight_name(layer, variable): variable.value for variable in trained}
        grad_output = tf.convert_to_tensor(grad_output)
        grad_inputs, grad_weights = self.tape.gradient(
            self.output,
            (self.inputs, weights),
            output_gradients=grad_output,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        call = ProbedCall(
            layer=layer,
            name=self.call.name,
            index=self.call.index,
            inputs=tuple(map(np.asarray, self.inputs)),
            output=np.asarray(self.output),
            grad_output=np.asarray(grad_output),
            grad_inputs=tuple(map(np.asarray, grad_inputs)),
            grad_weights={name: np.asarray(gradient) for name, gradient in grad_weights.items()},
        )
        return call, grad_inputs
