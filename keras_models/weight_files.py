"""Weights from a Keras file into a model of either side: all of them, or none.

Keras' own `load_weights` leaves out silently what a file holds beyond the model, and stops halfway
where something does not fit. Here the file is held against the model before anything is written.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import keras
import numpy as np

import scratch
from keras_models.convert import to_keras
from keras_models.weights import copy_weights

Layout = dict[str, tuple[tuple[int, ...], np.dtype]]


def load_weights(model: scratch.Model | keras.Model, path: str | Path) -> None:
    """Give `model` the weights that Keras saved in a file; no code in the file is run.

    Keras files hold weights by their place in the model, not by name. A scratch model takes those
    of a Keras model of the same flat structure; for one converted from nested models, load them
    into the Keras model and use `copy_weights`.

    Args:
        model: A built model.
        path: A `.weights.h5` or `.keras` file of Keras 3, or an `.h5` file of any Keras.

    Raises:
        ValueError: The file is missing, foreign or truncated, or its weights do not fit the model;
            the message names those that do not, and nothing has been written.
    """
    path = Path(path)
    if isinstance(model, scratch.Model):
        twin = to_keras(model)
        load_weights(twin, path)
        copy_weights(twin, model)
        return
    if not path.is_file():
        raise ValueError(f"There is no weights file {path}.")
    with tempfile.TemporaryDirectory() as folder, _restored_on_error(model):
        try:
            file = _unpacked(path, Path(folder))
            if problems := _mismatches(model, file, Path(folder)):
                raise ValueError("; ".join(problems))
            model.load_weights(file)
        except Exception as error:
            # Keras and h5py raise a dozen types here; all mean the same to a user.
            reason = " ".join(str(error).split()).rstrip(".")
            raise ValueError(
                f"The weights in {path} do not fit model {model.name!r}, nothing was written: "
                f"{reason}."
            ) from error


def _unpacked(path: Path, folder: Path) -> Path:
    """The HDF5 file itself; a `.keras` file is an archive around it."""
    if path.suffix != ".keras":
        return path
    with zipfile.ZipFile(path) as archive:
        return Path(archive.extract("model.weights.h5", folder))


def _mismatches(model: keras.Model, file: Path, folder: Path) -> list[str]:
    """One clause for each way in which a file's weights differ from the model's."""
    held = _layout(file)
    if not any("/vars/" in name for name in held):
        return []  # the format of Keras 2, of which Keras checks numbers and shapes itself
    own = folder / "own.weights.h5"
    model.save_weights(own)
    wanted = _layout(own)
    problems = []
    if unused := [name for name in held if name not in wanted]:
        problems.append(f"left over in the file: {', '.join(unused)}")
    if unset := [name for name in wanted if name not in held]:
        problems.append(f"left over in the model: {', '.join(unset)}")
    for name in [name for name in wanted if name in held]:
        (shape, dtype), (needed, kept) = held[name], wanted[name]
        if shape != needed:
            problems.append(f"{name} has shape {shape} in the file, {needed} in the model")
        elif not np.can_cast(dtype, kept, "safe"):
            problems.append(f"{name} is {dtype} in the file, {kept} in the model")
    return problems


def _layout(file: Path) -> Layout:
    """Shape and dtype of every array in a file, without the optimizer's."""
    found: Layout = {}

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer/"):
            found[name] = (item.shape, item.dtype)

    with h5py.File(file) as opened:
        opened.visititems(note)
    return found


@contextmanager
def _restored_on_error(model: keras.Model) -> Iterator[None]:
    """Put back what was written before an error."""
    before = [(variable, np.asarray(variable).copy()) for variable in model.variables]
    try:
        yield
    except Exception:
        for variable, value in before:
            variable.assign(value)
        raise
