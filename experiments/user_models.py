"""Saved Keras models from anywhere, and inputs for them: what `convtwin compare` starts from."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_models.errors import UnsupportedLayerError
from keras_models.graph import trace
from keras_models.uses import TensorSpec, output_specs

SUFFIXES = (".keras", ".h5")


class UserModelError(ValueError):
    """A model or data file that cannot be used, saying why."""


def load_model(path: Path, dtype: str | None = None) -> keras.Model:
    """Load a saved Keras model that can be compared; see `read_model`.

    Args:
        path: A `.keras` or `.h5` file.
        dtype: Rebuild the model to compute in this dtype, with the same weights; None keeps its.

    Raises:
        UserModelError: As `read_model`, or the model has no layers that can be listed.
        UnsupportedLayerError: A layer has several outputs, or is called with more than its input.
    """
    return comparable(str(path), read_model(path), dtype)


def comparable(name: str, model: keras.Model, dtype: str | None = None) -> keras.Model:
    """A model that can be compared, in the dtype that is asked for.

    Args:
        name: What the user calls it.
        model: Any Keras model.
        dtype: See `load_model`.

    Raises:
        UserModelError: The model has no layers that can be listed.
        UnsupportedLayerError: A layer has several outputs, or is called with more than its input.
    """
    _check_graph(name, model)
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
    computing = [call.layer.compute_dtype for call in trace(model).calls if call.is_layer]
    return computing[0] if computing else str(model.inputs[0].dtype)


def in_dtype(model: keras.Model, dtype: str) -> keras.Model:
    """The same model with the same weights, computing in `dtype`."""
    config = _with_dtype(keras.saving.serialize_keras_object(model), dtype)
    twin = keras.saving.deserialize_keras_object(config, safe_mode=True)
    twin.set_weights(model.get_weights())
    return twin


def default_loss(model: keras.Model) -> str | list[str]:
    """Cross-entropy for an output that ends in a softmax, mean squared error otherwise.

    A list for a model of several outputs.
    """
    graph = trace(model)
    makers = {call.output: call.layer for call in graph.calls}
    losses = [
        "sparse_categorical_crossentropy"
        if _is_softmax(makers.get(number))
        else "mean_squared_error"
        for number in graph.outputs
    ]
    return losses if graph.returns_list else losses[0]


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
    model: keras.Model,
    loss: str | list[str],
    batch: int,
    seed: int,
    input_shape: Sequence[int] | None = None,
) -> tuple[Any, Any]:
    """Standard normal inputs, and random targets that fit `loss`.

    Args:
        model: The model.
        loss: A Keras loss; a list for several outputs.
        batch: How many of each.
        seed: Draws them.
        input_shape: Of one input, where the model leaves sizes open.

    Returns:
        Inputs and targets, each an array, or a list for a model of several inputs or outputs.

    Raises:
        UserModelError: An input shape is open (None) in more than the batch and none is given, or
            the model does not take the one that is given.
    """
    rng = np.random.default_rng(seed)
    arrays = []
    for tensor in model.inputs:
        x = rng.standard_normal((batch, *_sample_shape(tensor.shape, input_shape)))
        arrays.append(x.astype(tensor.dtype))
    targets = [_drawn(name, spec, rng) for name, spec in _wanted(model, loss, arrays)]
    return _as_the_model(model, arrays, targets)


def read_data(path: Path, model: keras.Model, loss: str | list[str], seed: int) -> tuple[Any, Any]:
    """Inputs `x` and, if there are any, targets `y` from an `.npz` file, cast to the model's dtype.

    A model of several inputs or outputs takes `x0`, `x1`, ..., and `y0`, `y1`, ..., in the order of
    `model.inputs` and `model.outputs`.

    Returns:
        As `draw_data`.

    Raises:
        UserModelError: The file is missing or foreign, has no `x`, or an array does not fit.
    """
    arrays = _read_npz(path)
    graph = trace(model)
    inputs = []
    for name, tensor in zip(_names("x", model.inputs, graph.takes_list), model.inputs, strict=True):
        if name not in arrays:
            held = ", ".join(arrays) or "nothing"
            raise UserModelError(f"{path} has no array `{name}`; it holds {held}.")
        inputs.append(_checked(path, name, arrays[name], tensor.shape).astype(tensor.dtype))
    if len({len(x) for x in inputs}) != 1:
        raise UserModelError(f"{path}: its inputs are batches of different sizes.")
    rng = np.random.default_rng(seed)
    names = _names("y", model.outputs, graph.returns_list)
    targets = [
        _target(path, name, arrays[name], each, spec) if name in arrays else _drawn(each, spec, rng)
        for name, (each, spec) in zip(names, _wanted(model, loss, inputs), strict=True)
    ]
    return _as_the_model(model, inputs, targets)


def _wanted(
    model: keras.Model, loss: str | list[str], inputs: list[np.ndarray]
) -> list[tuple[str, TensorSpec]]:
    """Each output's loss, shape and dtype, for these inputs."""
    specs = output_specs(model, [TensorSpec(x.shape, x.dtype.name) for x in inputs])
    losses = [loss] * len(specs) if isinstance(loss, str) else loss
    return list(zip(losses, specs, strict=True))


def _as_the_model(model: keras.Model, inputs: list[Any], targets: list[Any]) -> tuple[Any, Any]:
    """Lists where the model takes and returns lists."""
    graph = trace(model)
    return (
        inputs if graph.takes_list else inputs[0],
        targets if graph.returns_list else targets[0],
    )


def _sample_shape(declared: tuple[int | None, ...], given: Sequence[int] | None) -> tuple[int, ...]:
    """The shape of one input to draw, from the model's own and the user's."""
    wanted = declared[1:] if given is None else given
    shape = tuple(size for size in wanted if size is not None)
    if len(shape) < len(wanted):
        raise UserModelError(
            f"The model's input shape {declared} leaves sizes open; give them with --input-shape, "
            "or inputs with --data."
        )
    if not _fits((None, *shape), declared):
        raise UserModelError(f"The model's input shape is {declared}; it takes no {shape}.")
    return shape


def _fits(shape: tuple[int | None, ...], declared: tuple[int | None, ...]) -> bool:
    """Whether a shape is one of those declared, in which None is any size."""
    return len(shape) == len(declared) and all(
        wanted in (None, size) for size, wanted in zip(shape, declared, strict=True)
    )


def _names(letter: str, tensors: list[Any], several: bool) -> list[str]:
    return [f"{letter}{number}" for number in range(len(tensors))] if several else [letter]


def _drawn(loss: str, output: TensorSpec, rng: np.random.Generator) -> np.ndarray:
    """Random labels, one-hot rows, zeros and ones, or normal numbers, as `loss` takes them."""
    shape, dtype = output.shape, output.dtype
    if loss.startswith("sparse_"):
        return rng.integers(0, shape[-1], size=shape[:-1])
    if loss == "categorical_crossentropy":
        return np.eye(shape[-1], dtype=dtype)[rng.integers(0, shape[-1], size=shape[:-1])]
    if loss == "binary_crossentropy":
        return rng.integers(0, 2, size=shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def _target(path: Path, name: str, given: np.ndarray, loss: str, output: TensorSpec) -> np.ndarray:
    """Targets from a file, if they fit the output and its loss."""
    if not loss.startswith("sparse_"):
        return _checked(path, name, given, output.shape).astype(output.dtype)
    labels = _checked(path, name, given, output.shape[:-1])
    classes = output.shape[-1]
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise UserModelError(f"{path}: {name} must hold integer labels from 0 to {classes - 1}.")
    return labels


def _is_softmax(layer: Any) -> bool:
    """Whether a layer or operation ends in a softmax."""
    if type(layer).__name__ == "Softmax":
        return True
    return getattr(layer, "activation", None) is keras.activations.softmax


def _check_graph(name: str, model: keras.Model) -> None:
    try:
        graph = trace(model)
    except UnsupportedLayerError:
        raise
    except (TypeError, ValueError) as error:
        raise UserModelError(f"{name}: {error}") from error
    if not graph.calls:
        raise UserModelError(f"{name} has no layers; there is nothing to compare.")


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise UserModelError(f"There is no data file {path}.")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise UserModelError(f"{path} is not an .npz file of arrays, or is truncated.") from error
    return arrays


def _checked(path: Path, name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    if not _fits(array.shape, shape) or array.size == 0:
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
