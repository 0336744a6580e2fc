"""Photographs for the tests: SIGNS where it is at hand, else drawings. Nothing is downloaded."""

import functools
import os

import keras

from experiments.photo_tasks import PhotoTask
from experiments.signs import SignsData, load_signs
from experiments.signs.synthetic import draw_signs


@functools.cache
def photographs() -> SignsData:
    if os.environ.get("SIGNS_DATA"):
        return load_signs()
    return SignsData.from_splits(draw_signs(train=12, test=12), synthetic=True)


def train_briefly(model: keras.Model, task: PhotoTask, steps: int = 3) -> None:
    """A few steps of gradient descent, after which no bias is zero and no kernel as drawn."""
    # For few steps a graph is not worth its drawing.
    model.compile(keras.optimizers.SGD(0.05), task.loss, run_eagerly=True)
    for _ in range(steps):
        model.train_on_batch(task.x, task.y)
