"""Source C's 5x5 image, convolved by hand: valid and same."""

from __future__ import annotations

import numpy as np

from experiments import style
from experiments.pictures.drawing import draw_numbers, outline
from experiments.pictures.exact import Picture, agreement, convolutions
from experiments.study import Figure
from scratch.reference.theory import cross_correlate

IMAGE = np.array(
    [
        [1.0, 1, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 1, 1],
        [0, 0, 1, 1, 0],
        [0, 1, 1, 0, 0],
    ]
)
KERNEL = np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])

_PAPER, _MARKED, _RESULT = "#f0f3f6", "#cfe3f3", "#fbe3cf"


def five_by_five() -> Picture:
    """The image, the kernel, the valid convolution and the same one, number by number."""
    x, kernel = IMAGE[None, ..., None], KERNEL[..., None, None]
    valid, same = convolutions(x, kernel), convolutions(x, kernel, pad=1)
    loops = {mode: cross_correlate(IMAGE, KERNEL, mode) for mode in ("valid", "same")}
    checks = [
        *agreement("five_by_five", "valid 3x3 convolution", _by_loops(loops["valid"]) | valid),
        *agreement("five_by_five", "same 3x3 convolution", _by_loops(loops["same"]) | same),
        *agreement(
            "five_by_five",
            "the middle of same is valid",
            {"valid": loops["valid"], "same, cut": loops["same"][1:-1, 1:-1]},
        ),
    ]
    return Picture(_drawn(loops["valid"], loops["same"]), checks)


def _by_loops(result: np.ndarray) -> dict[str, np.ndarray]:
    """A matrix as an image of one channel, under the name of what computed it."""
    return {"reference.theory.cross_correlate": result[None, ..., None]}


def _drawn(valid: np.ndarray, same: np.ndarray) -> Figure:
    figure, axes = style.subplots(1, 4, size=(7.2, 2.8), width_ratios=[5, 3, 3, 5])
    under = np.full(IMAGE.shape, _PAPER, dtype=object)
    under[:3, :3] = np.where(KERNEL > 0, _MARKED, _PAPER)
    draw_numbers(axes[0], IMAGE, under, "image, 5x5")
    outline(axes[0], 0, 0, 3, 3, style.BLUE)
    draw_numbers(axes[1], KERNEL, np.where(KERNEL > 0, _MARKED, _PAPER), "kernel, 3x3")
    outline(axes[1], 0, 0, 3, 3, style.BLUE)
    draw_numbers(axes[2], valid, _RESULT, "valid, 3x3")
    outline(axes[2], 0, 0, 1, 1, style.BLUE)
    inner = np.full(same.shape, _PAPER, dtype=object)
    inner[1:-1, 1:-1] = _RESULT
    draw_numbers(axes[3], same, inner, "same, 5x5")
    outline(axes[3], 1, 1, 3, 3, style.VERMILION)
    rows = " / ".join(" ".join(f"{value:.0f}" for value in row) for row in valid)
    return Figure(
        "five_by_five",
        "Source C's example. The kernel lies on the framed window of the image; where it holds a 1 "
        "the pixels count, and their sum is the framed number of the valid convolution. With a "
        "rim of zeros around the image the result has the image's size (same), and the valid "
        "result is its middle.",
        f"Grids of numbers: the 5x5 image, the 3x3 kernel, the valid result {rows}, and the 5x5 "
        "same result with those nine numbers in its middle.",
        figure,
    )
