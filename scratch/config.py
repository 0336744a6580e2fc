"""What every layer shares: the default dtype and the source of random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_FLOAT_TYPES = ("float32", "float64")
_state: dict[str, Any] = {"floatx": "float32", "generator": np.random.default_rng()}


def floatx() -> str:
    """The dtype that layers compute in when they are not given one, as `keras.config.floatx`."""
    return _state["floatx"]


def set_floatx(dtype: str) -> None:
    """Set the default dtype of layers built from now on.

    Raises:
        ValueError: `dtype` is neither "float32" nor "float64".
    """
    _state["floatx"] = float_type(dtype)


def float_type(dtype: str | None) -> str:
    """The name of `dtype`; `floatx()` when None.

    Raises:
        ValueError: `dtype` is neither "float32" nor "float64".
    """
    if dtype is None:
        return floatx()
    if str(dtype) not in _FLOAT_TYPES:
        raise ValueError(f'dtype must be "float32" or "float64", got {dtype!r}.')
    return str(dtype)


@contextmanager
def using_floatx(dtype: str) -> Iterator[None]:
    """Build layers in `dtype` inside the block; the default is restored after it."""
    before = floatx()
    set_floatx(dtype)
    try:
        yield
    finally:
        set_floatx(before)


def set_random_seed(seed: int) -> None:
    """Seed every initial weight drawn from now on, as `keras.utils.set_random_seed`."""
    _state["generator"] = np.random.default_rng(seed)


def random_generator() -> np.random.Generator:
    """The generator that initializers and Dropout draw from when they have no seed of their own."""
    return _state["generator"]
