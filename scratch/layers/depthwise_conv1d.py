"""One-dimensional depthwise convolution."""

from __future__ import annotations

from typing import Any

from scratch.layers.depthwise_conv2d import DepthwiseConv2D
from scratch.layers.sequences import One, SequenceConvolution, across


class DepthwiseConv1D(SequenceConvolution, DepthwiseConv2D):
    """`activation(depthwise_conv1d(x, kernel) + bias)`, as `keras.layers.DepthwiseConv1D`.

    Args:
        kernel_size: Steps that a window covers.
        strides: Steps between windows.
        padding: "valid" or "same" (TensorFlow's rule: the extra step at the end).
        depth_multiplier: Kernels, and so outputs, for each input channel.
        dilation_rate: Steps between the cells of a window.
        activation: A name that `scratch.functional.activations.get` knows, or None.
        use_bias: Whether to add a bias.
        depthwise_initializer: Name, instance or config of an initializer, of the kernel.
        bias_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new_steps, channels * depth_multiplier).

    Raises:
        ValueError: An argument out of range.
    """

    def __init__(
        self,
        kernel_size: One,
        strides: One = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        *,
        dilation_rate: One = 1,
        activation: str | None = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            across(kernel_size),
            across(strides),
            padding,
            depth_multiplier,
            dilation_rate=across(dilation_rate),
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            name=name,
            dtype=dtype,
        )
