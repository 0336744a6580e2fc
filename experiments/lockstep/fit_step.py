"""One `fit` step of both twins, judged part by part and layer by layer.

What two networks differ by after a step is made of all that their layers, statistics and updates
differ by, and no bound of the whole is known. So each part is judged on its own, from what the
Keras side gives it: every layer's output and gradients from that layer's own input and upstream
gradient, the moving statistics from the layer's own input, the penalties from the weights, and the
updates from the Keras side's gradients and optimizer state. Each has a derived bound
(`experiments.bounds`). Besides, both twins really `fit` one step, and how far their weights are
apart after it is measured. That may be as much as the step itself: Adam's first step is the
learning rate times the gradient's sign, also where the gradient is hardly more than rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
import pandas as pd

import scratch
from experiments.compare import Comparison
from experiments.lockstep.both_fit import both_fit
from experiments.lockstep.differentiated import Differentiated
from experiments.lockstep.optimizers import scratch_optimizer
from experiments.lockstep.parts import (
    MOVING,
    Judged,
    judged_penalties,
    judged_statistics,
    judged_unmoved,
    judged_updates,
    keras_penalty_gradients,
)
from experiments.lockstep.sides import Tensors
from experiments.lockstep.step_outcome import (
    COLUMNS,
    GRADIENT,
    PENALTY,
    STATISTICS,
    UNMOVED,
    UPDATE,
    FitStep,
)
from experiments.lockstep.updates import Start, optimizer_state
from keras_models.convert import copy_weights, to_scratch
from keras_models.probe import Probe
from keras_models.weights import keras_variables, read_weights
from scratch.layers import BatchNormalization
from scratch.optimizers import Optimizer


def fit_step(
    keras_model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    optimizer: keras.Optimizer,
    loss: str = "sparse_categorical_crossentropy",
    *,
    twin: scratch.Model | None = None,
    twin_optimizer: Optimizer | None = None,
) -> FitStep:
    """Let both twins fit one batch, and judge every part of the step.

    Called again with the same model and optimizer, it takes the next step.

    Args:
        keras_model: Compiled and trained in place by this one step.
        x: The batch in the model's dtype, (batch, ...).
        y: Its targets, as the loss takes them.
        optimizer: An SGD or Adam.
        loss: A loss name that both sides know.
        twin: The scratch model to judge, which gets the Keras model's weights; None converts it.
        twin_optimizer: The scratch optimizer to judge; None takes the counterpart of `optimizer`.

    Raises:
        UnsupportedLayerError: A layer has no counterpart.
        ValueError: The optimizer has none, the twins' weights do not fit, or the loss is unknown.
        TypeError: x is not of the model's dtype.

    Example:
        >>> model = keras.applications.ResNet50(weights=None, classes=6)
        >>> fit_step(model, x, y, keras.optimizers.Adam()).ok
        True
    """
    ours = twin or to_scratch(keras_model)
    judge = to_scratch(keras_model, dtype="float64")
    copy_weights(keras_model, ours)
    right = scratch_optimizer(optimizer)
    examined = twin_optimizer or scratch_optimizer(optimizer)
    step = Differentiated(ours, keras_model, loss)
    rows = _gradient_rows(step.compare(x, y))
    probed = step.probe(x, y)
    rows += _rows(STATISTICS, judged_statistics(ours, judge, probed), ours)

    trained = _trained(keras_model)
    penalties = keras_penalty_gradients(trained)
    rows += _rows(PENALTY, judged_penalties(ours, judge, penalties), ours)
    start = _start(keras_model, optimizer, trained, probed, penalties)
    updated = _keras_update(keras_model, optimizer, trained, start)
    rows += _rows(UPDATE, judged_updates(ours, examined, right, start, updated), ours)

    copy_weights(keras_model, ours)
    examined.load_variables(start.state)
    losses = both_fit(ours, keras_model, examined, optimizer, x, y, loss)
    after = read_weights(ours), read_weights(keras_model)
    rows += _rows(UNMOVED, judged_unmoved(_staying(judge), start.weights, *after), ours)
    table = _with_fit(pd.DataFrame(rows), start.weights, *after)
    return FitStep(table[COLUMNS], ours.dtype.name, *losses)


def _gradient_rows(comparison: Comparison) -> list[dict[str, Any]]:
    rows = comparison.isolated.assign(part=GRADIENT).to_dict("records")
    return [{str(column): value for column, value in row.items()} for row in rows]


def _rows(part: str, found: Iterable[Judged], model: scratch.Model) -> list[dict[str, Any]]:
    types = {layer.name: type(layer).__name__ for layer in model.layers}
    return [
        {
            **vars(judged.measured),
            "layer": judged.layer,
            "type": types[judged.layer.partition(" (use ")[0]],
            "part": part,
            "tensor": judged.weight,
        }
        for judged in found
    ]


def _trained(model: keras.Model) -> dict[str, keras.Variable]:
    """The trained weights by "layer/weight", in the order in which `fit` builds the optimizer."""
    names = {id(variable): key for key, variable in keras_variables(model).items()}
    return {names[id(variable)]: variable for variable in model.trainable_variables}


def _start(
    model: keras.Model,
    optimizer: keras.Optimizer,
    trained: dict[str, keras.Variable],
    probed: Probe,
    penalties: Tensors,
) -> Start:
    """What the update starts from: the probe's gradients, penalties added."""
    if not optimizer.built:
        optimizer.build(list(trained.values()))
    found = {
        f"{layer}/{name}": gradient
        for layer, gradients in probed.grad_weights.items()
        for name, gradient in gradients.items()
    }
    gradients = {
        key: found[key] + penalties[key] if key in penalties else found[key] for key in trained
    }
    return Start(read_weights(model), gradients, optimizer_state(optimizer, trained))


def _keras_update(
    model: keras.Model, optimizer: keras.Optimizer, trained: dict[str, keras.Variable], start: Start
) -> Tensors:
    """Keras' weights after its update; model and optimizer are left as they were."""
    variables = [*trained.values(), *optimizer.variables]
    before = [variable.numpy() for variable in variables]
    optimizer.apply([start.gradients[key] for key in trained], list(trained.values()))
    updated = read_weights(model)
    for variable, values in zip(variables, before, strict=True):
        variable.assign(values)
    return updated


def _staying(model: scratch.Model) -> list[str]:
    """The weights that a step must not move."""
    moving = {
        f"{layer.name}/{name}"
        for layer in model.layers
        for name in (
            *layer.trainable_weights,
            *(MOVING if isinstance(layer, BatchNormalization) and layer.trainable else ()),
        )
    }
    return [key for key in model.weights if key not in moving]


def _with_fit(table: pd.DataFrame, before: Tensors, ours: Tensors, theirs: Tensors) -> pd.DataFrame:
    """The table with how far `fit` moved each weight, and how far apart it left the twins."""
    keys = table.layer.str.replace(r" \(use \d+\)$", "", regex=True) + "/" + table.tensor
    is_weight = table.part.isin((STATISTICS, UPDATE, UNMOVED))

    def largest(a: Tensors, b: Tensors) -> Iterator[float]:
        for key, wanted in zip(keys, is_weight, strict=True):
            yield float(np.abs(a[key].astype(np.float64) - b[key]).max()) if wanted else np.nan

    return table.assign(
        moved=list(largest(theirs, before)), fit_abs_diff=list(largest(ours, theirs))
    )
