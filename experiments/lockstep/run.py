"""Both twins, step by step, from the same weights over the same batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import keras

import scratch
from experiments.lockstep.batches import Batch
from experiments.lockstep.record import Record, Step, difference
from experiments.lockstep.sides import KerasSide, ScratchSide
from keras_models.convert import copy_weights
from scratch.optimizers import Optimizer, through_float32


def lockstep(
    scratch_model: scratch.Model,
    keras_model: keras.Model,
    batches: Iterable[Batch],
    optimizer: Optimizer,
    keras_optimizer: keras.Optimizer,
    *,
    loss: str = "sparse_categorical_crossentropy",
    learning_rate: Callable[[int], float] | None = None,
    observe: Callable[[Step], None] | None = None,
) -> Record:
    """Train both models on every batch, and write down how far they are apart.

    The Keras model starts from the scratch model's weights. After that neither side sees the
    other: what differs is what the two computed.

    Args:
        scratch_model: Trained in place.
        keras_model: Its twin, likewise.
        batches: What both are given.
        optimizer: The scratch side's, fresh.
        keras_optimizer: The Keras side's, fresh; `scratch_optimizer` makes its counterpart.
        loss: A loss name that both sides know.
        learning_rate: The learning rate of an epoch, counted from 1, on both sides; None leaves
            the optimizers'.
        observe: Called after each step.

    Raises:
        ValueError: An optimizer has updates behind it, or the models' weights do not fit.
    """
    _check_fresh(optimizer, keras_optimizer)
    copy_weights(scratch_model, keras_model)
    ours = ScratchSide(scratch_model, optimizer, loss)
    theirs = KerasSide(keras_model, keras_optimizer, loss)
    record = Record()
    for number, batch in enumerate(batches, start=1):
        if learning_rate:
            keras_optimizer.learning_rate = learning_rate(batch.epoch)
            optimizer.learning_rate = through_float32(learning_rate(batch.epoch))
        step = _step(number, batch, ours, theirs, record)
        if observe:
            observe(step)
    return record


def _step(number: int, batch: Batch, ours: ScratchSide, theirs: KerasSide, record: Record) -> Step:
    """Take one step on both sides and add it to the record."""
    scratch_step, keras_step = ours.step(batch.x, batch.y), theirs.step(batch.x, batch.y)
    gradients = scratch_step.gradients, keras_step.gradients
    weights = ours.weights, theirs.weights
    gradient, weight = difference(*gradients), difference(*weights)
    step = Step(
        step=number,
        epoch=batch.epoch,
        samples=len(batch.y),
        loss_scratch=scratch_step.loss,
        loss_keras=keras_step.loss,
        loss_difference=abs(scratch_step.loss - keras_step.loss),
        gradient_difference=gradient.value,
        gradient_furthest=gradient.furthest,
        weight_difference=weight.value,
        weight_furthest=weight.furthest,
        seconds_scratch=scratch_step.seconds,
        seconds_keras=keras_step.seconds,
    )
    record.add(step, gradients, weights)
    return step


def _check_fresh(optimizer: Optimizer, keras_optimizer: keras.Optimizer) -> None:
    updates = optimizer.iterations, int(keras_optimizer.iterations)
    if updates != (0, 0):
        raise ValueError(
            "A lockstep run starts with fresh optimizers, but scratch's has made "
            f"{updates[0]} updates and Keras' {updates[1]}; create new ones."
        )
