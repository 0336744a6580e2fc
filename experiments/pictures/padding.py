"""Source A's picture: an image beside its zero-padded self."""

from __future__ import annotations

import keras
import numpy as np

from experiments import style
from experiments.pictures.drawing import draw_photograph, outline
from experiments.pictures.exact import Array, Picture, agreement, tensor
from experiments.study import Figure
from scratch import functional as F  # noqa: N812
from scratch.functional.padding import resolve_padding
from scratch.reference import zero_pad

_PAD = 8
_KERNEL = 4  # signs_convnet's first kernel, whose `same` pads cannot be equal on all sides
_DETAIL = 12
_FRAME = style.ORANGE


def padding(photograph: Array) -> Picture:
    """A photograph, padded on every side, and padded as `same` pads for a 4x4 kernel.

    Args:
        photograph: (H, W, 3), float64, whole numbers from 0 to 255.
    """
    x = photograph[None]
    height, width = photograph.shape[:2]
    same = resolve_padding("same", (height, width), (_KERNEL, _KERNEL), (1, 1))
    checks = []
    for pads in ((_PAD,) * 4, same):
        operation = "zero padding (top, bottom, left, right) = " + " ".join(map(str, pads))
        results = _padded(x, pads)
        checks += agreement("padding", operation, results)
        cut = F.pad2d_backward(results["functional.pad2d"], pads)
        checks += agreement(
            "padding",
            operation + ", cut off again",
            {"the photograph": x, "functional.pad2d_backward": cut},
        )
    return Picture(_drawn(photograph, same), checks)


def _padded(x: Array, pads: tuple[int, int, int, int]) -> dict[str, Array]:
    """The same padding by everything that can pad."""
    top, bottom, left, right = pads
    layer = keras.layers.ZeroPadding2D(((top, bottom), (left, right)), dtype="float64")
    return {
        "reference.zero_pad": zero_pad(x, pads),
        "functional.pad2d": F.pad2d(x, pads),
        "keras ZeroPadding2D": np.asarray(layer(tensor(x))),
    }


def _drawn(photograph: Array, same: tuple[int, int, int, int]) -> Figure:
    height, width = photograph.shape[:2]
    figure, (left, middle, right) = style.subplots(1, 3, size=(7.2, 2.7))
    draw_photograph(left, photograph, f"photograph: {height} x {width}")
    draw_photograph(
        middle,
        F.pad2d(photograph[None], (_PAD,) * 4)[0],
        f"pad {_PAD}: {height + 2 * _PAD} x {width + 2 * _PAD}",
    )
    outline(middle, _PAD, _PAD, height, width, _FRAME)
    side = (_DETAIL + sum(same[:2]), _DETAIL + sum(same[2:]))
    top = (height - _DETAIL) // 2
    detail = photograph[None, top : top + _DETAIL, top : top + _DETAIL]
    title = f"same: {_DETAIL} x {_DETAIL} to {side[0]} x {side[1]}"
    draw_photograph(right, F.pad2d(detail, same)[0], title)
    outline(right, same[0], same[2], _DETAIL, _DETAIL, _FRAME)
    return Figure(
        "padding",
        f"A photograph and its zero-padded self (source A): {_PAD} rows and columns of zeros, "
        "black, on every side; the frame is where the photograph lies. Right: the middle of the "
        f"photograph, {_DETAIL} x {_DETAIL} pixels, padded as `same` does for the {_KERNEL}x"
        f"{_KERNEL} kernel of signs_convnet: an even kernel cannot be padded alike on both sides, "
        "and the extra row and column go to the bottom and the right.",
        f"A photograph of {height} x {width} pixels, the same with a black border of {_PAD} "
        f"pixels, and a detail with {same[0]} black row on top and {same[1]} at the bottom, "
        f"{same[2]} black column at the left and {same[3]} at the right.",
        figure,
    )
