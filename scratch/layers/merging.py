"""What the layers that merge a list of tensors element by element share."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from scratch.layers.base import Layer, Shape


class Merging(Layer):
    """Base of the layers that merge a list of tensors element by element.

    Args:
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        A list of shapes that broadcast: behind the batch, sizes are equal or 1, counted from the
        last axis.

    Output shape:
        The broadcast shape.

    Raises:
        ValueError: No input, or shapes that do not broadcast.
    """

    takes_list = True

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The inputs' broadcast shape."""
        shapes = [tuple(shape) for shape in input_shape]
        batches = {shape[0] for shape in shapes} - {None}
        axes = list(zip_longest(*(shape[:0:-1] for shape in shapes), fillvalue=1))
        if not shapes or len(batches) > 1 or any(len({*axis} - {None, 1}) > 1 for axis in axes):
            raise ValueError(
                f"{self} takes one or more inputs of one shape, or of shapes that broadcast behind "
                f"the batch, got {shapes}."
            )
        return (batches.pop() if batches else None, *map(_broadcast, reversed(axes)))


def _broadcast(sizes: tuple[int | None, ...]) -> int | None:
    """The one size that is not 1; where one is unknown, so is the result."""
    return None if None in sizes else next((size for size in sizes if size != 1), 1)
