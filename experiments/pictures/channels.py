"""Source D's picture: the first three output channels of a convolution."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from experiments import style
from experiments.pictures.drawing import draw_map, draw_photograph
from experiments.pictures.exact import Array, Picture, agreement, convolutions
from experiments.pictures.kernels import EDGES_ACROSS, EDGES_DOWN, LAPLACIAN
from experiments.study import Figure
from scratch.reference import channels_first

_SIZE = 3  # K, odd
_PAD = (_SIZE - 1) // 2
_CHANNELS = 3
_LARGEST_WEIGHT = 3
_COVERED = 99.5  # per cent of the values inside the rim that the colours tell apart


class _Row(NamedTuple):
    """One kernel, (K, K, 3, 3), and how its three channels are called."""

    label: str
    titles: tuple[str, ...]
    kernel: Array


def first_channels(photograph: Array, seed: int) -> Picture:
    """A convolution with P = (K - 1) / 2 by two kernels drawn by chance and one made by hand.

    Args:
        photograph: (H, W, 3), float64, whole numbers from 0 to 255.
        seed: Of the first kernel; the second one's is the next.
    """
    numbered = tuple(f"channel {channel + 1}" for channel in range(_CHANNELS))
    planes = [np.stack([plane] * 3, axis=2) for plane in (EDGES_DOWN, EDGES_ACROSS, LAPLACIAN)]
    rows = [
        _Row(f"kernel drawn from seed {seed}", numbered, _drawn_kernel(seed)),
        _Row(f"kernel drawn from seed {seed + 1}", numbered, _drawn_kernel(seed + 1)),
        _Row("kernel made by hand", ("edges down", "edges across", "spots"), np.stack(planes, 3)),
    ]
    maps, checks = [], []
    for row in rows:
        results = _convolved(photograph, row.kernel)
        operation = f"{_SIZE}x{_SIZE} convolution, {row.label}"
        checks += agreement("first_channels", operation, results)
        maps.append(results["functional.conv2d"][0])
    return Picture(_drawn(photograph, rows, maps), checks)


def _drawn_kernel(seed: int) -> Array:
    """(K, K, 3, 3) whole numbers from -3 to 3."""
    rng = np.random.default_rng(seed)
    shape = (_SIZE, _SIZE, 3, _CHANNELS)
    return rng.integers(-_LARGEST_WEIGHT, _LARGEST_WEIGHT + 1, shape).astype(np.float64)


def _convolved(photograph: Array, kernel: Array) -> dict[str, Array]:
    """The convolution by source D's loops, channels first, and by everything else."""
    image, turned = photograph.transpose(2, 0, 1), kernel.transpose(3, 2, 0, 1)
    by_loops = channels_first.convolution(image, 3, _CHANNELS, _SIZE, 1, turned)
    return {
        "reference.channels_first.convolution": by_loops.transpose(1, 2, 0)[None],
        **convolutions(photograph[None], kernel, pad=_PAD),
    }


def _drawn(photograph: Array, rows: list[_Row], maps: list[Array]) -> Figure:
    figure, axes = style.subplots(len(rows), _CHANNELS + 1, size=(7.2, 5.4))
    for (first, *others), row, values in zip(axes, rows, maps, strict=True):
        draw_photograph(first, photograph, "photograph")
        first.set_ylabel(row.label, fontsize=9)
        _draw_channels(figure, others, row.titles, values)
    height, width = photograph.shape[:2]
    return Figure(
        "first_channels",
        f"The first {_CHANNELS} output channels of a {_SIZE}x{_SIZE} convolution padded by "
        "P = (K - 1) / 2 (source D), so that every map has the photograph's size. White is 0, red "
        "positive, blue negative; each row has its own scale, and beyond its ends are the largest "
        f"{100 - _COVERED:g} % and the rim, where the photograph meets the zeros around it. Two "
        "seeds give two kernels and two sets of pictures: a kernel is a weight to be kept, not to "
        "be drawn anew in every call. Kernels made by hand show what a channel can look for.",
        f"A photograph of {height} x {width} pixels and nine maps of the same size in three rows: "
        "in the first two the hand appears in shades that differ from channel to channel and "
        "from seed to seed, in the third its outlines appear.",
        figure,
    )


def _draw_channels(figure: Any, axes: Any, titles: tuple[str, ...], values: Array) -> None:
    """The channels of a map (H, W, C) on one scale, that of what lies inside the rim."""
    inside = values[_PAD:-_PAD, _PAD:-_PAD]
    limit = float(np.percentile(np.abs(inside), _COVERED))
    for channel, (ax, title) in enumerate(zip(axes, titles, strict=True)):
        image = draw_map(ax, values[..., channel], limit, title)
    figure.colorbar(image, ax=axes, shrink=0.85, pad=0.01, extend="both")
