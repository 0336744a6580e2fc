"""A user's own layers: a Keras class, and the scratch class registered for it."""

from __future__ import annotations

import inspect
from collections.abc import Collection

import keras

from scratch.layers import Layer
from scratch.layers.registry import names_of, registered


def scratch_class(layer: keras.Layer) -> type[Layer] | None:
    """What `scratch.layers.register` knows by the name of the Keras layer's class."""
    return registered(type(layer).__name__)


def keras_class(layer: Layer) -> type[keras.Layer] | None:
    """The Keras class of a registered scratch layer, if `keras.saving` knows one of its names."""
    names = names_of(type(layer))
    known = keras.saving.get_custom_objects().values()
    found = [c for c in known if isinstance(c, type) and issubclass(c, keras.Layer)]
    return next((c for c in found if c.__name__ in names), None)


def shared_options(layer_class: type[Layer], config: Collection[str]) -> tuple[str, ...]:
    """The fields of a Keras config that the scratch constructor has arguments for."""
    arguments = inspect.signature(layer_class).parameters
    return tuple(name for name in config if name in arguments and name not in ("name", "dtype"))
