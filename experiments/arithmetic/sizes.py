"""Every source's formula for the size of an output, over a grid of all that it depends on."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, NamedTuple

from experiments.arithmetic.shapes import (
    CONVOLUTION,
    POOLING,
    Shape,
    Window,
    keras_shape,
    scratch_shape,
)
from scratch.functional import Padding


class Side(NamedTuple):
    """One side of an image under a window.

    Attributes:
        n: Numbers along the side.
        f: Length of the window.
        s: Stride.
        p: Zeros before the first number.
        q: Zeros after the last.
        d: Dilation.
    """

    n: int
    f: int
    s: int = 1
    p: int = 0
    q: int = 0
    d: int = 1


@dataclass(frozen=True)
class Formula:
    """One formula as its source gives it.

    Attributes:
        name: What it is for.
        source: Where it is from.
        expression: As it is written.
        kind: Of layer.
        size: The formula; below 1 where there is no output.
        applies: Which sides of the grid it is for.
        same: Whether the layer is asked for "same" instead of being given the zeros.
    """

    name: str
    source: str
    expression: str
    kind: str
    size: Callable[[Side], int]
    applies: Callable[[Side], bool]
    same: bool = False


def _symmetric(side: Side) -> bool:
    return side.p == side.q and side.d == 1


def _bare(side: Side) -> bool:
    return side.p == side.q == 0 and side.d == 1


def _half(side: Side) -> bool:
    """An odd window with (f - 1) / 2 zeros on both sides."""
    return _symmetric(side) and side.f % 2 == 1 and side.p == (side.f - 1) // 2


FORMULAS = (
    Formula(
        "convolution", "source A", "floor((n - f + 2 p) / s) + 1", CONVOLUTION,
        lambda a: floor((a.n - a.f + 2 * a.p) / a.s) + 1, _symmetric,
    ),
    Formula(
        "pooling", "source A", "floor((n - f) / s) + 1", POOLING,
        lambda a: floor((a.n - a.f) / a.s) + 1, _bare,
    ),
    Formula(
        "convolution, unequal pads", "source B, Keras", "floor((n + p + q - f) / s) + 1",
        CONVOLUTION, lambda a: floor((a.n + a.p + a.q - a.f) / a.s) + 1, lambda a: a.d == 1,
    ),
    Formula(
        "convolution, same", "source B, Keras", "ceil(n / s)", CONVOLUTION,
        lambda a: ceil(a.n / a.s), _bare, same=True,
    ),
    Formula(
        "pooling, same", "source B, Keras", "ceil(n / s)", POOLING,
        lambda a: ceil(a.n / a.s), _bare, same=True,
    ),
    Formula(
        "convolution, valid", "Keras", "ceil((n - f + 1) / s)", CONVOLUTION,
        lambda a: ceil((a.n - a.f + 1) / a.s), _bare,
    ),
    Formula(
        "valid convolution", "source C", "n - f + 1", CONVOLUTION,
        lambda a: a.n - a.f + 1, lambda a: _bare(a) and a.s == 1,
    ),
    Formula(
        "same convolution, p = (f - 1) / 2, f odd", "source C", "n", CONVOLUTION,
        lambda a: a.n, lambda a: _half(a) and a.s == 1,
    ),
    Formula(
        "pooling with padding", "source C", "floor((n + 2 p - f) / s + 1)", POOLING,
        lambda a: floor((a.n + 2 * a.p - a.f) / a.s + 1), lambda a: _symmetric(a) and a.p < a.f,
    ),
    Formula(
        "convolution, P = (K - 1) / 2, K odd", "source D", "floor((n - 1) / s) + 1", CONVOLUTION,
        lambda a: floor((a.n - 1) / a.s) + 1, _half,
    ),
    Formula(
        "wide convolution, p = f - 1", "source E", "n + f - 1", CONVOLUTION,
        lambda a: a.n + a.f - 1, lambda a: _symmetric(a) and a.s == 1 and a.p == a.f - 1,
    ),
    Formula(
        "dilated convolution", "Dumoulin and Visin 2016", "n + 2 p - d (f - 1)", CONVOLUTION,
        lambda a: a.n + 2 * a.p - a.d * (a.f - 1), lambda a: a.p == a.q and a.s == 1,
    ),
)  # fmt: skip


def grid(longest: int) -> list[Side]:
    """All sides with n up to `longest`, f up to 6, s up to 4, up to 5 zeros and d up to 3.

    Unequal pads are (0, 1), (1, 2), (2, 0) and (3, 1).
    """
    pads = [*((p, p) for p in range(6)), (0, 1), (1, 2), (2, 0), (3, 1)]
    lengths = itertools.product(range(1, longest + 1), range(1, 7), range(1, 5))
    plain = [Side(n, f, s, p, q) for n, f, s in lengths for p, q in pads]
    dilated = itertools.product(range(1, longest + 1), range(1, 4), range(3), (2, 3))
    return [*plain, *(Side(n, f, 1, p, p, d) for n, f, p, d in dilated)]


def formula_row(formula: Formula, sides: list[Side]) -> dict[str, Any]:
    """In how many cases of a grid a formula, scratch and Keras agree.

    Where the formula gives less than 1, scratch must refuse. Keras is asked where scratch finds an
    output alone: without one, TensorFlow's operations return an empty image or some other shape,
    raise, or end the process.

    Args:
        formula: Of `FORMULAS`.
        sides: Those that the formula applies to are used.
    """
    fitting = [side for side in sides if formula.applies(side)]
    some = [side for side in fitting if formula.size(side) > 0]
    none = [side for side in fitting if formula.size(side) < 1]
    counts: Counter[str] = Counter()
    # Each side is the height of an image whose width is another one.
    for down, across in zip(some, some[1:] + some[:1], strict=True):
        window, given = _two_sided(formula, down, across)
        expected = (1, formula.size(down), formula.size(across), 1)
        ours = scratch_shape(window, given)
        counts["scratch"] += ours == expected
        counts["keras"] += ours is not None and keras_shape(window, given) == expected
    for side in none:
        counts["refused"] += scratch_shape(*_two_sided(formula, side, side)) is None
    agree = counts["scratch"] == counts["keras"] == len(some)
    return {
        "formula": formula.name,
        "source": formula.source,
        "expression": formula.expression,
        "cases": len(some),
        "scratch_agrees": counts["scratch"],
        "keras_agrees": counts["keras"],
        "cases_without_output": len(none),
        "scratch_refuses": counts["refused"],
        "all_agree": agree and counts["refused"] == len(none),
    }


def _two_sided(formula: Formula, down: Side, across: Side) -> tuple[Window, Shape]:
    """An image of one channel under a window, each side from another case."""
    padding: Padding = "same" if formula.same else (down.p, down.q, across.p, across.q)
    window = Window(
        formula.kind,
        (down.f, across.f),
        (down.s, across.s),
        padding,
        dilation=(down.d, across.d),
    )
    return window, (1, down.n, across.n, 1)
