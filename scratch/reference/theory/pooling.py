"""Pooling of matrices in blocks, and the way of errors back through it: sources C and E."""

from __future__ import annotations

import numpy as np

from scratch.reference.theory.checks import check_derivative, check_matrices


def max_pool(x: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The maximum of every block, and its place: sources C and E.

    Args:
        x: (H, W).
        size: Rows and columns of a block; blocks must tile x.

    Returns:
        `(maxima, places)`, both (H / rows, W / columns); a place is the cell's number in its block,
        counted row by row, the first of equal maxima.

    Raises:
        ValueError: Blocks do not tile x.
    """
    blocks = _blocks(x, size)
    flat = blocks.reshape(*blocks.shape[:2], -1)
    return flat.max(axis=-1), flat.argmax(axis=-1)


def average_pool(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The mean of every block: sources C and E. Arguments as in `max_pool`.

    Returns:
        (H / rows, W / columns); integers divide into floats, fractions into fractions.

    Raises:
        ValueError: Blocks do not tile x.
    """
    return _blocks(x, size).sum(axis=(2, 3)) / (size[0] * size[1])


def upsample(
    delta: np.ndarray, size: tuple[int, int], places: np.ndarray | None = None
) -> np.ndarray:
    """Send the error of every block back to its cells: sources C and E.

    Args:
        delta: Errors of a pooling's output, (H / rows, W / columns).
        size: Rows and columns of a block.
        places: Of `max_pool`: all of the error goes to that cell. None, after `average_pool`: it is
            spread evenly.

    Returns:
        (H, W).

    Raises:
        ValueError: The places are not shaped as delta.
    """
    check_matrices(delta=delta)
    if places is None:
        return np.repeat(np.repeat(delta / (size[0] * size[1]), size[0], axis=0), size[1], axis=1)
    if places.shape != delta.shape:
        raise ValueError(f"places {places.shape} must be shaped as delta {delta.shape}.")
    x = np.zeros((delta.shape[0] * size[0], delta.shape[1] * size[1]), delta.dtype)
    for h, w in np.ndindex(delta.shape):
        i, j = divmod(int(places[h, w]), size[1])
        x[h * size[0] + i, w * size[1] + j] = delta[h, w]
    return x


def pool_delta(
    delta_next: np.ndarray,
    size: tuple[int, int],
    derivative: np.ndarray,
    places: np.ndarray | None = None,
) -> np.ndarray:
    """The error in front of a pooling: delta^l = upsample(delta^(l+1)) . sigma'(z^l), source C.

    Arguments as in `upsample`, and `derivative`, sigma'(z^l), (H, W).

    Raises:
        ValueError: The shapes do not fit one another.
    """
    delta = upsample(delta_next, size, places)
    check_derivative(derivative, delta.shape)
    return delta * derivative


def _blocks(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut x (H, W) into (H / rows, W / columns, rows, columns)."""
    check_matrices(x=x)
    rows, columns = size
    if rows < 1 or columns < 1 or x.shape[0] % rows or x.shape[1] % columns:
        raise ValueError(f"Blocks of {rows} x {columns} do not tile x {x.shape}.")
    return x.reshape(x.shape[0] // rows, rows, -1, columns).transpose(0, 2, 1, 3)
