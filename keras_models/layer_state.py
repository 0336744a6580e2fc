"""What Keras layers compute with that their configs and the names of their weights do not tell."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras.src.applications.convnext import LayerScale

_NUMBERS = {"Normalization": ("mean", "variance"), "Rescaling": ("scale", "offset")}


def weight_name(layer: keras.Layer, variable: keras.Variable) -> str:
    """The name of a layer's weight; LayerScale's has none of its own, Keras numbers it."""
    return "gamma" if isinstance(layer, LayerScale) else variable.name


def numbers_used(layer: keras.Layer) -> dict[str, Any]:
    """The numbers among a built layer's options, as it computes with them.

    Python numbers Keras rounds to float32 first, even where it computes in float64; and its config
    may hold arrays.
    """
    if isinstance(layer, keras.layers.Rescaling):
        used = {name: getattr(layer, name) for name in _NUMBERS["Rescaling"]}
        cast = {name: keras.ops.cast(value, layer.compute_dtype) for name, value in used.items()}
        return {name: np.asarray(value, np.float64).tolist() for name, value in cast.items()}
    if isinstance(layer, keras.layers.Normalization) and layer.input_mean is not None:
        rank = len(layer.mean.shape)
        sizes = [layer.mean.shape[axis] for axis in sorted(a % rank for a in layer.axis)]
        used = {"mean": layer.mean, "variance": layer.variance}
        return {
            name: np.asarray(value, np.float64).reshape(sizes).tolist()
            for name, value in used.items()
        }
    return {}


def numbers_to_use(name: str, config: dict[str, Any]) -> dict[str, Any]:
    """The same options of a scratch layer's config as arrays, which Keras does not round."""
    given = {option: config[option] for option in _NUMBERS.get(name, ())}
    return {o: np.asarray(value, np.float64) for o, value in given.items() if value is not None}


def settle(layer: Any) -> None:
    """Make a layer compute with weights that have been assigned: Normalization keeps copies."""
    if isinstance(layer, keras.layers.Normalization):
        layer.finalize_state()
