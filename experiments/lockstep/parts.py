"""The parts of a training step beside the gradients, each judged from what Keras gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

import scratch
from experiments.bounds.penalties import penalty_gradient_bounds
from experiments.bounds.statistics import statistics_bounds
from experiments.compare.verdicts import Measured, judged
from experiments.lockstep.sides import Tensors
from experiments.lockstep.updates import Start, bounded_updates, updated
from experiments.rounding import Precision, exactly
from keras_models.probe import Probe, ProbedCall
from scratch.layers import BatchNormalization
from scratch.optimizers import Optimizer
from scratch.regularizers import L2

MOVING = ("moving_mean", "moving_variance")


class Judged(NamedTuple):
    """A weight of a layer, and how far the twins are apart there."""

    layer: str
    weight: str
    measured: Measured


def judged_statistics(
    model: scratch.Model, judge: scratch.Model, probed: Probe
) -> Iterator[Judged]:
    """Every batch normalization's moving statistics, moved by its own input on the Keras side.

    Args:
        model: What is judged; left as it was.
        judge: The same model in float64.
        probed: The Keras side's calls, in training.
    """
    for call in probed.calls:
        layer: Any = model.get_layer(call.name)
        exact: Any = judge.get_layer(call.name)
        if not (isinstance(exact, BatchNormalization) and exact.trainable):
            continue
        bounds = statistics_bounds(exact, call.inputs[0].astype(np.float64), Precision(model.dtype))
        ours, theirs = _moved_by_scratch(layer, call), _moved_by_keras(call)
        use = call.name if call.index == 0 else f"{call.name} (use {call.index + 1})"
        for name in MOVING:
            yield Judged(use, name, judged(ours[name], theirs[name], bounds[name], ""))


def _moved_by_scratch(layer: BatchNormalization, call: ProbedCall) -> Tensors:
    before = {name: layer.weights[name].copy() for name in MOVING}
    layer.forward(call.inputs[0].copy(), training=True)
    moved = {name: layer.weights[name].copy() for name in MOVING}
    for name, values in before.items():
        layer.weights[name][...] = values
    return moved


def _moved_by_keras(call: ProbedCall) -> Tensors:
    variables = {name: getattr(call.layer, name) for name in MOVING}
    before = {name: variable.numpy() for name, variable in variables.items()}
    call.layer(tf.constant(call.inputs[0]), training=True)
    moved = {name: variable.numpy() for name, variable in variables.items()}
    for name, values in before.items():
        variables[name].assign(values)
    return moved


def keras_penalty_gradients(trained: Mapping[str, keras.Variable]) -> Tensors:
    """What regularizers add to the gradients of Keras' weights, where there are any."""
    found = {}
    for key, variable in trained.items():
        if variable.regularizer is not None:
            with tf.GradientTape() as tape:
                penalty = variable.regularizer(variable)
            found[key] = tape.gradient(
                penalty, variable.value, unconnected_gradients="zero"
            ).numpy()
    return found


def judged_penalties(
    model: scratch.Model, judge: scratch.Model, theirs: Tensors
) -> Iterator[Judged]:
    """The gradient of every penalty that either side has.

    Args:
        model: What is judged.
        judge: The twin of the Keras model, whose regularizers are the right ones.
        theirs: As `keras_penalty_gradients` gives them.
    """
    precision, none = Precision(model.dtype), L2(0.0)
    for layer in model.layers:
        right = judge.get_layer(layer.name).regularizers
        for name, weight in layer.trainable_weights.items():
            if name not in right and name not in layer.regularizers:
                continue
            ours = layer.regularizers.get(name, none).gradient(weight)
            given = theirs.get(f"{layer.name}/{name}", np.zeros_like(weight))
            bounded = penalty_gradient_bounds(right.get(name, none), weight, precision)
            yield Judged(layer.name, name, judged(ours, given, bounded, ""))


def judged_updates(
    model: scratch.Model, optimizer: Optimizer, right: Optimizer, start: Start, theirs: Tensors
) -> Iterator[Judged]:
    """Every trained weight after the update, from Keras' gradients and optimizer state.

    Args:
        model: Gets the updated weights.
        optimizer: What is judged.
        right: The counterpart of the Keras optimizer.
        start: What both sides update.
        theirs: Keras' weights after its update.
    """
    bounds = bounded_updates(right, start, Precision(model.dtype))
    ours = updated(model, optimizer, start)
    for key, bounded in bounds.items():
        layer, _, weight = key.rpartition("/")
        yield Judged(layer, weight, judged(ours[key], theirs[key], bounded, ""))


def judged_unmoved(
    keys: Iterable[str], before: Tensors, ours: Tensors, theirs: Tensors
) -> Iterator[Judged]:
    """Weights that a step must leave as they are: any difference is a fault.

    Args:
        keys: Their names.
        before: All weights before both sides' `fit`.
        ours: All of scratch's weights after it.
        theirs: All of Keras' weights after it.
    """
    for key in keys:
        layer, _, weight = key.rpartition("/")
        yield Judged(layer, weight, judged(ours[key], theirs[key], exactly(before[key]), ""))
