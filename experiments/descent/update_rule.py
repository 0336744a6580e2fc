"""Whether a step is source C's: W -= eta / batchsize * sum dL/dW, on both sides.

1. The gradient of a batch is the sum of its photographs' gradients. With pixels, weights and
   upstream gradients in whole numbers float64 holds every product and sum exactly (all stay far
   below 2^53), so that both sides must give the same numbers, one photograph at a time and all at
   once.
2. In real numbers the mean over the photographs, taken layer by layer from the Keras layer's own
   input and upstream gradient, is one more order in which to add the n products of the batch's
   gradient: both are off by at most gamma_n (|x| . |dy|) (Higham 2002, section 3.1). Batches of
   2^k photographs make the division by their number exact.
3. The update is two roundings of the step and one of the difference: the scratch SGD, Keras' SGD
   and the formula as it stands are each within that of the exact result.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

import scratch
from experiments.bounds import layer_bounds
from experiments.compare.verdicts import judged
from experiments.descent.method import LOSS, METHODS, Method
from experiments.descent.training import twins
from experiments.lockstep import scratch_optimizer
from experiments.rounding import Bounded, Precision, exactly
from experiments.signs import SignsData
from keras_models.convert import to_keras, to_scratch
from keras_models.probe import probe
from scratch import losses
from scratch.objective import objective
from scratch.optimizers import through_float32
from scratch.reference.theory import sgd_update

Array = np.ndarray
Tensors = dict[str, Array]
Rows = list[dict[str, Any]]

_PRECISION = Precision("float64")
_WHOLE = 8  # photographs in the check in whole numbers
_BATCH = 64
_LARGEST_WEIGHT = 2
_LARGEST_UPSTREAM = 3


def check_update_rule(signs: SignsData, seed: int) -> Rows:
    """Rows of the table `update_rule`.

    Args:
        signs: The data as read, uint8.
        seed: Of all weights and choices.

    Returns:
        For each check: what was held against what, the largest difference, the largest
        difference / its bound (0 where equal bit for bit), and whether it holds.
    """
    data = signs.scaled("float64")
    return [
        *_whole_number_sums(signs, seed),
        *_means_of_gradients(data, seed),
        *_updates(data, seed),
    ]


def _whole_number_sums(signs: SignsData, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    ours = _logits_network(twins(seed, "float64")[0])
    for layer in ours.layers:
        for weight in layer.weights.values():
            weight[...] = _whole_numbers(rng, _LARGEST_WEIGHT, weight.shape)
    theirs = to_keras(ours)
    x = signs.x_train[:_WHOLE].astype(np.float64)
    dy = _whole_numbers(rng, _LARGEST_UPSTREAM, (_WHOLE, *ours.output_shape[1:]))
    sides = {
        "NumPy": lambda x, dy: _numpy_gradients(ours, x, dy),
        "Keras": lambda x, dy: _keras_gradients(theirs, x, dy),
    }
    batch = {side: gradients(x, dy) for side, gradients in sides.items()}
    held = [("NumPy, the batch", "Keras, the batch", batch["NumPy"], batch["Keras"])]
    for side, gradients in sides.items():
        one_by_one = [gradients(x[i : i + 1], dy[i : i + 1]) for i in range(_WHOLE)]
        added = np.sum(one_by_one, axis=0)
        held.append((f"{side}, photographs added up", f"{side}, the batch", added, batch[side]))
    check = "gradient of a batch = sum over photographs, whole numbers"
    return [
        _row(check, computed, compared, _WHOLE, (one, other, exactly(other)))
        for computed, compared, one, other in held
    ]


def _whole_numbers(rng: np.random.Generator, largest: int, shape: tuple[int, ...]) -> Array:
    return rng.integers(-largest, largest + 1, shape).astype(np.float64)


def _means_of_gradients(data: SignsData, seed: int) -> Rows:
    """The mean over a batch of NumPy's gradients against Keras' gradient of the batch."""
    theirs = to_keras(_logits_network(twins(seed, "float64")[0]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    size = 2 ** int(np.log2(min(_BATCH, len(data.y_train))))
    calls = probe(theirs, data.x_train[:size], data.y_train[:size], loss).calls
    layers = {layer.name: layer for layer in to_scratch(theirs).layers}
    rows = []
    for call in calls:
        if not call.grad_weights:
            continue
        layer, (x,), dy = layers[call.layer.name], call.inputs, call.grad_output
        bounds = layer_bounds(layer, [x], dy, True, _PRECISION)
        mean = _mean_gradient(layer, x, dy)
        for name, gradient in call.grad_weights.items():
            rows.append(
                _row(
                    "gradient of a batch = mean over photographs",
                    f"NumPy, one at a time: {call.layer.name}/{name}",
                    "Keras, the batch",
                    size,
                    (mean[name], gradient, bounds[f"grad:{name}"]),
                )
            )
    return rows


def _mean_gradient(layer: Any, x: Array, dy: Array) -> Tensors:
    """The mean of a layer's gradients of the single photographs' losses.

    `dy` is that of the mean loss: a photograph's own is as many times larger as there are
    photographs.
    """
    sums: Tensors = {}
    for i in range(len(x)):
        layer.gradients.clear()
        layer.forward(x[i : i + 1], training=True)
        layer.backward(dy[i : i + 1] * len(x))
        for name, gradient in layer.gradients.items():
            sums[name] = sums.get(name, 0.0) + gradient
    return {name: total / len(x) for name, total in sums.items()}


def _updates(data: SignsData, seed: int) -> Rows:
    """One update of conv1's kernel by each method: the formula against both sides' SGD."""
    model = twins(seed, "float64")[0]
    kernel = model.weights["conv1/kernel"].copy()
    rows = []
    for method in METHODS:
        size = method.batch_size(len(data.y_train))
        total = _gradient_sum(model, data.x_train[:size], data.y_train[:size])
        rate = through_float32(method.learning_rate)
        formula = sgd_update(kernel, total, rate, size)
        step = _PRECISION.round(rate / size * total, np.zeros((3, *kernel.shape)), n=2)
        bounded = _PRECISION.subtract(exactly(kernel), step)
        for side, updated in _sgd_updates(kernel, total / size, method).items():
            rows.append(
                _row(
                    "update = W - eta / batchsize * sum dL/dW",
                    side,
                    "reference.theory.sgd_update",
                    size,
                    (updated, formula, bounded),
                )
            )
    return rows


def _gradient_sum(model: scratch.Model, x: Array, y: Array) -> Array:
    """dL/dW of conv1's kernel, summed over the photographs."""
    wanted = objective(model, losses.get(LOSS))
    total = np.zeros(model.weights["conv1/kernel"].shape)
    for start in range(0, len(x), _BATCH):
        part = slice(start, start + _BATCH)
        logits = wanted.network.forward(x[part], training=True)
        wanted.network.backward(wanted.loss.gradient(y[part], logits) * len(logits))
        total += wanted.network.gradients["conv1/kernel"]
    return total


def _sgd_updates(kernel: Array, gradient: Array, method: Method) -> Tensors:
    """The kernel after one step of both sides' SGD with the batch's mean gradient."""
    optimizer = keras.optimizers.SGD(method.learning_rate)
    ours, theirs = kernel.copy(), keras.Variable(kernel, dtype="float64")
    scratch_optimizer(optimizer).update(ours, gradient, {})
    optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")], [theirs])
    return {"NumPy SGD": ours, "Keras SGD": np.asarray(theirs)}


def _row(
    check: str, computed: str, compared: str, size: int, tensors: tuple[Array, Array, Bounded]
) -> dict[str, Any]:
    """One row of the table; `tensors` are those two and the bound of either."""
    measured = judged(*tensors, "")
    return {
        "check": check,
        "batch_size": size,
        "computed_by": computed,
        "compared_with": compared,
        "numbers": tensors[0].size,
        "largest_difference": measured.max_abs_diff,
        "error_ratio": measured.error_ratio,
        "holds": measured.error_ratio <= 1,
    }


def _logits_network(model: scratch.Model) -> scratch.Model:
    """The network up to its logits, of which the training loss is taken."""
    return objective(model, losses.get(LOSS)).network


def _numpy_gradients(model: scratch.Model, x: Array, dy: Array) -> Array:
    """Every weight's gradient in one row of numbers, in the order of the layers."""
    model.forward(x, training=True)
    model.backward(dy)
    return np.concatenate([model.gradients[key].ravel() for key in model.weights])


def _keras_gradients(model: keras.Model, x: Array, dy: Array) -> Array:
    """As `_numpy_gradients`."""
    weights = [weight.value for weight in model.trainable_weights]
    with tf.GradientTape() as tape:
        y = model(tf.constant(x), training=True)
    gradients = tape.gradient(y, weights, output_gradients=tf.constant(dy))
    return np.concatenate([gradient.numpy().ravel() for gradient in gradients])
