"""Convolution and pooling in plain loops: the definition that everything faster is held against.

Functions, arguments and layouts are those of sources A and B: images are (m, n_H, n_W, n_C),
filters W are (f, f, n_C_prev, n_C), b is (1, 1, 1, n_C); `hparameters` is a dict with `stride`, and
`pad` (convolution) or `f` (pooling). Beyond the sources:

- windows move by the stride in the backward passes too, and need not be square: `stride` and `f`
  may be a pair (rows, columns), and `pad` four numbers (top, bottom, left, right);
- pooling takes an optional `pad`; padding is never the maximum and does not count in an average;
- the bias is added once per output, not once per product (source A prints Z = -23.16 for -6.999);
- results have the input's dtype but every sum is taken in float64, so that in a comparison with a
  float32 result the loops are never the inaccurate side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

HParameters = dict[str, Any]
ConvCache = tuple[np.ndarray, np.ndarray, np.ndarray, HParameters]
PoolCache = tuple[np.ndarray, HParameters]
_Pads = tuple[int, int, int, int]


def zero_pad(X: np.ndarray, pad: int | _Pads) -> np.ndarray:
    """Surround each image of X (m, n_H, n_W, n_C) with zeros.

    Args:
        X: The images.
        pad: Rows and columns on every side, or (top, bottom, left, right).

    Returns:
        Array of shape (m, top + n_H + bottom, left + n_W + right, n_C).
    """
    top, bottom, left, right = _four_pads(pad)
    return np.pad(X, ((0, 0), (top, bottom), (left, right), (0, 0)))


def conv_single_step(a_slice_prev: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.floating[Any]:
    """One filter at one place: the sum of a_slice_prev * W, plus the bias.

    Args:
        a_slice_prev: Window of the input, (f, f, n_C_prev).
        W: One filter, (f, f, n_C_prev).
        b: Its bias, (1, 1, 1).

    Returns:
        A scalar of the window's dtype.
    """
    if a_slice_prev.shape != W.shape or b.size != 1:
        raise ValueError(
            "conv_single_step needs a window and a filter of one shape and a single bias: "
            f"a_slice_prev {a_slice_prev.shape}, W {W.shape}, b {b.shape}."
        )
    s = np.multiply(a_slice_prev, W, dtype=np.float64)
    return a_slice_prev.dtype.type(s.sum() + float(b.item()))


def conv_forward(
    A_prev: np.ndarray, W: np.ndarray, b: np.ndarray, hparameters: HParameters
) -> tuple[np.ndarray, ConvCache]:
    """Convolve: Z[i, h, w, c] = sum(window * W[..., c]) + b[..., c].

    Args:
        A_prev: Input, (m, n_H_prev, n_W_prev, n_C_prev).
        W: Filters, (f, f, n_C_prev, n_C).
        b: Biases, (1, 1, 1, n_C).
        hparameters: "stride" and "pad".

    Returns:
        `(Z, cache)`: Z is (m, n_H, n_W, n_C) with n = floor((n_prev - f + pads) / stride) + 1; the
        cache is what `conv_backward` needs.

    Raises:
        ValueError: The shapes or hparameters do not fit one another.
    """
    stride, pads = _conv_geometry(A_prev, W, b, hparameters)
    A_prev_pad = zero_pad(A_prev, pads)
    n_H, n_W = _output_size(A_prev.shape, W.shape[:2], stride, pads)
    Z = np.zeros((len(A_prev), n_H, n_W, W.shape[3]), A_prev.dtype)
    for i, h, w, c in np.ndindex(Z.shape):
        rows, columns = _window(h, w, W.shape[:2], stride)
        Z[i, h, w, c] = conv_single_step(A_prev_pad[i, rows, columns], W[..., c], b[..., c])
    return Z, (A_prev, W, b, hparameters)


def conv_backward(dZ: np.ndarray, cache: ConvCache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a convolution, for any upstream gradient: equations (1), (2) and (3).

    Args:
        dZ: Gradient of the cost with respect to Z, (m, n_H, n_W, n_C).
        cache: From `conv_forward`.

    Returns:
        `(dA_prev, dW, db)`, shaped as A_prev, W and b.

    Raises:
        ValueError: dZ does not have the shape of Z.
    """
    A_prev, W, b, hparameters = cache
    stride, pads = _conv_geometry(A_prev, W, b, hparameters)
    n_H, n_W = _output_size(A_prev.shape, W.shape[:2], stride, pads)
    _check_upstream("dZ", dZ, (len(A_prev), n_H, n_W, W.shape[3]))

    A_prev_pad = zero_pad(A_prev, pads).astype(np.float64)
    dA_prev_pad = np.zeros_like(A_prev_pad)
    dW, db = np.zeros(W.shape), np.zeros(b.shape)
    for i, h, w, c in np.ndindex(dZ.shape):
        rows, columns = _window(h, w, W.shape[:2], stride)
        dz = np.float64(dZ[i, h, w, c])
        dA_prev_pad[i, rows, columns] += dz * W[..., c]  # (1)
        dW[..., c] += dz * A_prev_pad[i, rows, columns]  # (2)
        db[..., c] += dz  # (3)

    top, _, left, _ = pads
    dA_prev = dA_prev_pad[:, top : top + A_prev.shape[1], left : left + A_prev.shape[2]]
    return dA_prev.astype(A_prev.dtype), dW.astype(W.dtype), db.astype(b.dtype)


def pool_forward(
    A_prev: np.ndarray, hparameters: HParameters, mode: str = "max"
) -> tuple[np.ndarray, PoolCache]:
    """Take the maximum or the mean of every window, channel by channel.

    Args:
        A_prev: Input, (m, n_H_prev, n_W_prev, n_C).
        hparameters: "f" and "stride", and optionally "pad" (0).
        mode: "max" or "average".

    Returns:
        `(A, cache)`: A is (m, n_H, n_W, n_C) with n = floor((n_prev - f + pads) / stride) + 1; the
        cache is what `pool_backward` needs.

    Raises:
        ValueError: The mode is unknown, or shape and hparameters do not fit one another.
    """
    _check_choice("mode", mode, ("max", "average"))
    A = np.zeros(_pooled_shape(A_prev, hparameters), A_prev.dtype)
    for i, h, w, c, rows, columns in _pool_windows(A_prev, hparameters):
        a_slice = A_prev[i, rows, columns, c]
        A[i, h, w, c] = a_slice.max() if mode == "max" else a_slice.mean(dtype=np.float64)
    return A, (A_prev, hparameters)


def create_mask_from_window(x: np.ndarray, ties: str = "first") -> np.ndarray:
    """Where the maximum of a window is: equation (4).

    Args:
        x: The window, of any shape.
        ties: Which of several equal maxima counts: "first", only the first in row-major order, as
            TensorFlow and Keras do; "all", each of them, as sources A and B do.

    Returns:
        Boolean array shaped as x.
    """
    _check_choice("ties", ties, ("first", "all"))
    if ties == "all":
        return x == x.max()
    mask = np.zeros(x.shape, dtype=bool)
    mask.flat[x.argmax()] = True
    return mask


def distribute_value(dz: float, shape: tuple[int, ...]) -> np.ndarray:
    """Spread dz evenly over a window of `shape`: equation (5)."""
    return np.full(shape, dz / np.prod(shape))


def pool_backward(
    dA: np.ndarray, cache: PoolCache, mode: str = "max", ties: str = "first"
) -> np.ndarray:
    """Gradient of pooling; where windows overlap their contributions add up.

    Args:
        dA: Gradient of the cost with respect to A, (m, n_H, n_W, n_C).
        cache: From `pool_forward`.
        mode: "max" or "average", as in the forward pass.
        ties: See `create_mask_from_window`.

    Returns:
        dA_prev, shaped as A_prev.

    Raises:
        ValueError: dA does not have the shape of A, or mode or ties is unknown.
    """
    _check_choice("mode", mode, ("max", "average"))
    A_prev, hparameters = cache
    _check_upstream("dA", dA, _pooled_shape(A_prev, hparameters))
    dA_prev = np.zeros(A_prev.shape)
    for i, h, w, c, rows, columns in _pool_windows(A_prev, hparameters):
        a_slice = A_prev[i, rows, columns, c]
        da = float(dA[i, h, w, c])
        if mode == "max":
            dA_prev[i, rows, columns, c] += create_mask_from_window(a_slice, ties) * da
        else:
            dA_prev[i, rows, columns, c] += distribute_value(da, a_slice.shape)
    return dA_prev.astype(A_prev.dtype)


def _window(
    h: int, w: int, size: tuple[int, ...], stride: tuple[int, int], origin: tuple[int, int] = (0, 0)
) -> tuple[slice, slice]:
    """Rows and columns under output (h, w); what lies before `origin`'s zero is cut off."""
    top, left = h * stride[0] - origin[0], w * stride[1] - origin[1]
    return slice(max(top, 0), top + size[0]), slice(max(left, 0), left + size[1])


def _pool_windows(
    A_prev: np.ndarray, hparameters: HParameters
) -> Iterator[tuple[int, int, int, int, slice, slice]]:
    """(i, h, w, c, rows, columns) of every window, cut to the image so that padding is left out."""
    f, stride, pads = _pool_geometry(A_prev, hparameters)
    for i, h, w, c in np.ndindex(_pooled_shape(A_prev, hparameters)):
        rows, columns = _window(h, w, f, stride, origin=(pads[0], pads[2]))
        yield i, h, w, c, rows, columns


def _pooled_shape(A_prev: np.ndarray, hparameters: HParameters) -> tuple[int, int, int, int]:
    f, stride, pads = _pool_geometry(A_prev, hparameters)
    n_H, n_W = _output_size(A_prev.shape, f, stride, pads)
    return len(A_prev), n_H, n_W, A_prev.shape[3]


def _conv_geometry(
    A_prev: np.ndarray, W: np.ndarray, b: np.ndarray, hparameters: HParameters
) -> tuple[tuple[int, int], _Pads]:
    """Stride and pads, once shapes and hparameters are known to fit."""
    fits = A_prev.ndim == W.ndim == 4 and W.shape[2] == A_prev.shape[3]
    if not fits or b.shape != (1, 1, 1, W.shape[3]):
        raise ValueError(
            "A convolution needs A_prev (m, n_H, n_W, n_C_prev), W (f, f, n_C_prev, n_C) and "
            f"b (1, 1, 1, n_C): A_prev {A_prev.shape}, W {W.shape}, b {b.shape}."
        )
    _check_keys(hparameters, ("stride", "pad"))
    return _pair("stride", hparameters["stride"]), _four_pads(hparameters["pad"])


def _pool_geometry(
    A_prev: np.ndarray, hparameters: HParameters
) -> tuple[tuple[int, int], tuple[int, int], _Pads]:
    """Window size, stride and pads, once shape and hparameters are known to fit."""
    if A_prev.ndim != 4:
        raise ValueError(f"Pooling needs A_prev (m, n_H, n_W, n_C), got shape {A_prev.shape}.")
    _check_keys(hparameters, ("f", "stride"))
    f, pads = _pair("f", hparameters["f"]), _four_pads(hparameters.get("pad", 0))
    if max(pads[:2]) >= f[0] or max(pads[2:]) >= f[1]:
        raise ValueError(f"A pooling window may not lie in the padding alone: f {f}, pad {pads}.")
    return f, _pair("stride", hparameters["stride"]), pads


def _output_size(
    input_shape: tuple[int, ...], f: tuple[int, ...], stride: tuple[int, int], pads: _Pads
) -> tuple[int, int]:
    """Rows and columns of the output: n = floor((n_prev - f + pads) / stride) + 1."""
    n_H = (input_shape[1] - f[0] + pads[0] + pads[1]) // stride[0] + 1
    n_W = (input_shape[2] - f[1] + pads[2] + pads[3]) // stride[1] + 1
    if n_H < 1 or n_W < 1:
        raise ValueError(
            f"The window is larger than the padded image: input {input_shape}, f {f}, "
            f"stride {stride}, pad {pads} give an output of {n_H} x {n_W}."
        )
    return n_H, n_W


def _pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    rows, columns = value if isinstance(value, tuple | list) else (value, value)
    if rows < 1 or columns < 1:
        raise ValueError(f"{name} must be at least 1, got {value}.")
    return rows, columns


def _four_pads(pad: int | _Pads) -> _Pads:
    pads = tuple(pad) if isinstance(pad, tuple | list) else (pad,) * 4
    if len(pads) != 4 or min(pads) < 0:
        raise ValueError(
            f"pad must be a number >= 0 or four of them (top, bottom, left, right), got {pad}."
        )
    return pads


def _check_keys(hparameters: HParameters, needed: tuple[str, ...]) -> None:
    missing = [key for key in needed if key not in hparameters]
    if missing:
        raise ValueError(f"hparameters lacks {', '.join(missing)}: got {hparameters}.")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")


def _check_upstream(name: str, gradient: np.ndarray, expected: tuple[int, ...]) -> None:
    if gradient.shape != expected:
        raise ValueError(f"{name} has shape {gradient.shape}, but the output is {expected}.")
