"""Exercise 5-7 as pictures: the convolution's matrix, coloured by the kernel's cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from experiments import style
from experiments.identities.cases import Array, Case
from experiments.study import Figure
from scratch.functional import conv_matrix
from scratch.reference.theory import rot180

_HUES = (style.BLUE, style.VERMILION, style.GREEN)  # One for each row of the kernel.
_TINTS = (1.0, 0.6, 0.3)  # How much of it for each column.
_CELLS = np.arange(1, 10).reshape(3, 3)
_TURNED = "4x4, wide, rot180(W)"
_VARIANTS = {
    "4x4, valid": Case(4, 4, 1, (3, 3), 1),
    "4x4 with 2 channels, valid": Case(4, 4, 2, (3, 3), 1),
    "6x6, same, strides 2": Case(6, 6, 1, (3, 3), 1, (2, 2), "same"),
    "6x6, valid": Case(6, 6, 1, (3, 3), 1),
    "6x6, same": Case(6, 6, 1, (3, 3), 1, padding="same"),
    _TURNED: Case(4, 4, 1, (3, 3), 1, padding=(2, 2, 2, 2)),
}


def matrix_figure() -> Figure:
    """C and its transpose for a 4x4 image and a 3x3 kernel, cell by cell."""
    cells = _cells(Case(4, 4, 1, (3, 3), 1))
    pixels, places = _names("x", (4, 4)), _names("y", (2, 2))
    figure, axes = style.subplots(size=(7.0, 6.6))
    axes.set(xlim=(0, 7), ylim=(6.6, 0), aspect="equal")
    axes.axis("off")

    _title(axes, 0.05, 0.15, "C, 4 by 16:  y = C x")
    _draw(axes, cells, (0.45, 0.62), 0.4)
    _margins(axes, (0.45, 0.62), 0.4, places.ravel(), pixels.ravel())

    _title(axes, 0.05, 2.6, "Forward:  y = W ⊗ x")
    _draw(axes, _CELLS, (0.1, 3.11), 0.32)
    _sign(axes, 1.33, 3.6, "⊗")
    _draw(axes, np.zeros((4, 4), int), (1.6, 2.95), 0.32, pixels)
    _sign(axes, 3.15, 3.6, "=")
    _draw(axes, np.zeros((2, 2), int), (3.4, 3.27), 0.32, places)

    _title(axes, 0.05, 4.6, "Backward:  dx = rot180(W) ⊗ dy, wide")
    errors = np.full((6, 6), "0", object)
    errors[2:4, 2:4] = _names("dy", (2, 2))
    _draw(axes, rot180(_CELLS), (0.1, 5.2), 0.32)
    _sign(axes, 1.33, 5.68, "⊗")
    _draw(axes, np.zeros((6, 6), int), (1.6, 4.87), 0.27, errors)
    _sign(axes, 3.47, 5.68, "=")
    _draw(axes, np.zeros((4, 4), int), (3.72, 5.0), 0.34, _names("dx", (4, 4)))

    _title(axes, 5.3, 2.6, "dx = Cᵀ dy")
    _draw(axes, cells.T, (5.9, 2.95), 0.22)
    _margins(axes, (5.9, 2.95), 0.22, _names("dx", (16,)), _names("dy", (4,)))
    return Figure(
        "matrix",
        "Source E, exercise 5-7. Laying a 3x3 kernel (a colour for each of its cells) on a 4x4 "
        "image is a product with a matrix C: row k holds the weights that y_k sees, empty cells "
        "are zeros. The errors dy go back through the transpose, which is the turned kernel laid "
        "wide over dy.",
        f"A matrix of {cells.shape[0]} rows and {cells.shape[1]} columns with "
        f"{np.count_nonzero(cells)} coloured cells, each of the nine weights once in every row; "
        "beside it the transposed matrix, and the same two products drawn as convolutions.",
        figure,
    )


def variants_figure() -> Figure:
    """The matrices of other paddings, strides and channels."""
    cells = {name: _cells(case, turn=name == _TURNED) for name, case in _VARIANTS.items()}
    figure, axes = style.subplots(2, 3, size=(7.0, 4.1), height_ratios=(1, 3.6))
    for panel, (name, numbers) in zip(axes.flat, cells.items(), strict=True):
        panel.imshow(_colours(numbers), interpolation="none")
        panel.set_anchor("NW")
        panel.grid(False)
        panel.set(xticks=[], yticks=[])
        panel.spines[["top", "right"]].set_visible(True)
        panel.set_title(f"{name}\n{len(numbers)} by {numbers.shape[1]}", fontsize=9)
    sizes = [f"{name}: {len(numbers)} by {numbers.shape[1]}" for name, numbers in cells.items()]
    return Figure(
        "matrix_variants",
        "Matrices of a 3x3 kernel for other geometries, coloured as above. With two channels "
        "every place has two weights; strides leave rows out; padding adds rows. The last matrix "
        "is the fourth one's transpose: backward through a valid convolution is a wide convolution "
        "with the turned kernel.",
        f"Six banded matrices, rows by columns: {'; '.join(sizes)}.",
        figure,
    )


def _cells(case: Case, turn: bool = False) -> Array:
    """The matrix with the number of the kernel's cell, 1 to 9, in place of its weight."""
    plane = rot180(_CELLS) if turn else _CELLS
    kernel = np.broadcast_to(plane[..., None, None], case.kernel_shape)
    return conv_matrix(kernel, case.input_shape, case.strides, case.padding)


def _colours(cells: Array) -> Array:
    """An RGB picture of cell numbers, white where there is none."""
    hues = np.array([to_rgb(hue) for hue in _HUES])
    weights = 1 - np.array(_TINTS)[:, None] * (1 - hues[:, None])  # (3 rows, 3 columns, RGB)
    return np.concatenate([np.ones((1, 3)), weights.reshape(-1, 3)])[cells]


def _draw(
    axes: Any, cells: Array, corner: tuple[float, float], size: float, names: Array | None = None
) -> None:
    """A grid of squares, `size` inches each: weights with their names, or other names on white."""
    colours = _colours(cells)
    points = _points(size, np.array("w1") if names is None else names)
    for i, j in np.ndindex(cells.shape):
        left, top = corner[0] + j * size, corner[1] + i * size
        axes.add_patch(
            Rectangle(
                (left, top),
                size,
                size,
                facecolor=colours[i, j],
                edgecolor=style.GREY,
                linewidth=0.5,
            )
        )
        text = str(names[i, j]) if names is not None else f"w{cells[i, j]}"
        if names is not None or cells[i, j]:
            dark = colours[i, j] @ (0.299, 0.587, 0.114) < 0.5
            _text(axes, left + size / 2, top + size / 2, text, points, "white" if dark else "black")


def _margins(
    axes: Any, corner: tuple[float, float], size: float, rows: Array, columns: Array
) -> None:
    """The names of a matrix' rows, on its left, and columns, above it."""
    points = _points(size, np.append(rows, columns))
    for i, name in enumerate(rows):
        _text(axes, corner[0] - 0.2, corner[1] + (i + 0.5) * size, name, points, style.BLACK)
    for j, name in enumerate(columns):
        _text(axes, corner[0] + (j + 0.5) * size, corner[1] - 0.1, name, points, style.BLACK)


def _points(size: float, names: Array) -> float:
    """A font size with which the longest of the names fits into a square of `size` inches."""
    longest = max(len(str(name)) for name in names.ravel())
    return min(9.0, (26 if longest < 4 else 23) * size)


def _text(axes: Any, x: float, y: float, text: str, points: float, colour: str) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=points, color=colour)


def _title(axes: Any, x: float, y: float, text: str) -> None:
    axes.text(x, y, text, va="center", fontsize=10.5, fontweight="bold")


def _sign(axes: Any, x: float, y: float, sign: str) -> None:
    axes.text(x, y, sign, ha="center", va="center", fontsize=15)


def _names(letter: str, shape: tuple[int, ...]) -> Array:
    """letter1, letter2, ... row by row."""
    count = int(np.prod(shape))
    return np.array([f"{letter}{k + 1}" for k in range(count)], object).reshape(shape)
