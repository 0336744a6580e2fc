"""What a recipe is, and what recipes draw with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Shape = tuple[int, ...]
Options = dict[str, Any]

FLAG = st.booleans()
UNLESS = st.booleans().map(lambda drawn: not drawn)
"""Shrinks towards True, the default of most options."""
IMAGE = (3,)
ROW = (2,)
"""The ranks that layers of images and of sequences take."""


class Recipe(NamedTuple):
    """How a layer's options are drawn, and from which inputs.

    Attributes:
        options: (draw, shape) -> options, or None.
        ranks: The ranks of input it takes, the batch not counted.
        joins: Whether it takes several inputs.
    """

    options: Callable[[Draw, Shape], Options | None]
    ranks: tuple[int, ...] = (1, 2, 3)
    joins: bool = False


def one_of(draw: Draw, *values: Any) -> Any:
    return draw(st.sampled_from(values))


def sizes_of(draw: Draw, count: int, largest: int, smallest: int = 1) -> Shape:
    """Sizes along the spatial axes, equal or not."""
    return tuple(draw(st.integers(smallest, largest)) for _ in range(count))


def axis_of(draw: Draw, shape: Shape) -> int:
    """An axis as Keras counts them, the batch being 0."""
    return one_of(draw, -1, *range(1, len(shape) + 1))


def axes_of(draw: Draw, shape: Shape) -> list[int]:
    """Some of a tensor's axes, at least one, in order."""
    axes = st.sets(st.integers(1, len(shape)), min_size=1)
    return sorted(draw(axes))


def no_options(_draw: Draw, _shape: Shape) -> Options:
    return {}
