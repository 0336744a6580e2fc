"""Time the NumPy twin against the Keras twin: `make bench`.

Both run interleaved in one process, warm, so that a machine that slows down slows down both; what
counts is the ratio of the medians. TensorFlow gets its best form: compiled graphs, tensors already
on the device. A benchmark is not a test: it judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from rich.table import Table as Grid
from threadpoolctl import threadpool_info

from experiments.lockstep.optimizers import scratch_optimizer
from experiments.lockstep.sides import KerasSide
from experiments.photo_tasks import photo_task
from experiments.progress import Progress
from experiments.signs import load_signs
from experiments.terminal import console
from experiments.timing import WARM_UP, interleaved
from keras_models import copy_weights
from keras_models.zoo import NETWORKS as KERAS_NETWORKS
from scratch.zoo import NETWORKS

BATCH = 64
REPEATS = 25


class Work(NamedTuple):
    """One piece of work, ready to run on either side."""

    name: str
    scratch: Callable[[], Any]
    keras: Callable[[], Any]


def works(network: str) -> list[Work]:
    """A training step and a forward pass of one network of the zoo on a batch of photographs."""
    ours, theirs = NETWORKS[network](), KERAS_NETWORKS[network]()
    copy_weights(ours, theirs)
    task = photo_task(theirs, load_signs(), BATCH, np.random.default_rng(0))
    optimizer = keras.optimizers.Adam()
    ours.compile(scratch_optimizer(optimizer), task.loss)
    keras_side = KerasSide(theirs, optimizer, task.loss)
    x, y = tf.constant(task.x), tf.constant(task.y)
    infer = tf.function(lambda images: theirs(images, training=False))
    return [
        Work(
            f"{network}, training step",
            lambda: ours.train_step(task.x, task.y),
            lambda: keras_side.compiled(x, y)[0].numpy(),
        ),
        Work(f"{network}, inference", lambda: ours.forward(task.x), lambda: infer(x).numpy()),
    ]


def print_benchmark() -> None:
    """Time every piece of work and print the table."""
    threads = {info["internal_api"]: info["num_threads"] for info in threadpool_info()}
    out, progress = console(), Progress()
    grid = Grid(title=f"Median milliseconds of {REPEATS}, float32, batch {BATCH}")
    grid.add_column("work")
    for title in ("NumPy", "TensorFlow", "NumPy / TensorFlow"):
        grid.add_column(title, justify="right")
    pieces = [work for network in ("signs_convnet", "signs_deep") for work in works(network)]
    with progress.task("runs", 2 * len(pieces) * (WARM_UP + REPEATS)) as advance:
        for work in pieces:
            sides = {"NumPy": work.scratch, "TensorFlow": work.keras}
            timings = interleaved(sides, REPEATS, advance)
            ours, theirs = (timings[side].median for side in sides)
            cells = f"{1000 * ours:.1f}", f"{1000 * theirs:.1f}", f"{ours / theirs:.2f}"
            grid.add_row(work.name, *cells)
    out.print(grid)
    intra = tf.config.threading.get_intra_op_parallelism_threads()
    out.print(f"BLAS threads {threads}; TensorFlow intra-op threads {intra or 'all cores'}")
