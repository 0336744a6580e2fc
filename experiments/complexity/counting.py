"""Counting a model of either side: its layers' uses, through the rules, into a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
import numpy as np
import pandas as pd

import scratch
from experiments.complexity.complexity import COLUMNS, Complexity
from experiments.complexity.rules import is_view, work
from experiments.complexity.scratch_uses import scratch_uses
from keras_models.uses import LayerUse, TensorSpec, layer_uses

_SCALES = frozenset(
    {"alpha", "beta", "gamma", "mean", "moving_mean", "moving_variance", "scale", "variance"}
)
"""Weights that shift or scale numbers one by one, whatever their shape."""


def count(
    model: scratch.Model | keras.Model, input_shape: Sequence[int] | None = None, batch: int = 1
) -> Complexity:
    """Parameters, multiply-accumulates and memory of every use of every layer.

    The conventions are in `experiments.complexity.CONVENTIONS`. Nothing is computed, no weight is
    made, and the model is not changed.

    Args:
        model: A scratch model, or a Keras Sequential or Functional model, nested in any depth.
        input_shape: One sample's shape, such as (height, width, channels), in place of the one
            that the model declares; needed where that leaves sizes open.
        batch: How many samples.

    Returns:
        One row for each input and each use of a layer; its totals' `parameters` is
        `model.count_params()`.

    Raises:
        TypeError: `model`, or a model nested in it, computes in code of its own.
        ValueError: `model` is not built, its shapes are open, or a layer cannot take inputs of
            this shape; also if weights belong to no layer that the outputs depend on.

    Example:
        >>> count(zoo.signs_convnet()).totals["macs"]
        1606016
    """
    if batch < 1:
        raise ValueError(f"A batch has at least one sample, got {batch}.")
    find = scratch_uses if isinstance(model, scratch.Model) else layer_uses
    seen: set[int] = set()
    rows = [_row(use, seen) for use in find(model, input_shape, batch)]
    complexity = Complexity(model.name, batch, pd.DataFrame(rows, columns=COLUMNS))
    counted, held = complexity.totals["parameters"], model.count_params()
    if counted != held:
        raise ValueError(
            f"Model {model.name!r} holds {held:,} parameters, but the layers that its outputs "
            f"depend on hold {counted:,}; remove the layers that are not called."
        )
    return complexity


@dataclass(frozen=True)
class _Weight:
    """One weight of a layer, of either side."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    key: int

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def kind(self) -> str:
        """The column it counts in."""
        if self.name.endswith("bias"):
            return "biases"
        return "other" if len(self.shape) < 2 or self.name in _SCALES else "weights"


def _weights_of(layer: Any) -> list[_Weight]:
    if isinstance(layer, scratch.layers.Layer):
        return [_Weight(n, w.shape, w.dtype.name, id(w)) for n, w in layer.weights.items()]
    return [
        _Weight(v.name, tuple(v.shape), keras.backend.standardize_dtype(v.dtype), id(v))
        for v in getattr(layer, "weights", ())
    ]


def _row(use: LayerUse, seen: set[int]) -> dict[str, Any]:
    """A use's row; weights in `seen` were counted before, those that are new are added to it."""
    layer = use.layer
    weights = _weights_of(layer)
    kinds = {weight.kind for weight in weights}
    new = [weight for weight in weights if weight.key not in seen]
    seen.update(weight.key for weight in new)
    parameters = {
        kind: sum(w.size for w in new if w.kind == kind) for kind in ("weights", "biases", "other")
    }
    x = use.inputs[0].shape if use.inputs else ()
    done = work(layer, "weights" in kinds, x, use.outputs[0].shape)
    bias_adds = prod(use.outputs[0].shape) if done.macs and "biases" in kinds else 0
    flops = 2 * done.macs + bias_adds
    moved = _bytes(use.inputs) + _bytes(use.outputs) + _bytes(weights)
    written = () if is_view(layer) else use.outputs
    kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    return {
        "layer": use.path,
        "type": "Input" if layer is None else type(layer).__name__,
        "kernel": _sizes(kernel),
        "strides": _sizes(layer.strides) if kernel else "",
        "input_shape": _shapes(use.inputs),
        "output_shape": _shapes(use.outputs),
        **parameters,
        "macs": done.macs,
        "flops": flops,
        "activations": sum(prod(tensor.shape) for tensor in written),
        "activation_bytes": _bytes(written),
        "im2col_bytes": done.columns * _itemsize(use.outputs[0].dtype),
        "intensity": flops / moved if flops else 0.0,
        "macs_dx": done.macs,
        "macs_dw": done.macs,
        "note": _note(layer, done.note, shared=len(new) < len(weights)),
    }


def _note(layer: Any, note: str, shared: bool) -> str:
    """What a reader of the row should know besides its numbers."""
    groups, dilation = getattr(layer, "groups", 1), getattr(layer, "dilation_rate", 1)
    notes = (
        f"{groups} groups" if groups > 1 else "",
        f"dilation {_sizes(dilation)}" if set(np.ravel(dilation)) != {1} else "",
        "weights counted above" if shared else "",
        note,
    )
    return "; ".join(part for part in notes if part)


def _bytes(tensors: Iterable[TensorSpec | _Weight]) -> int:
    return sum(prod(tensor.shape) * _itemsize(tensor.dtype) for tensor in tensors)


def _itemsize(dtype: str) -> int:
    """Bytes a number; NumPy does not know bfloat16."""
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def _shapes(tensors: Iterable[TensorSpec]) -> str:
    return ", ".join(_sizes(tensor.shape) for tensor in tensors)


def _sizes(sizes: Any) -> str:
    """(3, 3) as 3x3."""
    return "" if sizes is None else "x".join(str(size) for size in np.ravel(sizes))
