"""A network as its source code, and the numbers it is run on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_models.config import using_floatx
from tests.random_networks.layers import IMPORTED
from tests.random_networks.recipes import Shape

Values = Callable[[np.random.Generator, Shape], np.ndarray]


def _normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.standard_normal(shape)


def _subnormal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Below the smallest normal number of float32, which TensorFlow takes for zero."""
    return rng.integers(-1000, 1001, shape) * float(np.finfo(np.float32).smallest_subnormal)


def _mixed(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Some of each kind, zeros of both signs among them."""
    kinds = [VALUES[kind] for kind in ("normal", "ties", "tiny", "subnormal", "zeros")]
    which = rng.integers(len(kinds), size=shape)
    return np.choose(which, [kind(rng, shape) for kind in kinds])


VALUES: dict[str, Values] = {
    "normal": _normal,
    "ties": lambda rng, shape: rng.integers(-2, 3, shape).astype(np.float64),
    "offset": lambda rng, shape: 1e3 + rng.standard_normal(shape),
    "tiny": lambda rng, shape: 1e-30 * rng.standard_normal(shape),
    "subnormal": _subnormal,
    "zeros": lambda rng, shape: rng.choice([0.0, -0.0], shape),
    "mixed": _mixed,
}
"""What inputs and weights are made of."""


@dataclass(frozen=True)
class Network:
    """A Keras model as code, and what it is run on; its repr is an expression that makes it.

    Attributes:
        source: Code that ends in `model = ...`.
        dtype: What it computes in.
        batch: How many samples.
        training: The mode it is compared in.
        loss: The name of a Keras loss, for each output.
        seed: Of weights, inputs and targets.
        inputs: The kind of its inputs, a key of `VALUES`.
        weights: The kind of its weights.
    """

    source: str
    dtype: str = "float32"
    batch: int = 2
    training: bool = True
    loss: str = "mean_squared_error"
    seed: int = 0
    inputs: str = "normal"
    weights: str = "normal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", self.source.strip("\n"))

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if k != "source")
        return f'Network({given}, source="""\n{self.source}""")'

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """As Hypothesis prints a failing example."""
        printer.text(repr(self))

    def build(self) -> keras.Model:
        """The model, with random weights; variances are positive."""
        scope: dict[str, Any] = {"keras": keras, "layers": keras.layers, **IMPORTED}
        with using_floatx(self.dtype):
            exec(self.source, scope)
        model: keras.Model = scope["model"]
        rng = np.random.default_rng(self.seed)
        for variable in model.weights:
            value = 0.5 * VALUES[self.weights](rng, tuple(variable.shape))
            variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
        return model

    def data(self, model: keras.Model) -> tuple[Any, Any]:
        """Inputs and targets for the model; lists where it has several."""
        rng = np.random.default_rng([self.seed, 1])
        inputs = [
            VALUES[self.inputs](rng, (self.batch, *tensor.shape[1:])).astype(self.dtype)
            for tensor in model.inputs
        ]
        targets = [self._targets(rng, (self.batch, *t.shape[1:])) for t in model.outputs]
        x, y = (many if len(many) > 1 else many[0] for many in (inputs, targets))
        return x, y

    def _targets(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        if self.loss == "sparse_categorical_crossentropy":
            return rng.integers(shape[-1], size=shape[:-1])
        return rng.standard_normal(shape).astype(self.dtype)
