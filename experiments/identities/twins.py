"""One convolution of one image, computed three ways under one name."""

from __future__ import annotations

from typing import Protocol

import keras
import numpy as np
import tensorflow as tf

from scratch import functional
from scratch.functional.padding import Padding, Pads, Size, pad2d, pad2d_backward, resolve_padding
from scratch.reference import conv_backward, conv_forward

Array = np.ndarray


class Twin(Protocol):
    """A way to compute a convolution and its gradients."""

    name: str

    def conv(
        self, x: Array, kernel: Array, strides: Size = (1, 1), padding: Padding = "valid"
    ) -> Array:
        """X (H, W, Cin) and a kernel (kh, kw, Cin, Cout) to (Ho, Wo, Cout)."""

    def gradients(
        self, dy: Array, x: Array, kernel: Array, strides: Size, padding: Padding
    ) -> tuple[Array, Array]:
        """dL/dx and dL/dkernel for dy (Ho, Wo, Cout)."""


class Reference:
    """The plain loops."""

    name = "reference"

    def conv(
        self, x: Array, kernel: Array, strides: Size = (1, 1), padding: Padding = "valid"
    ) -> Array:
        """As `Twin.conv`."""
        return self._forward(x, kernel, strides, padding)[0][0]

    def gradients(
        self, dy: Array, x: Array, kernel: Array, strides: Size, padding: Padding
    ) -> tuple[Array, Array]:
        """As `Twin.gradients`."""
        _, cache = self._forward(x, kernel, strides, padding)
        dx, dkernel, _ = conv_backward(dy[None], cache)
        return dx[0], dkernel

    def _forward(self, x: Array, kernel: Array, strides: Size, padding: Padding) -> tuple:
        pads = resolve_padding(padding, x.shape[:2], kernel.shape[:2], strides)
        bias = np.zeros((1, 1, 1, kernel.shape[3]), kernel.dtype)
        return conv_forward(x[None], kernel, bias, {"stride": strides, "pad": pads})


class Scratch:
    """The NumPy network's functions."""

    name = "scratch"

    def conv(
        self, x: Array, kernel: Array, strides: Size = (1, 1), padding: Padding = "valid"
    ) -> Array:
        """As `Twin.conv`."""
        return functional.conv2d(x[None], kernel, strides=strides, padding=padding)[0]

    def gradients(
        self, dy: Array, x: Array, kernel: Array, strides: Size, padding: Padding
    ) -> tuple[Array, Array]:
        """As `Twin.gradients`."""
        size, window = x.shape[:2], kernel.shape[:2]
        dx = functional.conv2d_input_gradient(
            dy[None], kernel, size, strides=strides, padding=padding
        )
        dkernel = functional.conv2d_kernel_gradient(
            dy[None], x[None], window, strides=strides, padding=padding
        )
        return dx[0], dkernel


class Keras:
    """Keras, and TensorFlow's automatic differentiation.

    Whole numbers are computed with in float64: below 2^53 its sums and products are exact.
    """

    name = "keras"

    def conv(
        self, x: Array, kernel: Array, strides: Size = (1, 1), padding: Padding = "valid"
    ) -> Array:
        """As `Twin.conv`."""
        rule, pads = _keras_padding(padding)
        padded = pad2d(_floats(x)[None], pads)
        return np.asarray(keras.ops.conv(padded, _floats(kernel), strides, rule))[0]

    def gradients(
        self, dy: Array, x: Array, kernel: Array, strides: Size, padding: Padding
    ) -> tuple[Array, Array]:
        """As `Twin.gradients`."""
        rule, pads = _keras_padding(padding)
        padded = tf.constant(pad2d(_floats(x)[None], pads))
        weights = tf.constant(_floats(kernel))
        with tf.GradientTape() as tape:
            tape.watch([padded, weights])
            y = keras.ops.conv(padded, weights, strides, rule)
        dx, dkernel = tape.gradient(y, [padded, weights], output_gradients=_floats(dy)[None])
        return pad2d_backward(dx.numpy(), pads)[0], dkernel.numpy()


TWINS: tuple[Twin, ...] = (Reference(), Scratch(), Keras())


def _keras_padding(padding: Padding) -> tuple[str, Pads]:
    """Keras' rule, and the zeros to put around an image beforehand where it has no rule."""
    if isinstance(padding, str):
        return padding, (0, 0, 0, 0)
    return "valid", padding


def _floats(array: Array) -> Array:
    """Whole numbers as float64; floats as they are."""
    return array.astype(np.float64) if array.dtype.kind == "i" else array
