"""Keras' default dtype, with the names that `scratch.config` has for its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


def floatx() -> str:
    """The dtype that layers compute in when they are not given one."""
    return keras.config.floatx()


@contextmanager
def using_floatx(dtype: str) -> Iterator[None]:
    """Build Keras inputs and layers in `dtype` inside the block; what was set is restored after.

    Inputs follow `keras.config.floatx`, layers the dtype policy: both are set.
    """
    before_floatx, before_policy = keras.config.floatx(), keras.config.dtype_policy()
    try:
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        yield
    finally:
        keras.config.set_floatx(before_floatx)
        keras.config.set_dtype_policy(before_policy)
