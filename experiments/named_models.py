"""A model by what a user calls it: a saved file, a network of the zoo, or one of Keras'."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import keras

import scratch
from experiments.user_models import SUFFIXES, UserModelError, read_model
from scratch.zoo import NETWORKS

APPLICATIONS = "applications:"

Builders = Mapping[str, Callable[[], scratch.Model | keras.Model]]


def find_model(
    name: str, input_shape: Sequence[int] | None = None, zoo: Builders = NETWORKS
) -> scratch.Model | keras.Model:
    """The model that `name` stands for; Keras' own come with random weights.

    Args:
        name: A `.keras` or `.h5` file, "zoo:signs_deep", or "applications:ResNet50".
        input_shape: What to build one of `keras.applications` for; its default when None.
        zoo: The networks of this project, by their names.

    Raises:
        UserModelError: There is no such model, or it cannot be built for this shape.
    """
    networks = _networks(input_shape, zoo)
    if name in networks:
        try:
            return networks[name]()
        except ValueError as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise UserModelError(f"{name} cannot be built for this shape: {reason}.") from error
    path = Path(name)
    if path.suffix in SUFFIXES or path.exists():
        return read_model(path)
    by_short_name = {network.partition(":")[2]: network for network in networks}
    close = difflib.get_close_matches(name.rpartition(":")[2], by_short_name, n=1)
    hint = f" Did you mean '{by_short_name[close[0]]}'?" if close else ""
    raise UserModelError(
        f"There is no model '{name}'.{hint} A model is a .keras or .h5 file, zoo:NAME or "
        "applications:NAME."
    )


def _networks(input_shape: Sequence[int] | None, zoo: Builders) -> Builders:
    """What builds each network that has a name."""
    shape = {} if input_shape is None else {"input_shape": tuple(input_shape)}
    own = {f"zoo:{name}": build for name, build in zoo.items()}
    of_keras = {
        f"{APPLICATIONS}{name}": partial(build, weights=None, **shape)
        for name, build in vars(keras.applications).items()
        if inspect.isfunction(build)
    }
    return {**own, **of_keras}
