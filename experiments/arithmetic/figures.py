"""Pictures of the arithmetic: a network to scale, fields on a photograph, parameters."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.patches import Polygon, Rectangle

from experiments import style
from experiments.study import Figure

_SLANT = 0.45  # How far a box's face leans back, in units of its side.
_FACES = (style.SKY_BLUE, style.BLUE, style.GREEN, style.ORANGE)


def network_figure(network: pd.DataFrame) -> Figure:
    """Source C's network as boxes to scale: faces by height and width, length by channels.

    Args:
        network: Columns layer, formula, f, stride, numbers.
    """
    figure, axes = style.subplots(size=(7.4, 3.5))
    style.image_axes(axes).set_aspect("equal")
    left, tallest = 0.0, 39.0
    volumes = network[network.layer != "flatten"].to_dict("records")
    for row, colour in zip(volumes, _FACES, strict=True):
        height, _, channels = (int(part) for part in str(row["formula"]).split("x"))
        width = _box(axes, left, height, channels, colour)
        middle = left + width / 2
        axes.text(middle, -height / 2 - 4, row["formula"], ha="center", va="top", weight="bold")
        numbers = f"{row['numbers']:,} numbers"
        axes.text(middle, -height / 2 - 9, numbers, ha="center", va="top", fontsize=8.5)
        if row["f"]:
            told = f"f {row['f']}, stride {row['stride']}"
            _arrow(axes, left - 13, told)
        left += width + 14
    _arrow(axes, left - 13, "flatten")
    flat = network[network.layer == "flatten"].iloc[0]
    axes.add_patch(Rectangle((left, -tallest / 2), 1.6, tallest, color=style.PURPLE))
    axes.text(
        left + 0.8, -tallest / 2 - 4, f"{flat.numbers:,}", ha="center", va="top", weight="bold"
    )
    axes.set(xlim=(-5, left + 8), ylim=(-tallest / 2 - 15, tallest * (0.5 + _SLANT / 2) + 3))
    sizes = " to ".join(network.formula)
    return Figure(
        "ng_network",
        "Source C's network to scale: a box's face is height by width, its length the channels. "
        "Each convolution is smaller and longer; what is flattened at the end has "
        f"{flat.numbers:,} numbers.",
        f"Four boxes and a bar from left to right: {sizes}.",
        figure,
    )


def _box(axes: Any, left: float, side: int, length: int, colour: str) -> float:
    """Draw a box in oblique projection; returns its width."""
    lean, rise, length = side * _SLANT * 0.6, side * _SLANT * 0.5, max(length, 1)
    bottom, top, right = -side / 2, side / 2, left + length
    back = {x: (x + lean, top + rise) for x in (left, right)}
    faces = {
        0.95: [(left, bottom), (right, bottom), (right, top), (left, top)],
        0.70: [(left, top), (right, top), back[right], back[left]],
        0.50: [(right, bottom), (right + lean, bottom + rise), back[right], (right, top)],
    }
    for alpha, corners in faces.items():
        axes.add_patch(Polygon(corners, facecolor=colour, alpha=alpha, edgecolor="none"))
        axes.add_patch(Polygon(corners, fill=False, edgecolor="white", linewidth=0.8))
    return length + lean


def _arrow(axes: Any, left: float, told: str) -> None:
    axes.annotate(
        "", (left + 12, 0), (left, 0), arrowprops={"arrowstyle": "-|>", "color": style.BLACK}
    )
    axes.text(left + 5.6, 2, told.replace(", ", "\n"), ha="center", va="bottom", fontsize=8)


def fields_figure(fields: pd.DataFrame, photo: np.ndarray, networks: tuple[str, ...]) -> Figure:
    """What the middle unit of each layer sees of a photograph, nested.

    Args:
        fields: Columns network, layer, receptive_field, sees.
        photo: (64, 64, 3), uint8.
        networks: Of 64x64 photographs; one panel each.
    """
    figure, panels = style.subplots(1, len(networks), size=(7.2, 4.7))
    for axes, network in zip(panels, networks, strict=True):
        rows = fields[fields.network == network].to_dict("records")
        style.image_axes(axes).imshow(photo)
        colours = matplotlib.colormaps["plasma"](np.linspace(0.95, 0.1, len(rows)))
        for row, colour in zip(rows, colours, strict=True):
            first, last = (int(part) for part in str(row["sees"]).split(" to "))
            size = last - first + 1
            told = f"{row['layer']}  {row['receptive_field']}x{row['receptive_field']}"
            for width, edge, label in ((3.2, "white", None), (1.8, colour, told)):
                corner = (first - 0.5, first - 0.5)
                square = Rectangle(corner, size, size, fill=False, label=label)
                square.set(linewidth=width, edgecolor=edge)
                axes.add_patch(square)
        axes.set_title(network)
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.01),
            ncols=3,
            fontsize=7.5,
            handlelength=1.2,
            columnspacing=1.0,
        )
    largest = fields.groupby("network").receptive_field.last()
    ends = ", ".join(f"{largest[name]} pixels in {name}" for name in networks)
    return Figure(
        "receptive_fields",
        "What the unit in the middle of each layer sees of a photograph: the field grows with "
        "every window, and faster after each stride.",
        f"A photograph with nested squares for each layer, twice; the last layer's is {ends}.",
        figure,
    )


def parameters_figure(connections: pd.DataFrame) -> Figure:
    """Parameters of full connection, local connection and shared weights, on a log axis.

    Args:
        connections: Columns layer, input, output, full_connection, local_connection,
            shared_weights.
    """
    figure, axes = style.subplots(size=(7.2, 4.6))
    bars = {
        "full connection": (connections.full_connection, style.VERMILION),
        "local connection": (connections.local_connection, style.ORANGE),
        "convolution: local, shared": (connections.shared_weights, style.BLUE),
    }
    places = np.arange(len(connections))
    for lane, (name, (counts, colour)) in enumerate(bars.items()):
        heights = places + (lane - 1) * 0.26
        axes.barh(heights, counts, 0.24, color=colour, label=name)
        for height, count in zip(heights, counts, strict=True):
            axes.text(count * 1.3, height, f"{count:,}", va="center", fontsize=7.5)
    shapes = zip(connections.layer, connections.input, connections.output, strict=True)
    labels = [f"{layer}\n{given} to {output}" for layer, given, output in shapes]
    axes.set_yticks(places, labels, fontsize=8)
    axes.set(xscale="log", xlim=(1, float(connections.full_connection.max()) * 3e3))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("parameters")
    figure.legend(loc="outside upper center", ncols=3)
    largest = connections.nlargest(1, "full_over_shared").iloc[0]
    return Figure(
        "parameters",
        "Why not fully connected: parameters of three layers with the same input and output. Local "
        "connection saves what lies outside the window, sharing saves one set of weights for each "
        "place.",
        f"Grouped bars on a log axis. For {largest.layer}, full connection has "
        f"{largest.full_connection:,} parameters and the convolution {largest.shared_weights:,}.",
        figure,
    )
