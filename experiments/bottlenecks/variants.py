"""Pairs of Keras models from the same input to the same output: direct, and through a 1x1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import pandas as pd
from keras import layers

from experiments.complexity import Complexity, count
from keras_models import to_scratch
from keras_models.zoo import NETWORKS


@dataclass(frozen=True)
class Pair:
    """One block in two variants.

    Attributes:
        name: What both do.
        direct: Builds the block without a 1x1 reduction.
        reduced: Builds the one with it.
        batch: Images that the quick form times together.
    """

    name: str
    direct: Callable[[], keras.Model]
    reduced: Callable[[], keras.Model]
    batch: int

    @property
    def variants(self) -> dict[str, Callable[[], keras.Model]]:
        """Both builders by the name of the variant."""
        return {"direct": self.direct, "reduced": self.reduced}


def convolutions(size: int, channels: int, *stages: tuple[int, int]) -> keras.Model:
    """Convolutions with ReLU in a row, `same` padding.

    Args:
        size: Height and width of the input.
        channels: Channels of the input.
        *stages: (kernel size, filters) of each.
    """
    rows = [
        layers.Conv2D(filters, kernel, padding="same", activation="relu", name=f"conv{number}")
        for number, (kernel, filters) in enumerate(stages, start=1)
    ]
    return keras.Sequential([layers.Input((size, size, channels)), *rows])


def two_3x3() -> keras.Model:
    """A residual block of two 3x3 at 256 channels: what ResNet's bottleneck takes the place of."""
    x = shortcut = layers.Input((14, 14, 256), name="features")
    x = layers.Conv2D(256, 3, padding="same", use_bias=False, name="conv1")(x)
    x = layers.BatchNormalization(name="norm1")(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.Conv2D(256, 3, padding="same", use_bias=False, name="conv2")(x)
    x = layers.BatchNormalization(name="norm2")(x)
    x = layers.Add(name="add")([x, shortcut])
    x = layers.ReLU(name="relu2")(x)
    return keras.Model(shortcut, x, name="two_3x3")


PAIRS = (
    Pair(
        "5x5, 192 to 32",
        lambda: convolutions(28, 192, (5, 32)),
        lambda: convolutions(28, 192, (1, 16), (5, 32)),
        batch=8,
    ),
    Pair("inception 3a", NETWORKS["inception_3a_naive"], NETWORKS["inception_3a"], batch=8),
    Pair("ResNet block, 256", two_3x3, NETWORKS["resnet_bottleneck"], batch=8),
    Pair(
        "3x3, 256 to 256",
        lambda: convolutions(100, 256, (3, 256)),
        lambda: convolutions(100, 256, (1, 64), (3, 256)),
        batch=1,
    ),
)


def block_table(pairs: tuple[Pair, ...] = PAIRS) -> pd.DataFrame:
    """What every variant of every pair costs for one image, one row a variant."""
    rows = []
    for pair in pairs:
        counted = {name: count(build()) for name, build in pair.variants.items()}
        direct = counted["direct"].totals
        for name, complexity in counted.items():
            totals, table = complexity.totals, complexity.table
            rows.append(
                {
                    "pair": pair.name,
                    "variant": name,
                    "input_to_output": f"{_image(table.output_shape.iloc[0])} -> "
                    f"{_image(table.output_shape.iloc[-1])}",
                    "weights": totals["weights"],
                    "times_fewer_weights": direct["weights"] / totals["weights"],
                    "biases": totals["biases"],
                    "macs": totals["macs"],
                    "times_fewer_macs": direct["macs"] / totals["macs"],
                    "macs_by_layer": _sum_of_layers(complexity),
                    "activations": totals["activations"],
                    "numpy_model_agrees": _scratch_totals(pair.variants[name]) == totals,
                }
            )
    return pd.DataFrame(rows)


def _image(shape: str) -> str:
    """A shape without its batch of one: 1x28x28x192 as 28x28x192."""
    return shape.partition("x")[2]


def _sum_of_layers(complexity: Complexity) -> str:
    """The MACs of the layers that have any, written as a sum."""
    macs = [f"{value:,}" for value in complexity.table.macs if value]
    total = f" = {complexity.totals['macs']:,}" if len(macs) > 1 else ""
    return " + ".join(macs) + total


def _scratch_totals(build: Callable[[], keras.Model]) -> dict[str, int]:
    return count(to_scratch(build())).totals
