"""Source C's kernels that treat red, green and blue differently."""

from __future__ import annotations

import numpy as np

from experiments import style
from experiments.pictures.drawing import draw_map
from experiments.pictures.exact import Array, Picture, Rows, agreement, convolutions
from experiments.pictures.kernels import EDGES_DOWN, SUM
from experiments.study import Figure
from scratch.reference.theory import cross_correlate

_COLOURS = ("red", "green", "blue")
_KERNELS = {  # name -> one plane for each colour
    "edges, red only": (EDGES_DOWN, 0 * EDGES_DOWN, 0 * EDGES_DOWN),
    "edges, all alike": (EDGES_DOWN, EDGES_DOWN, EDGES_DOWN),
    "2 R - G - B": (2 * SUM, -SUM, -SUM),
}
_SUM_OF_PARTS = "sum of reference.theory.cross_correlate"
_SMALL = 6  # source C: 6x6x3 with 3x3x3 gives 4x4, with two kernels 4x4x2


def colour_kernels(photograph: Array) -> Picture:
    """Feature maps as sums of single-channel convolutions.

    Args:
        photograph: (H, W, 3), float64, whole numbers from 0 to 255.
    """
    x = photograph[None]
    rows, checks = {}, []
    for name, planes in _KERNELS.items():
        kernel = np.stack(planes, axis=2)[..., None]
        parts = _parts(x, kernel)
        whole = convolutions(x, kernel)
        results = {_SUM_OF_PARTS: sum(parts, np.zeros(())), **whole}
        checks += agreement("colour_kernels", f"3x3x3 convolution, {name}", results)
        rows[name] = [part[0, ..., 0] for part in (*parts, whole["functional.conv2d"])]
    return Picture(_drawn(rows), [*checks, *_further_checks(x)])


def _parts(x: Array, kernel: Array) -> list[Array]:
    """What each colour contributes, by the loops: a channel of x with that plane of each kernel."""
    return [
        np.stack(
            [cross_correlate(x[0, ..., c], kernel[..., c, k]) for k in range(kernel.shape[3])],
            axis=2,
        )[None]
        for c in range(x.shape[3])
    ]


def _further_checks(x: Array) -> Rows:
    """That a kernel without green and blue sees none, and source C's sizes for two kernels."""
    planes = np.stack([np.stack(planes, axis=2) for planes in _KERNELS.values()], axis=3)
    erased = x * np.array([1.0, 0, 0])
    red_only = planes[..., :1]
    blind = {
        "functional.conv2d": convolutions(x, red_only)["functional.conv2d"],
        "functional.conv2d, green and blue erased": convolutions(erased, red_only)[
            "functional.conv2d"
        ],
    }
    small, two = x[:, :_SMALL, :_SMALL], planes[..., :2]
    sizes = {_SUM_OF_PARTS: sum(_parts(small, two), np.zeros(()))}
    return [
        *agreement("colour_kernels", "3x3x3 convolution, edges, red only, erased colours", blind),
        *agreement(
            "colour_kernels",
            f"{_SMALL}x{_SMALL}x3 with two kernels 3x3x3",
            {**sizes, **convolutions(small, two)},
        ),
    ]


def _drawn(rows: dict[str, list[Array]]) -> Figure:
    figure, axes = style.subplots(len(rows), len(_COLOURS) + 1, size=(7.2, 5.2))
    for line, (name, maps) in zip(axes, rows.items(), strict=True):
        limit = max(float(np.abs(values).max()) for values in maps)
        titles = [f"{colour} part" for colour in _COLOURS] + ["feature map = sum"]
        for ax, values, title in zip(line, maps, titles, strict=True):
            image = draw_map(ax, values, limit, title)
        line[0].set_ylabel(name, fontsize=9.5)
        figure.colorbar(image, ax=list(line), shrink=0.85, pad=0.01)
    largest = np.abs(rows["2 R - G - B"][-1]).max()
    return Figure(
        "colour_kernels",
        "A kernel has a plane for each colour, and its feature map is the sum of three "
        "single-channel convolutions (source C). First row: edges in red only; green and blue "
        "contribute nothing. Second row: the same edges in every colour, which add up. Third row: "
        "what is redder than green and blue, a difference of colours that no single channel "
        "shows: the hand stands out. White is 0, red positive, blue negative; one scale for each "
        "row.",
        "Three rows of four maps: the parts of red, green and blue, and their sum. In the first "
        "row two parts are blank; in the third large parts cancel, and what is left is at most "
        f"{largest:,.0f}.",
        figure,
    )
