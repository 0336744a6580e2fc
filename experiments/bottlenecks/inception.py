"""GoogLeNet's nine inception modules, with and without their 1x1 reductions.

Szegedy et al., "Going deeper with convolutions" (2015), Table 1. Its K is 1024 in the parameter
column, whose entries beyond module 3b follow from the channels under no single rule (with biases
or without, rounded or cut); they are shown beside the counts, never counted towards.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import pandas as pd
from keras import layers

from experiments.complexity import count


class Module(NamedTuple):
    """One row of the paper's Table 1: sizes and channels, then its own two columns."""

    name: str
    size: int
    channels_in: int
    conv_1x1: int
    reduce_3x3: int
    conv_3x3: int
    reduce_5x5: int
    conv_5x5: int
    pool_project: int
    paper_parameters_k: int
    paper_ops_m: int


MODULES = (
    Module("3a", 28, 192, 64, 96, 128, 16, 32, 32, 159, 128),
    Module("3b", 28, 256, 128, 128, 192, 32, 96, 64, 380, 304),
    Module("4a", 14, 480, 192, 96, 208, 16, 48, 64, 364, 73),
    Module("4b", 14, 512, 160, 112, 224, 24, 64, 64, 437, 88),
    Module("4c", 14, 512, 128, 128, 256, 24, 64, 64, 463, 100),
    Module("4d", 14, 512, 112, 144, 288, 32, 64, 64, 580, 119),
    Module("4e", 14, 528, 256, 160, 320, 32, 128, 128, 840, 170),
    Module("5a", 7, 832, 256, 160, 320, 32, 128, 128, 1072, 54),
    Module("5b", 7, 832, 384, 192, 384, 48, 128, 128, 1388, 71),
)


def module_model(module: Module, *, reduced: bool, pool_branch: bool = True) -> keras.Model:
    """The module in Keras.

    Args:
        module: Its channels.
        reduced: With the 1x1 in front of the 3x3 and 5x5 and behind the pooling, or without.
        pool_branch: Whether the pooling and its 1x1 are there; source E leaves them aside.
    """
    x = layers.Input((module.size, module.size, module.channels_in))
    middle = _conv(x, module.reduce_3x3, 1) if reduced else x
    wide = _conv(x, module.reduce_5x5, 1) if reduced else x
    branches = [
        _conv(x, module.conv_1x1, 1),
        _conv(middle, module.conv_3x3, 3),
        _conv(wide, module.conv_5x5, 5),
    ]
    if pool_branch:
        pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
        branches.append(_conv(pooled, module.pool_project, 1) if reduced else pooled)
    return keras.Model(x, layers.Concatenate()(branches))


def inception_table(modules: tuple[Module, ...] = MODULES) -> pd.DataFrame:
    """Weights, parameters and MACs of every module, naive and reduced, beside the paper's own."""
    return pd.DataFrame([_row(module) for module in modules])


def _row(module: Module) -> dict[str, Any]:
    naive = count(module_model(module, reduced=False, pool_branch=False)).totals
    aside = count(module_model(module, reduced=True, pool_branch=False)).totals
    whole = count(module_model(module, reduced=True)).totals
    return {
        "module": module.name,
        "input": f"{module.size}x{module.size}x{module.channels_in}",
        "channels": f"{module.conv_1x1}; {module.reduce_3x3} to {module.conv_3x3}; "
        f"{module.reduce_5x5} to {module.conv_5x5}; {module.pool_project}",
        "naive_weights": naive["weights"],
        "reduced_weights": aside["weights"],
        "reduced_weights_with_pool": whole["weights"],
        "reduced_parameters_with_pool": whole["parameters"],
        "weights_ratio": aside["weights"] / naive["weights"],
        "weights_ratio_with_pool": whole["weights"] / naive["weights"],
        "naive_macs": naive["macs"],
        "reduced_macs": aside["macs"],
        "reduced_macs_with_pool": whole["macs"],
        "paper_ops_m": module.paper_ops_m,
        "paper_ops_agree": module.paper_ops_m in _roundings(whole["macs"], 10**6),
        "paper_parameters_k": module.paper_parameters_k,
        "weights_in_1024": whole["weights"] / 1024,
        "parameters_in_1024": whole["parameters"] / 1024,
        "paper_parameters_agree": module.paper_parameters_k
        in _roundings(whole["weights"], 1024) | _roundings(whole["parameters"], 1024),
    }


def _roundings(value: int, unit: int) -> set[int]:
    """`value` in whole units: cut, and rounded to the nearest."""
    return {value // unit, (2 * value + unit) // (2 * unit)}


def _conv(x: keras.KerasTensor, filters: int, kernel_size: int) -> keras.KerasTensor:
    return layers.Conv2D(filters, kernel_size, padding="same", activation="relu")(x)
