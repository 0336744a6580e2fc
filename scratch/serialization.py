"""Models as files: architecture and weights, safe to open from a stranger."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from scratch.arrays_file import ArraysFile, ArraySpec, SerializationError, write_arrays_file
from scratch.layers.base import Layer, weights_from

if TYPE_CHECKING:
    from scratch.models import Model

__all__ = ["SerializationError", "load_model", "save_model"]

_KIND = "model"


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write the architecture and the weights of `model` to exactly `path`, whole or not at all.

    Raises:
        ValueError: The model has no weights yet, because it was never given an input shape.
        OSError: The file cannot be written.
    """
    if not model.inputs:
        raise ValueError(
            f"Model {model.name!r} has no weights to save yet; give it an Input or call build."
        )
    write_arrays_file(path, _KIND, {"config": model.get_config()}, model.weights)


def load_model(path: str | os.PathLike[str]) -> Model:
    """The model that `save_model` wrote: same structure, names, dtypes and, bit by bit, weights.

    Safe on files from strangers: nothing is unpickled, only layers of `scratch.layers` are built,
    and each weight is read only after its shape and dtype were found to be what its layer needs.
    To train on, call `compile`.

    Raises:
        OSError: There is no such file, or it may not be read.
        SerializationError: It is foreign, damaged, or its weights do not fit its architecture.
    """
    from scratch.models import Model  # which imports, through training, the package below

    with ArraysFile(path, _KIND) as file:
        taken: dict[str, None] = {}

        def take(layer: Layer, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
            key = f"{layer.name}/{name}"
            if key in taken:
                raise ValueError(f"two layers are called {layer.name!r}")
            file.require_spec(key, ArraySpec(shape, dtype), f"layer {layer.name!r}")
            taken[key] = None
            return file.read(key)

        with file.blamed("does not describe a model that scratch can build"), weights_from(take):
            model = Model.from_config(file.header["config"])
        file.require_nothing_beyond(taken, "the model")
    return model
