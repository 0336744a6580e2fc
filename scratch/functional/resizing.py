"""Images in another size: nearest neighbour and bilinear interpolation.

Pixels are squares, and a pixel's place is its centre ("half-pixel centres"): output i of m along an
axis of n pixels lies at (i + 1/2) n / m - 1/2 of the input, as in TensorFlow's `tf.image.resize`.
Beyond the first and the last centre the image goes on as it is there. Both axes are resized one
after the other; the gradient is the transpose.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scratch.functional.padding import Size

Neighbours = tuple[np.ndarray, np.ndarray, np.ndarray]


def resize2d(x: np.ndarray, size: Size, interpolation: str) -> np.ndarray:
    """Resize every image.

    Args:
        x: (N, H, W, C).
        size: (height, width) of the result.
        interpolation: "nearest" or "bilinear".

    Returns:
        (N, height, width, C); x itself where both sizes are its own.

    Raises:
        ValueError: Another interpolation.
    """
    forward, _ = _along_an_axis(interpolation)
    for axis in (2, 1):  # TensorFlow's order
        if x.shape[axis] != size[axis - 1]:
            x = forward(x, axis, size[axis - 1])
    return x


def resize2d_backward(dy: np.ndarray, input_size: Size, interpolation: str) -> np.ndarray:
    """dL/dx of `resize2d`: every pixel gathers what it was used for.

    Args:
        dy: dL/dy, (N, height, width, C).
        input_size: (H, W) of x.
        interpolation: As in `resize2d`.

    Returns:
        (N, H, W, C).
    """
    _, backward = _along_an_axis(interpolation)
    for axis in (1, 2):
        if dy.shape[axis] != input_size[axis - 1]:
            dy = backward(dy, axis, input_size[axis - 1])
    return dy


def nearest_indices(n: int, m: int) -> np.ndarray:
    """Which of n pixels each of m outputs copies, (m,).

    In float32 whatever the images are, as in TensorFlow: where an output lies between two pixels,
    rounding decides which of them is copied.
    """
    places = (np.arange(m, dtype=np.float32) + np.float32(0.5)) * (np.float32(n) / np.float32(m))
    return np.minimum(np.floor(places).astype(np.intp), n - 1)


def bilinear_places(n: int, m: int, dtype: np.dtype | type = np.float64) -> np.ndarray:
    """Where among n pixels each of m outputs lies, (m,), computed in `dtype`."""
    exact = np.dtype(dtype).type
    return (np.arange(m, dtype=dtype) + exact(0.5)) * (exact(n) / exact(m)) - exact(0.5)


def bilinear_neighbours(places: np.ndarray, n: int) -> Neighbours:
    """The pixels on both sides of each place, and the weight of the second, (m,) each."""
    below = np.floor(places)
    lower = np.maximum(below, 0).astype(np.intp)
    upper = np.minimum(np.ceil(places), n - 1).astype(np.intp)
    return lower, upper, places - below


def _nearest(x: np.ndarray, axis: int, m: int) -> np.ndarray:
    return x.take(nearest_indices(x.shape[axis], m), axis)


def _nearest_backward(dy: np.ndarray, axis: int, n: int) -> np.ndarray:
    dx, received, sent = _slices(dy, axis, n)
    for index, gradient in zip(nearest_indices(n, len(sent)), sent, strict=True):
        received[index] += gradient
    return dx


def _bilinear(x: np.ndarray, axis: int, m: int) -> np.ndarray:
    lower, upper, weights = _weighted_neighbours(x.shape[axis], m, x.dtype)
    first, y = x.take(lower, axis), x.take(upper, axis)
    # In place: first + (second - first) * weight
    y -= first
    y *= weights.reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    y += first
    return y


def _bilinear_backward(dy: np.ndarray, axis: int, n: int) -> np.ndarray:
    dx, received, sent = _slices(dy, axis, n)
    neighbours = _weighted_neighbours(n, len(sent), dy.dtype)
    for lower, upper, weight, gradient in zip(*neighbours, sent, strict=True):
        received[lower] += gradient * (1 - weight)
        received[upper] += gradient * weight
    return dx


def _weighted_neighbours(n: int, m: int, dtype: np.dtype) -> Neighbours:
    """In the precision of `dtype`, which may be complex."""
    return bilinear_neighbours(bilinear_places(n, m, np.finfo(dtype).dtype), n)


def _slices(dy: np.ndarray, axis: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A zero gradient with n along `axis`; it and dy as views with that axis first."""
    dx = np.zeros((*dy.shape[:axis], n, *dy.shape[axis + 1 :]), dy.dtype)
    return dx, np.moveaxis(dx, axis, 0), np.moveaxis(dy, axis, 0)


_Along = Callable[[np.ndarray, int, int], np.ndarray]

_INTERPOLATIONS: dict[str, tuple[_Along, _Along]] = {
    "nearest": (_nearest, _nearest_backward),
    "bilinear": (_bilinear, _bilinear_backward),
}


def _along_an_axis(interpolation: str) -> tuple[_Along, _Along]:
    if interpolation not in _INTERPOLATIONS:
        known = ", ".join(_INTERPOLATIONS)
        raise ValueError(f"interpolation must be one of {known}, got {interpolation!r}.")
    return _INTERPOLATIONS[interpolation]
