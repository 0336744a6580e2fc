"""Exercise 5-2 as a picture: a photograph and a kernel change places."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from experiments import style
from experiments.formatting import number
from experiments.identities.cases import Array
from experiments.identities.equalities import wide
from experiments.signs import SignsData
from experiments.study import Figure
from scratch.functional import conv2d
from scratch.reference.theory import rot180

# An F: one sees which way up it is.
_KERNEL = np.zeros((9, 6), np.int64)
_KERNEL[:, 0] = _KERNEL[0] = _KERNEL[4, :4] = 1
_STEP = 2  # Every second pixel: the hand is still seen, and the kernel is not too small beside it.


def wide_figure(signs: SignsData) -> Figure:
    """Both orders of a wide convolution, and of a wide cross-correlation, on a photograph."""
    x, w = signs.x_train[0, ::_STEP, ::_STEP, 0].astype(np.int64), _KERNEL
    figure, axes = style.subplots(2, 7, size=(7.0, 3.1), width_ratios=(1, 1, 1, 0.08, 1, 1, 1))
    turned = (
        _row(axes[0, :3], ("rot180(W)", rot180(w)), ("X", x)),
        _row(axes[1, :3], ("rot180(X)", rot180(x)), ("W", w)),
    )
    plain = _row(axes[0, 4:], ("W", w), ("X", x)), _row(axes[1, 4:], ("X", x), ("W", w))
    for spacer in axes[:, 3]:
        spacer.axis("off")
    commutes, turns = _agreement(*turned), _agreement(plain[0], rot180(plain[1]))
    axes[0, 1].set_title("One kernel turned", fontsize=10, loc="center", pad=16)
    axes[0, 5].set_title("Nothing turned", fontsize=10, loc="center", pad=16)
    axes[1, 1].set_xlabel(f"Both results are equal:\n{commutes} numbers", fontsize=9)
    axes[1, 5].set_xlabel(f"Each result is the other, turned:\n{turns} numbers", fontsize=9)
    return Figure(
        "wide_convolution",
        "Source E, exercise 5-2, on the red channel of a photograph, every second pixel, and a "
        "kernel W shaped as an F, in whole numbers; ⊗ is wide. With the kernel turned by 180 "
        "degrees, image and kernel may change places (left). With nothing turned, each "
        "result is the other turned by 180 degrees (right).",
        "Four wide cross-correlations. Left, rot180(W) ⊗ X and rot180(X) ⊗ W: "
        f"{commutes} numbers are equal. Right, W ⊗ X and X ⊗ W: {turns} are, after a turn.",
        figure,
    )


def _row(panels: Any, kernel: tuple[str, Array], image: tuple[str, Array]) -> Array:
    """Draw kernel, image and result, all to one scale; returns the result."""
    result = conv2d(
        image[1][None, ..., None], kernel[1][..., None, None], padding=wide(kernel[1].shape)
    )
    result = result[0, ..., 0]
    for panel, (name, picture) in zip(panels, (kernel, image, ("", result)), strict=True):
        _show(panel, picture, result.shape, name)
    for panel, sign in zip(panels, ("⊗", "="), strict=False):
        panel.text(1.08, 0.5, sign, ha="center", va="center", transform=panel.transAxes)
    return result


def _agreement(a: Array, b: Array) -> str:
    return f"{number(int((a == b).sum()))} of {number(a.size)}"


def _show(panel: Any, picture: Array, frame: tuple[int, ...], name: str) -> None:
    """A picture in the middle of a frame of so many rows and columns; weights in blue on white."""
    style.image_axes(panel)
    height, width = picture.shape
    top, left = (frame[0] - height) / 2, (frame[1] - width) / 2
    colours = "Blues" if picture.max() == 1 else "gray"
    box = (left, left + width, top + height, top)
    panel.imshow(picture, cmap=colours, interpolation="none", extent=box)
    panel.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=style.GREY))
    panel.set(xlim=(-1, frame[1] + 1), ylim=(frame[0] + 1, -1))
    panel.text(0.5, 1.02, name, ha="center", va="bottom", fontsize=9, transform=panel.transAxes)
