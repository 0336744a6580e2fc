"""How weights start: Keras' initializers, by Keras' names, arguments and formulas."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from scratch import config

# Standard deviation of a unit normal cut at +-2; dividing by it restores the one asked for.
_TRUNCATED_STDDEV = 0.87962566103423978
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def compute_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Input and output units of a weight, as Keras counts them.

    Args:
        shape: `(n,)`, `(inputs, outputs)`, or a kernel `(..., inputs, outputs)` whose leading axes
            are the receptive field and multiply both.

    Returns:
        `(fan_in, fan_out)`.
    """
    if len(shape) < 2:
        units = math.prod(shape)
        return units, units
    receptive_field = math.prod(shape[:-2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


@dataclass(frozen=True)
class Initializer:
    """Base of all initializers: called with a shape and a dtype, it returns a new array."""

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """A new array of `shape` and `dtype`."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """Zeros of `shape` and `dtype`."""
        return np.zeros(shape, dtype)


@dataclass(frozen=True)
class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """Ones of `shape` and `dtype`."""
        return np.ones(shape, dtype)


@dataclass(frozen=True)
class Constant(Initializer):
    """One value everywhere."""

    value: float = 0.0

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """An array of `shape` and `dtype` filled with `value`."""
        return np.full(shape, self.value, dtype)


class RandomInitializer(Initializer):
    """Base of those that draw: subclasses say how, in `draw`.

    With an integer `seed` every call returns the same values, as in Keras; with None each call
    goes on drawing from `scratch.config.random_generator()`. Values are drawn in float64 and
    rounded to the dtype asked for, so that float32 and float64 twins start from the same numbers.
    """

    seed: int | None

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Float64 values of `shape` from `rng`."""
        raise NotImplementedError

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """Random values of `shape`, rounded to `dtype`."""
        rng = config.random_generator() if self.seed is None else np.random.default_rng(self.seed)
        return np.asarray(self.draw(rng, tuple(shape)), dtype=dtype)


@dataclass(frozen=True)
class RandomNormal(RandomInitializer):
    """Normal with the given mean and standard deviation."""

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Float64 values of `shape`."""
        return rng.normal(self.mean, self.stddev, shape)


@dataclass(frozen=True)
class RandomUniform(RandomInitializer):
    """Uniform on `[minval, maxval)`."""

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Float64 values of `shape`."""
        return rng.uniform(self.minval, self.maxval, shape)


@dataclass(frozen=True)
class TruncatedNormal(RandomInitializer):
    """Normal whose values beyond two `stddev` from the mean are drawn again.

    `stddev` is that of the normal before the cut, as in Keras: the values' own is 0.8796 of it.
    """

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Float64 values of `shape`."""
        return self.mean + self.stddev * _truncated_standard_normal(rng, shape)


@dataclass(frozen=True)
class VarianceScaling(RandomInitializer):
    """Random values of variance `scale / n`, n being the fan that `mode` names.

    Args:
        scale: Positive factor.
        mode: "fan_in", "fan_out" or "fan_avg" (their mean).
        distribution: "truncated_normal" ("normal" means the same), "untruncated_normal", or
            "uniform" on +-sqrt(3 * scale / n).
        seed: See `RandomInitializer`.

    Raises:
        ValueError: `scale` is not positive, or `mode` or `distribution` is unknown.
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.distribution == "normal":
            object.__setattr__(self, "distribution", "truncated_normal")
        if self.scale <= 0:
            raise ValueError(f"VarianceScaling's scale must be positive, got {self.scale}.")
        if self.mode not in _MODES:
            raise ValueError(f"VarianceScaling's mode must be one of {_MODES}, got {self.mode!r}.")
        if self.distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"VarianceScaling's distribution must be one of {_DISTRIBUTIONS}, "
                f"got {self.distribution!r}."
            )

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Float64 values of `shape`."""
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0.0, math.sqrt(variance), shape)
        return math.sqrt(variance) / _TRUNCATED_STDDEV * _truncated_standard_normal(rng, shape)


class _Preset(VarianceScaling):
    """A VarianceScaling known by its author; its only argument is `seed`."""

    _scaling: ClassVar[tuple[float, str, str]]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self._scaling, seed)

    def get_config(self) -> dict[str, Any]:
        """The only argument, `seed`."""
        return {"seed": self.seed}


class GlorotUniform(_Preset):
    """Uniform of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    _scaling = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Preset):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    _scaling = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Preset):
    """Uniform of variance 2 / fan_in (He et al. 2015)."""

    _scaling = (2.0, "fan_in", "uniform")


class HeNormal(_Preset):
    """Truncated normal of variance 2 / fan_in (He et al. 2015)."""

    _scaling = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Preset):
    """Uniform of variance 1 / fan_in (LeCun et al. 1998)."""

    _scaling = (1.0, "fan_in", "uniform")


class LecunNormal(_Preset):
    """Truncated normal of variance 1 / fan_in (LeCun et al. 1998)."""

    _scaling = (1.0, "fan_in", "truncated_normal")


_CLASSES: tuple[type[Initializer], ...] = (
    Zeros, Ones, Constant, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling,
    GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal,
)  # fmt: skip
_BY_CLASS_NAME = {cls.__name__: cls for cls in _CLASSES}
_BY_NAME = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): c for name, c in _BY_CLASS_NAME.items()}


def get(identifier: str | dict[str, Any] | Initializer | None) -> Initializer:
    """The initializer that `identifier` stands for.

    Args:
        identifier: A name ("glorot_uniform", "GlorotUniform"), an instance, Keras' own config
            `{"class_name": ..., "config": {...}}`, or None for GlorotUniform, what a Keras weight
            without initializer gets.

    Raises:
        ValueError: Nothing of that name, not one of these forms, or an argument not known here.
    """
    if identifier is None:
        return GlorotUniform()
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, str):
        identifier = {"class_name": identifier}
    if not (isinstance(identifier, dict) and "class_name" in identifier):
        raise ValueError(
            "An initializer is given as a name, an instance, None, or a dict with class_name and "
            f"config; got {identifier!r}."
        )
    name = identifier["class_name"]
    known = _BY_CLASS_NAME | _BY_NAME
    if name not in known:
        raise ValueError(f"Unknown initializer {name!r}; known ones are {', '.join(_BY_NAME)}.")
    # Keras writes every argument down; None is always its default.
    arguments = {k: v for k, v in identifier.get("config", {}).items() if v is not None}
    unknown = arguments.keys() - known[name]().get_config().keys()
    if unknown or not isinstance(arguments.get("seed", 0), int):
        raise ValueError(
            f"Initializer {name!r} takes {sorted(known[name]().get_config())} and an integer seed "
            f"or None, got {arguments}."
        )
    return known[name](**arguments)


def serialize(initializer: Initializer) -> dict[str, Any]:
    """The config that `get` reads back, in Keras' own form."""
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


def _truncated_standard_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Unit normal values, those beyond +-2 drawn again until none is."""
    values = rng.standard_normal(shape)
    beyond = np.abs(values) > 2.0
    while beyond.any():
        values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
        beyond = np.abs(values) > 2.0
    return values
