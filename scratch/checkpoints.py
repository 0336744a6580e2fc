"""Checkpoints: everything training depends on, in one file, so that it can go on from there.

Layers are known in the file by their place in the model, not by name, so that a model written down
again in one session, whose automatic names have moved on, still takes its own checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scratch.arrays_file import ArraysFile, ArraySpec, SerializationError, write_arrays_file
from scratch.callbacks import Callback

if TYPE_CHECKING:
    from scratch.models import Model

Path = str | os.PathLike[str]
Arrays = dict[str, np.ndarray]

_KIND = "checkpoint"


@dataclass(frozen=True)
class Position:
    """Where training stands.

    Attributes:
        epoch: Number of the next epoch.
        order_seed: What the order of the samples depends on; None if they are not shuffled.
        stopped: Whether a callback ended training.
    """

    epoch: int
    order_seed: int | None
    stopped: bool = False


def save_checkpoint(
    path: Path,
    model: Model,
    callbacks: Sequence[Callback],
    settings: Mapping[str, Any],
    position: Position,
) -> None:
    """Write weights, optimizer, Dropout generators, callbacks and position, whole or not at all.

    Args:
        path: The file.
        model: A compiled model.
        callbacks: Those whose state is kept.
        settings: JSON values by name, which must be the same when training goes on.
        position: Where training stands.
    """
    arrays = {f"weights/{key}": w for key, w in _weights_by_place(model).items()}
    for name, array in _renamed(model.optimizer.variables, _places(model)).items():
        arrays[f"optimizer/{name}"] = array
    described = []
    for i, callback in enumerate(callbacks):
        state = callback.get_state()
        large = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        arrays |= {f"callbacks/{i}/{name}": array for name, array in large.items()}
        described.append({name: state[name] for name in state.keys() - large.keys()})
    header = {
        "settings": settings,
        "position": asdict(position),
        "learning_rate": model.optimizer.learning_rate,
        "generators": [rng.bit_generator.state for rng in _generators(model)],
        "callbacks": described,
    }
    write_arrays_file(path, _KIND, header, arrays)


def load_checkpoint(
    path: Path, model: Model, callbacks: Sequence[Callback], settings: Mapping[str, Any]
) -> Position:
    """Put model, optimizer and callbacks back to where `save_checkpoint` found them.

    Raises:
        SerializationError: The file is damaged, or its training had other settings. The model is
            as it was before.
    """
    with ArraysFile(path, _KIND) as file, file.blamed("is not a checkpoint of this training"):
        header = file.header
        _require_same_settings(file, settings)
        _require_fitting_arrays(file, model)
        arrays = {name: file.read(name) for name in file.specs}
        position = Position(**header["position"])
        for rng, state in zip(_generators(model), header["generators"], strict=True):
            rng.bit_generator.state = state
        for i, (callback, state) in enumerate(zip(callbacks, header["callbacks"], strict=True)):
            callback.set_state(state | _under(f"callbacks/{i}/", arrays))
        names = {place: name for name, place in _places(model).items()}
        model.optimizer.load_variables(_renamed(_under("optimizer/", arrays), names))
        model.optimizer.learning_rate = float(header["learning_rate"])
        for key, weight in _weights_by_place(model).items():
            weight[...] = arrays[f"weights/{key}"]
    return position


def _require_same_settings(file: ArraysFile, settings: Mapping[str, Any]) -> None:
    before = file.header["settings"]
    different = [name for name in settings if before.get(name) != settings[name]]
    if different:
        raise SerializationError(
            f"{file.path} is a checkpoint of a training that differs from this one in "
            f"{', '.join(different)}; make them the same, or delete the file to train anew."
        )


def _require_fitting_arrays(file: ArraysFile, model: Model) -> None:
    weights = {key: ArraySpec.of(w) for key, w in _weights_by_place(model).items()}
    expected = {f"weights/{key}": spec for key, spec in weights.items()}
    for name in file.specs:
        if name.startswith("optimizer/") and name != "optimizer/iterations":
            weight = name.removeprefix("optimizer/").rpartition("/")[0]
            expected[name] = weights[weight]
        elif not name.startswith("weights/"):
            expected[name] = file.specs[name]
    file.require_specs(expected, "the model")


def _places(model: Model) -> dict[str, str]:
    """Each weight's name, "conv/kernel" -> what the file calls it, "0/kernel"."""
    return {
        f"{layer.name}/{name}": f"{i}/{name}"
        for i, layer in enumerate(model.layers)
        for name in layer.weights
    }


def _weights_by_place(model: Model) -> Arrays:
    return dict(zip(_places(model).values(), model.weights.values(), strict=True))


def _renamed(variables: Arrays, names: Mapping[str, str]) -> Arrays:
    """Optimizer variables "weight/slot" with the weights renamed; others are left as they are."""
    parts = {name: name.rpartition("/") for name in variables}
    return {
        f"{names.get(weight, weight)}/{slot}" if weight else slot: variables[name]
        for name, (weight, _, slot) in parts.items()
    }


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _generators(model: Model) -> list[np.random.Generator]:
    """The generators of the layers that draw while they train."""
    return [layer.rng for layer in model.layers if hasattr(layer, "rng")]
