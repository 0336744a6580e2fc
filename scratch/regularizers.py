"""Penalties on weights: Keras' L1, L2 and L1L2, each with its gradient.

A penalty is part of the loss that `fit` minimises and `evaluate` reports, not of any layer's
`backward`. A weight that is not trained has none, as in Keras.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scratch.layers.base import Layer
    from scratch.optimizers import HasLayers


@dataclass(frozen=True)
class Regularizer:
    """Base of all regularizers: the penalty l1 sum |w| + l2 sum w^2.

    Its factors are rounded to float32 first, whatever the weight's dtype, because that is what
    Keras' `ops.cast(factor, dtype)` does; it matters for float64 weights only.

    Raises:
        ValueError: A factor is negative or not finite.
    """

    def __post_init__(self) -> None:
        for name, factor in asdict(self).items():
            if not isinstance(factor, int | float) or not 0 <= factor < math.inf:
                raise ValueError(
                    f"{type(self).__name__} takes a finite {name} of at least 0, got {factor!r}."
                )

    @property
    def factors(self) -> tuple[float, float]:
        """(l1, l2)."""
        raise NotImplementedError

    def __call__(self, weight: np.ndarray) -> float:
        """The penalty, computed in the weight's dtype."""
        l1, l2 = self._rounded_factors(weight)
        penalty = weight.dtype.type(0)
        if l1:
            penalty += l1 * np.abs(weight).sum()
        if l2:
            penalty += l2 * np.square(weight).sum()
        return float(penalty)

    def gradient(self, weight: np.ndarray) -> np.ndarray:
        """l1 sign(w) + 2 l2 w, with the weight's shape and dtype; sign(0) = 0."""
        l1, l2 = self._rounded_factors(weight)
        gradient = l2 * (2 * weight)
        return l1 * np.sign(weight) + gradient if l1 else gradient

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values."""
        return {name: float(factor) for name, factor in asdict(self).items()}

    def _rounded_factors(self, weight: np.ndarray) -> tuple[Any, Any]:
        l1, l2 = self.factors
        return weight.dtype.type(np.float32(l1)), weight.dtype.type(np.float32(l2))


@dataclass(frozen=True)
class L1(Regularizer):
    """l1 sum |w|."""

    l1: float = 0.01

    @property
    def factors(self) -> tuple[float, float]:
        """(l1, 0)."""
        return self.l1, 0.0


@dataclass(frozen=True)
class L2(Regularizer):
    """l2 sum w^2."""

    l2: float = 0.01

    @property
    def factors(self) -> tuple[float, float]:
        """(0, l2)."""
        return 0.0, self.l2


@dataclass(frozen=True)
class L1L2(Regularizer):
    """l1 sum |w| + l2 sum w^2."""

    l1: float = 0.0
    l2: float = 0.0

    @property
    def factors(self) -> tuple[float, float]:
        """(l1, l2)."""
        return self.l1, self.l2


_BY_CLASS_NAME: dict[str, type[Regularizer]] = {cls.__name__: cls for cls in (L1, L2, L1L2)}
_BY_NAME = {name.lower(): cls for name, cls in _BY_CLASS_NAME.items()}


def get(identifier: str | dict[str, Any] | Regularizer | None) -> Regularizer | None:
    """The regularizer that `identifier` stands for.

    Args:
        identifier: Keras' name for it ("l2", "L2"), an instance, Keras' own config
            `{"class_name": ..., "config": {...}}`, or None for none.

    Raises:
        ValueError: Nothing of that name, not one of these forms, or an argument not known here.
    """
    if identifier is None or isinstance(identifier, Regularizer):
        return identifier
    if isinstance(identifier, str):
        identifier = {"class_name": identifier}
    name = identifier.get("class_name") if isinstance(identifier, dict) else identifier
    known = _BY_CLASS_NAME | _BY_NAME
    if not isinstance(identifier, dict) or name not in known:
        raise ValueError(f"Unknown regularizer {name!r}; known ones are {', '.join(_BY_NAME)}.")
    arguments = identifier.get("config", {})
    if unknown := sorted(set(arguments) - set(known[name]().get_config())):
        raise ValueError(f"Regularizer {name!r} has no option {', '.join(unknown)}.")
    return known[name](**arguments)


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """The config that `get` reads back, in Keras' own form."""
    return {"class_name": type(regularizer).__name__, "config": regularizer.get_config()}


def total_penalty(model: HasLayers) -> float:
    """What all trained weights' regularizers add to the loss; a shared layer's count once."""
    return sum(regularizer(w) for _, _, w, regularizer in _penalised(model))


def add_penalty_gradients(model: HasLayers) -> None:
    """Add each penalty's gradient to the layer's `gradients`, as `backward` left them."""
    for layer, name, weight, regularizer in _penalised(model):
        layer.gradients[name] = layer.gradients[name] + regularizer.gradient(weight)


def _penalised(model: HasLayers) -> Iterator[tuple[Layer, str, np.ndarray, Regularizer]]:
    """Every trained weight that has a regularizer."""
    for layer in model.layers:
        for name, weight in layer.trainable_weights.items():
            if name in layer.regularizers:
                yield layer, name, weight, layer.regularizers[name]
