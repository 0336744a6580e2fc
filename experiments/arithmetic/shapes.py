"""What shape a convolution or pooling really gives, in scratch and in Keras."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from scratch import functional as F  # noqa: N812
from scratch.functional import Padding, Pads, Size

Shape = tuple[int, ...]
CONVOLUTION, POOLING = "convolution", "pooling"


@dataclass(frozen=True)
class Window:
    """A convolution or pooling.

    Attributes:
        kind: `CONVOLUTION` or `POOLING`.
        size: Rows and columns of the window.
        strides: Steps down and across.
        padding: "valid", "same" or (top, bottom, left, right).
        filters: Of a convolution.
        dilation: Of a convolution.
    """

    kind: str
    size: Size
    strides: Size = (1, 1)
    padding: Padding = "valid"
    filters: int = 1
    dilation: Size = (1, 1)


def scratch_shape(window: Window, input_shape: Shape) -> Shape | None:
    """The shape of what scratch computes on images of zeros; None where it refuses.

    Args:
        window: What is computed.
        input_shape: (N, H, W, C).
    """
    x = np.zeros(input_shape, np.float32)
    try:
        if window.kind == POOLING:
            return F.max_pool2d(x, window.size, window.strides, window.padding)[0].shape
        kernel = np.zeros((*window.size, input_shape[3], window.filters), np.float32)
        options = {"padding": window.padding, "dilation": window.dilation}
        return F.conv2d(x, kernel, strides=window.strides, **options).shape  # type: ignore[arg-type]
    except ValueError:
        return None


def keras_shape(window: Window, input_shape: Shape) -> Shape:
    """The shape of what Keras computes on images of zeros, which must leave an output.

    Args:
        window: What is computed; four pads are zeros put around the image before.
        input_shape: (N, H, W, C).
    """
    x = tf.zeros(input_shape)
    padding = window.padding
    if not isinstance(padding, str):
        x, padding = tf.pad(x, _borders(padding)), "valid"
    layout = {"padding": padding, "data_format": "channels_last"}
    if window.kind == POOLING:
        return tuple(keras.ops.max_pool(x, window.size, window.strides, **layout).shape)
    kernel = tf.zeros((*window.size, input_shape[3], window.filters))
    options = {"strides": window.strides, "dilation_rate": window.dilation}
    return tuple(keras.ops.conv(x, kernel, **options, **layout).shape)


def _borders(pads: Pads) -> tuple[Size, Size, Size, Size]:
    top, bottom, left, right = pads
    return (0, 0), (top, bottom), (left, right), (0, 0)
