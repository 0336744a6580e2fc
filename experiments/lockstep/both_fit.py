"""Both twins `fit` one batch, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

import scratch
from experiments.compare.untouched import impose_masks
from keras_models.config import using_floatx
from keras_models.probe import probe
from scratch.layers import Dropout
from scratch.optimizers import Optimizer


def both_fit(
    ours: scratch.Model,
    theirs: keras.Model,
    optimizer: Optimizer,
    keras_optimizer: keras.Optimizer,
    x: np.ndarray,
    y: np.ndarray,
    loss: str,
) -> tuple[float, float]:
    """Compile both models and let each `fit` one epoch of one batch; both are trained in place.

    Dropout layers of the scratch model use the masks that Keras draws.

    Returns:
        The losses that (scratch, Keras) reported.
    """
    options: dict[str, Any] = {"batch_size": len(x), "shuffle": False, "verbose": 0}
    ours.compile(optimizer, loss)
    with using_floatx(x.dtype.name):
        # XLA would compile for minutes what is run once.
        theirs.compile(keras_optimizer, loss, jit_compile=False)
        with _keras_masks(ours, theirs, x, y, loss):
            history = ours.fit(x, y, **options)
        keras_history = theirs.fit(x, y, **options)
    return history.history["loss"][0], float(keras_history.history["loss"][0])


@contextmanager
def _keras_masks(
    ours: scratch.Model, theirs: keras.Model, x: np.ndarray, y: np.ndarray, loss: str
) -> Iterator[None]:
    """Inside the block the masks are those of Keras' next step, which a probe draws as well."""
    dropping = [layer for layer in ours.layers if isinstance(layer, Dropout) and layer.rate]
    calls = probe(theirs, x, y, loss).calls if dropping else []
    for layer in dropping:
        impose_masks(layer, [call for call in calls if call.name == layer.name])
    try:
        yield
    finally:
        for layer in dropping:
            del layer.draw_mask
