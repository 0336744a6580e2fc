"""Layers by im2col on images (N, C, H, W): source E's classes, right for every stride.

Windows are unrolled into rows, so that a convolution is one matrix product; the input gradient adds
the rows up again where they came from. Beyond the source, that holds for strides other than 1, for
windows that overlap in a pooling, and for images that the windows do not cover.
"""

from __future__ import annotations

import numpy as np

from scratch.reference.geometry import output_size


class Module:
    """What every layer can do."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The layer's output for a batch; keeps what `backward` needs."""
        raise NotImplementedError

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The input gradient for any upstream gradient of the last `forward`."""
        raise NotImplementedError

    def step(self, learning_rate: float) -> None:
        """Descend along the gradients and forget them: nothing to do without weights."""


class Conv2D(Module):
    """A convolution with square kernels.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ksize: Rows and columns of the kernel.
        stride: Steps between windows.
        padding: Rows and columns of zeros on every side.
        rng: Where the weights, standard normal numbers, come from; seed 0 unless given.

    Attributes:
        weight: (out_channels, in_channels, ksize, ksize).
        bias: (out_channels,), zero at first.
        weight_grad: dL/dweight, added up over calls of `backward` until `zero_grad`.
        bias_grad: dL/dbias, likewise.
    """

    weight_grad: np.ndarray
    bias_grad: np.ndarray

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        ksize: int,
        stride: int,
        padding: int,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = rng or np.random.default_rng(0)
        self.ksize, self.stride, self.padding = ksize, stride, padding
        self.weight = rng.standard_normal((out_channels, in_channels, ksize, ksize))
        self.bias = np.zeros(out_channels)
        self.zero_grad()
        self._input_shape: tuple[int, ...] | None = None
        self._columns = np.empty(0)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Convolve x (N, C, H, W) to (N, out_channels, Ho, Wo).

        Raises:
            ValueError: x has another rank or number of channels, or the kernel does not fit.
        """
        channels = self.weight.shape[1]
        if x.ndim != 4 or x.shape[1] != channels:
            raise ValueError(f"Conv2D takes x (N, {channels}, H, W), got {x.shape}.")
        height, width = (output_size(n, self.ksize, self.stride, self.padding) for n in x.shape[2:])
        pad = (self.padding, self.padding)
        self._input_shape = x.shape
        self._columns = im2col(np.pad(x, ((0, 0), (0, 0), pad, pad)), self.ksize, self.stride)
        y = self._columns @ self.weight.reshape(len(self.weight), -1).T + self.bias
        return y.transpose(0, 2, 1).reshape(len(x), -1, height, width)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Add to `weight_grad` and `bias_grad`; returns dL/dx (N, C, H, W).

        Raises:
            ValueError: There was no forward pass, or dy (N, out_channels, Ho, Wo) does not fit it.
        """
        n, channels, height, width = _after_forward(self._input_shape)
        padded = (n, channels, height + 2 * self.padding, width + 2 * self.padding)
        expected = (n, len(self.weight), *_places(padded, self.ksize, self.stride))
        _check_upstream(dy, expected)
        rows = dy.reshape(*dy.shape[:2], -1).transpose(0, 2, 1)  # (N, Ho * Wo, out_channels)
        product = np.einsum("npo,npk->ok", rows, self._columns)
        self.weight_grad = self.weight_grad + product.reshape(self.weight.shape)
        self.bias_grad = self.bias_grad + dy.sum(axis=(0, 2, 3))
        columns = rows @ self.weight.reshape(len(self.weight), -1)
        dx = col2im(columns, padded, self.ksize, self.stride)
        start = self.padding
        return dx[:, :, start : start + height, start : start + width]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.weight_grad = np.zeros_like(self.weight)
        self.bias_grad = np.zeros_like(self.bias)

    def update(self, step: float) -> None:
        """Descend: weight -= step * weight_grad, and the bias likewise."""
        self.weight = self.weight - step * self.weight_grad
        self.bias = self.bias - step * self.bias_grad

    def step(self, learning_rate: float) -> None:
        """`update`, then `zero_grad`."""
        self.update(learning_rate)
        self.zero_grad()


class MaxPooling(Module):
    """The maximum of every window; its gradient goes to the first maximum, row by row.

    Args:
        ksize: Rows and columns of a window.
        stride: Steps between windows; they may overlap or leave gaps.
    """

    def __init__(self, ksize: int, stride: int) -> None:
        self.ksize, self.stride = ksize, stride
        self._input_shape: tuple[int, ...] | None = None
        self._places = np.empty(0, int)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Pool x (N, C, H, W) to (N, C, Ho, Wo), n = floor((n_prev - ksize) / stride) + 1.

        Raises:
            ValueError: x has another rank, or no window fits.
        """
        if x.ndim != 4:
            raise ValueError(f"MaxPooling takes x (N, C, H, W), got {x.shape}.")
        n, channels, height, width = x.shape
        rows, columns = _places(x.shape, self.ksize, self.stride)
        windows = im2col(x.reshape(-1, 1, height, width), self.ksize, self.stride)
        self._input_shape = x.shape
        self._places = windows.argmax(axis=2)  # (N * C, Ho * Wo)
        return windows.max(axis=2).reshape(n, channels, rows, columns)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dL/dx (N, C, H, W): each error to its recorded place, added up where windows overlap.

        Raises:
            ValueError: There was no forward pass, or dy (N, C, Ho, Wo) does not fit it.
        """
        shape = _after_forward(self._input_shape)
        _check_upstream(dy, (*shape[:2], *_places(shape, self.ksize, self.stride)))
        columns = np.zeros((*self._places.shape, self.ksize**2), dy.dtype)
        errors = dy.reshape(*self._places.shape, 1)
        np.put_along_axis(columns, self._places[..., None], errors, axis=2)
        flat = (shape[0] * shape[1], 1, *shape[2:])
        return col2im(columns, flat, self.ksize, self.stride).reshape(shape)


def im2col(x: np.ndarray, ksize: int, stride: int) -> np.ndarray:
    """Unroll every window of x (N, C, H, W) into a row: (N, Ho * Wo, C * ksize * ksize)."""
    height, width = _places(x.shape, ksize, stride)
    rows = []
    for h, w in np.ndindex(height, width):
        top, left = h * stride, w * stride
        rows.append(x[:, :, top : top + ksize, left : left + ksize].reshape(len(x), -1))
    return np.stack(rows, axis=1)


def col2im(columns: np.ndarray, shape: tuple[int, ...], ksize: int, stride: int) -> np.ndarray:
    """The transpose of `im2col`: add every row up where its window lies in an image of `shape`."""
    x = np.zeros(shape, columns.dtype)
    for row, (h, w) in enumerate(np.ndindex(*_places(shape, ksize, stride))):
        top, left = h * stride, w * stride
        window = columns[:, row].reshape(*shape[:2], ksize, ksize)
        x[:, :, top : top + ksize, left : left + ksize] += window
    return x


def _places(shape: tuple[int, ...], ksize: int, stride: int) -> tuple[int, int]:
    """Rows and columns of windows over images of `shape`, (N, C, H, W)."""
    return output_size(shape[2], ksize, stride), output_size(shape[3], ksize, stride)


def _after_forward(shape: tuple[int, ...] | None) -> tuple[int, ...]:
    if shape is None:
        raise ValueError("backward() needs a forward pass first: call forward(x).")
    return shape


def _check_upstream(dy: np.ndarray, expected: tuple[int, ...]) -> None:
    if dy.shape != expected:
        raise ValueError(f"dy has shape {dy.shape}, but the output is {expected}.")
