"""Layer-by-layer comparison of a scratch model with its Keras twin.

Each layer call is compared twice. *Isolated*: the scratch layer gets the Keras layer's own input
and upstream gradient, so that what differs is that layer's doing, and the verdict follows from the
rounding bounds of `experiments.bounds`. *Propagated*: both networks run end to end, which shows how
rounding grows with depth, and whether the scratch model hands on what its layers compute.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pandas as pd

from experiments.compare.comparison import COLUMNS, Comparison
from experiments.compare.isolated import isolated_rows
from experiments.compare.pairing import pair_calls
from experiments.compare.propagated import PASSES, propagated_rows
from experiments.compare.task import task_for
from experiments.compare.untouched import unchanged
from experiments.compare.verdicts import FAULT
from experiments.progress import Progress
from keras_models.convert import to_scratch
from keras_models.probe import probe_backwards
from scratch.functional.convolution import using_algorithm


def compare_layers(
    scratch_model: Any,
    keras_model: Any,
    x: Any,
    y: Any,
    loss: Any = "sparse_categorical_crossentropy",
    training: bool = True,
    progress: Progress | None = None,
    algorithm: str = "exact",
) -> Comparison:
    """Compare every layer's output, input gradient and weight gradients.

    Neither model is changed: moving statistics and whatever else moves are put back. Dropout uses
    the masks that Keras drew. Each tensor is dropped as soon as it has been compared.

    Args:
        scratch_model: The NumPy model.
        keras_model: Its twin; layers are matched by name, or by order where the names differ.
        x: Input, (batch, ...), in the models' dtype; for several inputs a list, or a dict by the
            inputs' names.
        y: Targets, as the loss takes them; a list for several outputs.
        loss: A Keras loss name (from probabilities, as in Keras) or instance; for several outputs
            a list, or one for all. Their losses are added up.
        training: Whether both run as in training.
        progress: Where to show how far the comparison is; nowhere when None.
        algorithm: How the scratch side computes its convolutions, one of
            `scratch.functional.convolution.CHOICES`. The bounds are those of the algorithms that
            run: "exact" has the narrowest, "auto" is what training uses.

    Raises:
        ValueError: The models have different layers or connections, there is nothing to compare,
            x is empty or not finite, or there is no such algorithm.
        TypeError: The models and x are not of one dtype.
        UnsupportedLayerError: The Keras model has a layer without counterpart.

    Example:
        >>> compare_layers(to_scratch(model), model, x, y).ok
        True
    """
    judge = to_scratch(keras_model, dtype="float64")
    pairs = pair_calls(scratch_model, keras_model, judge)
    task = task_for(scratch_model, keras_model, x, y, loss, training)
    steps = (1 + PASSES) * len(pairs)
    shown = progress.task("comparing layers", steps) if progress else nullcontext(_nowhere)
    # NaN and inf are found by their verdict.
    quietly = np.errstate(all="ignore")
    with using_algorithm(algorithm), shown as advance, quietly, unchanged(scratch_model):
        total, calls = probe_backwards(keras_model, task.x, task.y, loss, training)
        isolated, probed = [], []
        for pair, call in zip(reversed(pairs), calls, strict=True):
            isolated.append(isolated_rows(pair, call, task))
            probed.append(call)
            advance(1)
        rows = [row for rows in reversed(isolated) for row in rows]
        faulty = any(row["verdict"] == FAULT for row in rows)
        models = (scratch_model, judge)
        rows += propagated_rows(pairs, probed[::-1], models, task, faulty, advance)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Comparison(table, task.dtype, training, total, algorithm)


def _nowhere(_steps: float) -> None:
    """Show progress nowhere."""
