"""Whether data can be computed or trained on: asked once, before any time is spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def check_array(name: str, array: Any) -> None:
    """Check that `array` is a NumPy array of at least one sample.

    Raises:
        TypeError: It is not a NumPy array.
        ValueError: It is empty.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(array).__name__}.")
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")


def check_fits(what: str, array: Any, shape: Sequence[int | None], dtype: str) -> None:
    """Check what a model is given against its own shape, in which None fits all, and dtype.

    Raises:
        TypeError: It is not a NumPy array, or of another dtype.
        ValueError: It has another shape.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{what} must be a NumPy array, got {type(array).__name__}.")
    if len(array.shape) != len(shape) or any(
        want not in (None, got) for want, got in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"{what} must have shape {shape}, got {array.shape}.")
    if array.dtype != dtype:
        raise TypeError(
            f'{what} must be {dtype}, got {array.dtype}; convert it as with x.astype("{dtype}").'
        )


def check_finite(name: str, array: np.ndarray) -> None:
    """Check that no sample holds NaN or infinity; otherwise ValueError names the first."""
    finite = np.isfinite(array)
    if not finite.all():
        samples = np.flatnonzero(~finite.reshape(len(array), -1).all(axis=1))
        raise ValueError(
            f"{name} holds NaN or infinity in {len(samples)} of {len(array)} samples, first in "
            f"sample {samples[0]}; repair or leave them out."
        )


def check_same_length(x: np.ndarray, y: np.ndarray) -> None:
    """Check that every sample has a target; otherwise ValueError."""
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} samples, y has {len(y)}; there must be one y for each x.")


def check_at_least(name: str, value: Any, least: int) -> None:
    """Check that `value` is a whole number, and not below `least`.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is below.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")
