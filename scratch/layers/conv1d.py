"""One-dimensional convolution."""

from __future__ import annotations

from typing import Any

from scratch.functional import Padding
from scratch.layers.conv2d import Conv2D
from scratch.layers.sequences import One, SequenceConvolution, across


class Conv1D(SequenceConvolution, Conv2D):
    """`activation(conv1d(x, kernel) + bias)`, as `keras.layers.Conv1D`.

    Args:
        filters: Output channels.
        kernel_size: Steps that a window covers.
        strides: Steps between windows.
        padding: "valid", "same" (TensorFlow's rule: the extra step at the end) or "causal" (all of
            it at the start: no output sees a later input).
        dilation_rate: Steps between the cells of a window.
        groups: Channels are split in this many groups, each with filters of its own.
        activation: A name that `scratch.functional.activations.get` knows, or None.
        use_bias: Whether to add a bias.
        kernel_initializer: Name, instance or config of an initializer.
        bias_initializer: The same.
        name: See `Layer`.
        dtype: See `Layer`.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new_steps, filters).

    Raises:
        ValueError: An argument out of range, or channels that `groups` does not divide.
    """

    paddings = ("valid", "same", "causal")

    def __init__(
        self,
        filters: int,
        kernel_size: One,
        strides: One = 1,
        padding: str = "valid",
        *,
        dilation_rate: One = 1,
        groups: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            filters,
            across(kernel_size),
            across(strides),
            padding,
            dilation_rate=across(dilation_rate),
            groups=groups,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            name=name,
            dtype=dtype,
        )

    @property
    def _zeros(self) -> Padding:
        if self.padding != "causal":
            return self.padding
        return (0, 0, (self.kernel_size[1] - 1) * self.dilation_rate[1], 0)
