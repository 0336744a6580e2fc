"""Activations in straight pieces, and the derivative that Keras takes where two pieces meet.

At a kink no derivative exists; the one here is TensorFlow's, which follows from the operations that
Keras composes the function of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratch.functional.threads import in_threads, slices
from scratch.functional.workspace import workspace

_ROW = 2**12
"""Zeros that stay in the first cache: NumPy compares with an array faster than with a number."""
_PIECE = 2**20
"""Numbers in a piece of a large array: a call of NumPy's on it takes far longer than its start."""


def relu(
    x: np.ndarray,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> np.ndarray:
    """max(x, 0) or, with options, Keras' general rectifier, element by element.

    min(x, max_value) above the threshold, negative_slope (x - threshold) up to it. Keras compares
    with threshold and max_value in float32 whatever x is, and so it is here.
    """
    if negative_slope and max_value is None and not threshold:
        return leaky_relu(x, negative_slope)
    cap = None if max_value is None else _in_float32(max_value)
    if threshold:
        y = np.where(x > _in_float32(threshold), x, 0)
        y = y if cap is None else np.minimum(y, cap, out=y)
    else:
        y = _positive_part(x) if cap is None else np.clip(x, 0, cap)
    if negative_slope:
        y -= negative_slope * np.maximum(threshold - x, 0)
    return y


def relu_backward(
    dy: np.ndarray,
    x: np.ndarray,
    max_value: float | None = None,
    negative_slope: float = 0.0,
    threshold: float = 0.0,
) -> np.ndarray:
    """dL/dx of `relu` from its input x.

    The derivative is 0 at the threshold. At max_value it is 1; but 0 where max_value is 6 and the
    threshold 0, which Keras hands to TensorFlow's own ReLU6. A negative slope alone is a leaky
    ReLU, whose derivative at 0 is the slope.
    """
    if negative_slope and max_value is None and not threshold:
        return leaky_relu_backward(dy, x, negative_slope)
    if max_value is None and not negative_slope:
        return _kept_above(_in_float32(threshold), dy, x)
    passes = x > _in_float32(threshold)
    if max_value is not None:
        cap = _in_float32(max_value)
        passes &= x < cap if cap == 6 and not threshold else x <= cap
    dx = dy * passes  # As TensorFlow computes it, and many times faster than np.where.
    if negative_slope:
        dx += dy * (x < threshold) * negative_slope
    return dx


def relu_over(x: np.ndarray) -> np.ndarray:
    """max(x, 0), written over x if x is contiguous; `relu_backward` takes it as well as x."""
    numbers = x.reshape(-1)
    _rectify(numbers, numbers)
    return numbers.reshape(x.shape)


def _positive_part(x: np.ndarray) -> np.ndarray:
    y = np.empty(x.shape, x.dtype)
    _rectify(x.reshape(-1), y.reshape(-1))
    return y


def _rectify(x: np.ndarray, y: np.ndarray) -> None:
    """Compute y = max(x, 0), by rows, in pieces on all cores."""
    zeros = np.zeros(_ROW, x.dtype)

    def of_piece(piece: slice) -> None:
        given, computed = x[piece], y[piece]
        end = given.size - given.size % _ROW
        np.maximum(given[:end].reshape(-1, _ROW), zeros, out=computed[:end].reshape(-1, _ROW))
        np.maximum(given[end:], 0, out=computed[end:])

    in_threads(of_piece, slices(x.size, _PIECE))


def _kept_above(threshold: float, dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Compute dy (x > threshold), by pieces on all cores."""
    dx = np.empty(dy.shape, dy.dtype)
    arrays = (dy, x, dx)
    if all(a.flags.c_contiguous for a in arrays):
        arrays = (dy.reshape(-1), x.reshape(-1), dx.reshape(-1))
    sent, given, received = arrays

    def of_piece(piece: slice) -> None:
        passes = workspace("passes", given[piece].shape, bool)
        np.greater(given[piece], threshold, out=passes)
        np.multiply(sent[piece], passes, out=received[piece])

    in_threads(of_piece, slices(len(given), max(1, _PIECE * len(given) // max(1, x.size))))
    return dx


def leaky_relu(x: np.ndarray, negative_slope: float = 0.2) -> np.ndarray:
    """Keep x above 0, negative_slope x below (Maas, Hannun and Ng 2013, section 2).

    TensorFlow keeps the slope in float32 whatever x is, and so it is here.
    """
    y = np.minimum(x, 0)
    y *= _in_float32(negative_slope)
    y += np.maximum(x, 0)
    return y


def leaky_relu_backward(dy: np.ndarray, x: np.ndarray, negative_slope: float = 0.2) -> np.ndarray:
    """dL/dx of `leaky_relu` from its input x; the derivative at 0 is the slope."""
    positive = x > 0
    slope = ~positive * dy.dtype.type(_in_float32(negative_slope))
    slope += positive
    slope *= dy
    return slope


def prelu(x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Keep x above 0, alpha x below (He et al. 2015, eq. 1).

    Args:
        x: (N, ...).
        alpha: Of x's shape without N, 1 along the axes that share a slope.
    """
    y = np.minimum(x, 0)
    y *= alpha
    y += np.maximum(x, 0)
    return y


def prelu_backward(
    dy: np.ndarray, x: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(dL/dx, dL/dalpha) of `prelu`; the derivative at 0 is 0.

    dL/dalpha sums dy min(x, 0) over the batch and all positions that share a slope (He et al.
    2015, eq. 2 and 3).
    """
    slope = (x < 0) * alpha
    slope += x > 0
    slope *= dy
    terms = dy * np.minimum(x, 0)
    shared = (0, *_shared_axes(alpha))
    return slope, terms.sum(axis=shared).reshape(alpha.shape)


def _shared_axes(alpha: np.ndarray) -> Sequence[int]:
    """The axes of x along which alpha is 1; where x is too, summing changes nothing."""
    return [axis for axis, size in enumerate(alpha.shape, start=1) if size == 1]


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    """min(max(x + 3, 0), 6) / 6."""
    y = x + 3
    np.clip(y, 0, 6, out=y)
    y /= 6
    return y


def hard_sigmoid_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `hard_sigmoid` from its input x; the derivative at -3 and 3 is 0."""
    dx = dy * _is_inside(x + 3)
    dx /= 6
    return dx


def hard_silu(x: np.ndarray) -> np.ndarray:
    """Gate x by hard_sigmoid(x), also called hard swish (Howard et al. 2019, section 5.2)."""
    y = hard_sigmoid(x)
    y *= x
    return y


def hard_silu_backward(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dL/dx of `hard_silu` from its input x; the derivative is 0 at -3 and 1 at 3."""
    shifted = x + 3
    slope = x * _is_inside(shifted)
    slope /= 6
    np.clip(shifted, 0, 6, out=shifted)
    shifted /= 6
    slope += shifted
    slope *= dy
    return slope


def _in_float32(value: float) -> float:
    return float(np.float32(value))


def _is_inside(shifted: np.ndarray) -> np.ndarray:
    """Where a ReLU6 has derivative 1."""
    return (shifted > 0) & (shifted < 6)
