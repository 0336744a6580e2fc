"""What must hold of every network, and how much of it was seen."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from hypothesis import reject

import scratch
from experiments.compare import Comparison, compare_layers
from experiments.complexity import count
from keras_models import to_keras, to_scratch
from keras_models.graph import functional_of, trace, walk
from keras_models.uses import LayerUse, layer_uses
from keras_models.weights import read_weights
from tests.random_networks.layers import IMPORTED
from tests.random_networks.source import Network

_NO_FAULT = ["identical", "rounding", "flip", "suspect", "unjudged"]
UNLIKELY = 1e-4
"""How often rounding may exceed its probabilistic bound, a tensor."""


@dataclass
class Tally:
    """What a run has covered, and the tensors whose difference is unlikely, with their networks."""

    networks: int = 0
    tensors: int = 0
    flips: int = 0
    unjudged: int = 0
    layers: Counter[str] = field(default_factory=Counter)
    suspects: list[str] = field(default_factory=list)

    def add(self, network: Network, found: Comparison) -> None:
        self.networks += 1
        self.tensors += len(found.isolated)
        self.flips += int((found.isolated.verdict == "flip").sum())
        self.unjudged += len(found.unjudged)
        self.layers.update(found.isolated.drop_duplicates("layer").type)
        suspects = found.isolated[found.isolated.verdict == "suspect"]
        self.suspects += [f"{network!r}\n{_rows(suspects)}"] * len(suspects)

    @property
    def allowed_suspects(self) -> int:
        """The least number that a run of as many tensors exceeds once in a million runs."""
        expected, number = UNLIKELY * self.tensors, 0
        term = left = math.exp(-expected)
        while 1 - left > 1e-6:
            number += 1
            term *= expected / number
            left += term
        return number

    def __str__(self) -> str:
        return (
            f"{self.networks} random networks: {self.tensors} tensors held against Keras' in "
            f"{len(self.layers)} types of layers, {len(self.suspects)} suspects, "
            f"{self.flips} with flips, {self.unjudged} unjudged because numbers overflowed"
        )


def check(network: Network, tally: Tally) -> None:
    """Convert a network, compare both passes, convert it back, save and load it, count it."""
    model = _built(network)
    x, y = network.data(model)
    twin = to_scratch(model)
    loss = network.loss
    found = compare_layers(twin, model, x, y, loss=loss, training=network.training)
    wrong = found.table[~found.table.verdict.isin(_NO_FAULT)]
    assert wrong.empty, f"{found.summary}\n{_rows(wrong)}"
    with np.errstate(all="ignore"):  # Where Keras' numbers overflow, so do scratch's.
        _assert_same(to_keras(twin), model, x)
        _assert_reloads(twin, x)
    if not _computes_in_vain(model):
        assert twin.count_params() == model.count_params()
        assert count(twin).totals == count(model).totals
    tally.add(network, found)


def _built(network: Network) -> keras.Model:
    """The model, if Keras can build it and add what it adds.

    Keras takes `x * 2` for a sparse tensor, of which it cannot tell what its applications' own
    layers make.
    """
    if "* 2" in network.source and any(name in network.source for name in IMPORTED):
        reject()
    model = network.build()
    if any(_takes_for_bias(use) for use in layer_uses(model, batch=network.batch)):
        reject()
    return model


def _takes_for_bias(use: LayerUse) -> bool:
    """Whether Keras adds along another axis than the shapes say (keras-team/keras, PR 20386).

    What has only one axis longer than 1 it takes for a bias, of the last axis or else of the one
    after the batch, whichever is as long: (3, 3) and (3, 1) become the sum of a matrix and a row.
    """
    if type(use.layer).__name__ not in ("Add", "Average"):
        return False
    total, *added = (tensor.shape for tensor in use.inputs)
    for shape in added:
        long = [axis for axis, size in enumerate(shape) if size > 1]
        fitting = [axis for axis in (len(total) - 1, 1) if total[axis] == max(shape)]
        if len(long) == 1 and fitting and fitting[0] != long[0]:
            return True
        total = np.broadcast_shapes(total, shape)
    return False


def _computes_in_vain(model: keras.Model) -> bool:
    """Whether a nested model has outputs that nobody uses: what they need is not converted."""
    paths: list[str] = []

    def visit(path: str, _node: Any, _values: Any) -> list[None]:
        paths.append(path)
        return [None]

    walk(functional_of(model), [None] * len(model.inputs), visit)
    return len(paths) > len(trace(model).calls)


def _rows(table: Any) -> str:
    columns = ["layer", "tensor", "mode", "shape", "max_abs_diff", "error_ratio", "verdict", "note"]
    return table[columns].to_string(index=False)


def _arrays(outputs: Any) -> list[np.ndarray]:
    return [np.asarray(array) for array in keras.tree.flatten(outputs)]


def _assert_same(back: keras.Model, model: keras.Model, x: Any) -> None:
    """Converted back, a model has the same weights and computes the same bits.

    But for subnormal numbers: -x keeps them, x * -1, which it becomes, is zero in TensorFlow.
    """
    mine, theirs = read_weights(back), read_weights(model)
    assert list(mine) == list(theirs)
    for name in theirs:
        np.testing.assert_array_equal(mine[name], theirs[name])
    for y, wanted in zip(*(_arrays(m(x, training=False)) for m in (back, model)), strict=True):
        np.testing.assert_array_equal(_without_subnormals(y), _without_subnormals(wanted))


def _without_subnormals(y: np.ndarray) -> np.ndarray:
    return np.where(np.abs(y) < np.finfo(y.dtype).tiny, 0, y)


def _assert_reloads(twin: scratch.Model, x: Any) -> None:
    """Saved and loaded, a model is the same."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "twin.npz"
        twin.save(path)
        other = scratch.load_model(path)
    assert other.get_config() == twin.get_config()
    for mine, theirs in zip(_arrays(other.forward(x)), _arrays(twin.forward(x)), strict=True):
        np.testing.assert_array_equal(mine, theirs)
