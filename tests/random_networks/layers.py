"""Keras' layers by their names, and the code that makes them."""

from __future__ import annotations

import inspect

import keras
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from tests.random_networks.recipes import Options

IMPORTED = {"LayerScale": LayerScale, "CustomScaleLayer": CustomScaleLayer}
"""Layers that Keras has in its applications, not in `keras.layers`."""


def layer_class(name: str) -> type[keras.Layer]:
    """A Keras layer's class by its name."""
    return IMPORTED.get(name) or getattr(keras.layers, name)


def expression(name: str, options: Options, label: str) -> str:
    """The code that makes a layer; options at Keras' default are left out."""
    parameters = inspect.signature(layer_class(name)).parameters
    given = [
        f"{option}={value!r}"
        for option, value in options.items()
        if option not in parameters or parameters[option].default != value
    ]
    home = "" if name in IMPORTED else "layers."
    return f"{home}{name}({', '.join([*given, f'name={label!r}'])})"
