"""Whole networks and blocks at work in both twins, with the same weights and inputs."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import scratch
from experiments.applications.networks import build as build_application
from experiments.applications.networks import prepared
from experiments.lockstep.optimizers import scratch_optimizer
from experiments.lockstep.sides import KerasSide
from experiments.passes import FORWARD, keras_runs, scratch_runs
from experiments.photo_tasks import PhotoTask, photo_task
from experiments.signs import SignsData
from experiments.speed.work import Build, Sides
from experiments.timing import Run
from keras_models import copy_weights, to_scratch
from keras_models.zoo import NETWORKS as KERAS_NETWORKS
from scratch.zoo import NETWORKS


def training_step(network: str, batch: int) -> Build:
    """Forward, backward and update of a network of the zoo on photographs, with Adam."""

    def build(signs: SignsData, rng: np.random.Generator) -> Sides:
        ours, theirs, task = _on_photographs(network, batch, signs, rng)
        optimizer = keras.optimizers.Adam()
        ours.compile(scratch_optimizer(optimizer), task.loss)
        compiled = KerasSide(theirs, optimizer, task.loss).compiled
        x, y = tf.constant(task.x), tf.constant(task.y)
        return Sides(lambda: ours.train_step(task.x, task.y), lambda: np.asarray(compiled(x, y)[0]))

    return build


def inference(network: str, batch: int) -> Build:
    """The forward pass of a network of the zoo on photographs."""

    def build(signs: SignsData, rng: np.random.Generator) -> Sides:
        ours, theirs, task = _on_photographs(network, batch, signs, rng)
        return Sides(lambda: ours.predict_on_batch(task.x), _forward(theirs, task.x))

    return build


def block(build_keras: Callable[[], keras.Model], passes: str, batch: int) -> Build:
    """Passes of any Keras model and its twin on random numbers, all gradients included.

    Args:
        build_keras: Builds the model.
        passes: One of `passes.PASSES`.
        batch: How many images.
    """

    def build(_signs: SignsData, rng: np.random.Generator) -> Sides:
        model = build_keras()
        x, dy = (
            rng.standard_normal((batch, *shape[1:])).astype(np.float32)
            for shape in (model.input_shape, model.output_shape)
        )
        ours, theirs = scratch_runs(to_scratch(model), x, dy), keras_runs(model, x, dy)
        return Sides(ours[passes], theirs[passes])

    return build


def application(name: str, size: int, batch: int) -> Build:
    """The forward pass of one of keras.applications, with random weights, on photographs.

    Args:
        name: As in `keras.applications`.
        size: Height and width to which the photographs are resized.
        batch: How many of them.
    """

    def build(signs: SignsData, rng: np.random.Generator) -> Sides:
        shape = (size, size, 3)
        model = build_application(name, shape, seed=0)
        x = prepared(name, signs.x_test[rng.permutation(len(signs.x_test))[:batch]], shape)
        ours = to_scratch(model)
        return Sides(lambda: ours.predict_on_batch(x), _forward(model, x))

    return build


def _on_photographs(
    network: str, batch: int, signs: SignsData, rng: np.random.Generator
) -> tuple[scratch.Model, keras.Model, PhotoTask]:
    """Both twins with the same weights, and photographs for them."""
    ours, theirs = NETWORKS[network](), KERAS_NETWORKS[network]()
    copy_weights(ours, theirs)
    return ours, theirs, photo_task(theirs, signs, batch, rng)


def _forward(model: keras.Model, x: np.ndarray) -> Run:
    """Keras' forward pass, as `keras_runs` makes it."""
    return keras_runs(model, x, np.zeros(0, np.float32))[FORWARD]
