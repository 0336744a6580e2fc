"""One step of `fit` in lockstep: gradients, moving statistics and updates, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import keras
import pandas as pd

from experiments.applications.compared import BATCH, LOSS
from experiments.applications.networks import build, prepared, small_shape
from experiments.lockstep import FitStep, fit_step
from experiments.signs import SignsData

NAMES = ("ResNet50", "MobileNetV2")


def fit_steps(
    names: Iterable[str], signs: SignsData, seed: int, advance: Callable[[float], None]
) -> dict[str, FitStep]:
    """Each network's first step by SGD with momentum on a batch of photographs."""
    found = {}
    for name in names:
        keras.backend.clear_session()
        shape = small_shape(name)
        model = build(name, shape, seed)
        x, y = prepared(name, signs.x_train[:BATCH], shape), signs.y_train[:BATCH]
        found[name] = fit_step(model, x, y, keras.optimizers.SGD(0.01, momentum=0.9), LOSS)
        advance(1)
    return found


def part_table(found: dict[str, FitStep]) -> pd.DataFrame:
    """One row a network and part of its step."""
    return pd.concat(
        [step.parts.assign(network=name) for name, step in found.items()], ignore_index=True
    )


def layer_table(found: dict[str, FitStep]) -> pd.DataFrame:
    """One row a network and layer."""
    return pd.concat(
        [step.layers.assign(network=name) for name, step in found.items()], ignore_index=True
    )
