"""What a comparison does to a scratch model while it runs, and how it takes that back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from keras_models.probe import ProbedCall
from scratch.layers import BaseDropout


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Put the attributes of a model and of its layers back afterwards, and their arrays' values.

    Arrays keep their identity, which optimizers rely on.
    """
    owners = [model, *model.layers]
    attributes = [dict(vars(owner)) for owner in owners]
    tables = [table for layer in model.layers for table in (layer.weights, layer.gradients)]
    entries = [dict(table) for table in tables]
    found = [array for entry in entries for array in entry.values()]
    arrays = [(array, array.copy()) for array in found if array.flags.writeable]
    generators = [la.rng.bit_generator for la in model.layers if isinstance(la, BaseDropout)]
    states = [generator.state for generator in generators]
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.state = state
        for array, values in arrays:
            array[...] = values
        contents = zip(tables, entries, strict=True)
        kept = zip(map(vars, owners), attributes, strict=True)
        for table, before in itertools.chain(contents, kept):
            table.clear()
            table.update(before)


def impose_masks(layer: Any, calls: Sequence[ProbedCall]) -> None:
    """Make dropout use the masks that Keras drew, one for each of its uses, over and over."""
    if isinstance(layer, BaseDropout):
        # Where input and gradient are both zero, the mask is unknown and of no consequence.
        kept = [(call.output != 0) | (call.grad_inputs[0] != 0) for call in calls]
        masks = itertools.cycle(kept)
        vars(layer)["draw_mask"] = lambda _shape: next(masks)
