"""Saved Keras models from anywhere, and inputs for them: what `convtwin compare` starts from."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_models.errors import UnsupportedLayerError
from keras_models.graph import trace

SUFFIXES = (".keras", ".h5")


class UserModelError(ValueError):
    """A model or data file that cannot be used, saying why."""


def load_model(path: Path, dtype: str | None = None) -> keras.Model:
    """Load a saved Keras model that can be compared; see `read_model`.

    Args:
        path: A `.keras` or `.h5` file.
        dtype: Rebuild the model to compute in this dtype, with the same weights; None keeps its.

    Raises:
        UserModelError: As `read_model`, or the model has more than one input or output.
        UnsupportedLayerError: A layer is a nested model, or another that has no twin.
    """
    model = read_model(path)
    _check_graph(path, model)
    return model if dtype in (None, dtype_of(model)) else in_dtype(model, str(dtype))


def read_model(path: Path) -> keras.Model:
    """Any saved Keras model, without running any code that is stored in it.

    Args:
        path: A `.keras` or `.h5` file.

    Raises:
        UserModelError: The file is missing, foreign or truncated, or holds code.
    """
    if not path.is_file():
        raise UserModelError(f"There is no model file {path}.")
    if path.suffix not in SUFFIXES:
        raise UserModelError(f"{path} is not a Keras model: its name must end in .keras or .h5.")
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise UserModelError(f"{path} is no .keras file, or only a part of one; save it again.")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # Keras raises a dozen types here (zip, HDF5, JSON, its own); all mean the same to a user.
        reason = " ".join(str(error).split()).split(". ")[0].rstrip(".")
        raise UserModelError(f"{path} cannot be loaded as a Keras model: {reason}.") from error


def dtype_of(model: keras.Model) -> str:
    """What the model's layers compute in; `model.dtype` is only what Keras' default is now."""
    return trace(model).calls[0].layer.compute_dtype


def in_dtype(model: keras.Model, dtype: str) -> keras.Model:
    """The same model with the same weights, computing in `dtype`."""
    config = _with_dtype(keras.saving.serialize_keras_object(model), dtype)
    twin = keras.saving.deserialize_keras_object(config, safe_mode=True)
    twin.set_weights(model.get_weights())
    return twin


def default_loss(model: keras.Model) -> str:
    """Cross-entropy for a model that ends in a softmax, mean squared error otherwise."""
    graph = trace(model)
    last = next(call.layer for call in graph.calls if call.output == graph.outputs[0])
    softmax = isinstance(last, keras.layers.Softmax) or (
        getattr(last, "activation", None) is keras.activations.softmax
    )
    return "sparse_categorical_crossentropy" if softmax else "mean_squared_error"


def known_loss(name: str) -> str:
    """`name`, if it is one of Keras' losses.

    Raises:
        UserModelError: It is not.
    """
    try:
        keras.losses.get(name)
    except ValueError as error:
        raise UserModelError(
            f"Keras has no loss {name!r}; common ones are sparse_categorical_crossentropy, "
            "categorical_crossentropy, binary_crossentropy and mean_squared_error."
        ) from error
    return name


def draw_data(
    model: keras.Model, loss: str, batch: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal inputs of the model's input shape, and random targets that fit `loss`.

    Raises:
        UserModelError: The input shape is open (None) in more than the batch.
    """
    shape = model.input_shape[1:]
    if None in shape:
        raise UserModelError(
            f"The model's input shape {model.input_shape} leaves sizes open; "
            "give inputs with --data."
        )
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, *shape)).astype(dtype_of(model))
    return x, draw_targets(model, loss, x, rng)


def read_data(
    path: Path, model: keras.Model, loss: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs `x` and, if there are any, targets `y` from an `.npz` file, cast to the model's dtype.

    Raises:
        UserModelError: The file is missing or foreign, has no `x`, or an array does not fit.
    """
    arrays = _read_npz(path)
    x = _checked(path, "x", arrays["x"], model.input_shape).astype(dtype_of(model))
    if "y" not in arrays:
        return x, draw_targets(model, loss, x, np.random.default_rng(seed))
    if not loss.startswith("sparse_"):
        shape = (len(x), *model.output_shape[1:])
        return x, _checked(path, "y", arrays["y"], shape).astype(dtype_of(model))
    y = _checked(path, "y", arrays["y"], (len(x), *model.output_shape[1:-1]))
    classes = model.output_shape[-1]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= classes:
        raise UserModelError(f"{path}: y must hold integer labels from 0 to {classes - 1}.")
    return x, y


def draw_targets(
    model: keras.Model, loss: str, x: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Random labels, one-hot rows, zeros and ones, or normal numbers, as `loss` takes them."""
    shape = model.compute_output_shape(x.shape)
    if loss.startswith("sparse_"):
        return rng.integers(0, shape[-1], size=shape[:-1])
    if loss == "categorical_crossentropy":
        return np.eye(shape[-1], dtype=x.dtype)[rng.integers(0, shape[-1], size=shape[:-1])]
    if loss == "binary_crossentropy":
        return rng.integers(0, 2, size=shape).astype(x.dtype)
    return rng.standard_normal(shape).astype(x.dtype)


def _check_graph(path: Path, model: keras.Model) -> None:
    try:
        graph = trace(model)
    except UnsupportedLayerError:
        raise
    except (TypeError, ValueError) as error:
        raise UserModelError(f"{path}: {error}") from error
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or not graph.calls:
        raise UserModelError(
            f"{path} has {len(graph.inputs)} inputs, {len(graph.outputs)} outputs and "
            f"{len(graph.calls)} layers; only models of one input and one output can be compared."
        )


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise UserModelError(f"There is no data file {path}.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise UserModelError(f"{path} is not an .npz file of arrays, or is truncated.") from error
    if "x" not in arrays:
        held = ", ".join(arrays) or "nothing"
        raise UserModelError(f"{path} has no array `x`; it holds {held}.")
    return arrays


def _checked(path: Path, name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    fits = len(array.shape) == len(shape) and all(
        wanted in (None, size) for size, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits or array.size == 0:
        raise UserModelError(f"{path}: {name} has shape {array.shape}, the model takes {shape}.")
    if array.dtype.kind not in "iufb":
        raise UserModelError(f"{path}: {name} holds {array.dtype}, not numbers.")
    if not np.isfinite(array).all():
        count = int(array.size - np.isfinite(array).sum())
        raise UserModelError(f"{path}: {name} holds {count} NaN or infinite values.")
    return array


def _with_dtype(config: Any, dtype: str) -> Any:
    """Replace every dtype policy and floating dtype in a serialised model's config."""
    if isinstance(config, list | tuple):
        return type(config)(_with_dtype(item, dtype) for item in config)
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return dtype
    return {
        key: dtype
        if key == "dtype" and isinstance(value, str) and value.startswith("float")
        else _with_dtype(value, dtype)
        for key, value in config.items()
    }
