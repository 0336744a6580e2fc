"""Convolutions that pool their output while they compute it: it is never written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch.functional import activations
from scratch.graph import Call, SymbolicTensor, sole_feeders
from scratch.layers import Conv2D, Layer, MaxPooling2D
from scratch.layers.base import Shape


class PooledConvolution(Layer):
    """A linear convolution and the max-pooling of its output, with the weights of the first.

    In training it keeps where the maxima were, not what was pooled. Values and gradients are those
    of the two layers, within rounding.

    Args:
        convolution: Without an activation.
        pooling: Of windows that lie apart.
    """

    keeps_output = False

    def __init__(self, convolution: Conv2D, pooling: MaxPooling2D) -> None:
        super().__init__(name=convolution.name, dtype=convolution.dtype.name)
        self.convolution, self.pooling = convolution, pooling
        self.weights, self.gradients = convolution.weights, convolution.gradients
        self.built = True

    @property
    def trainable_weights(self) -> dict[str, np.ndarray]:
        """The convolution's."""
        return self.convolution.trainable_weights

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """See the class; outside training nothing is kept for a `backward`."""
        self.convolution._prepare(x)
        kernel, bias = self.weights["kernel"], self.weights.get("bias")
        y, argmax = F.conv2d_max_pool2d(x, kernel, bias, *self._options, wants_argmax=training)
        self.cache = (x, argmax)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source A, equations 1 to 3, behind equation 4."""
        x, argmax = self.cache
        kernel = self.weights["kernel"]
        dz = F.conv2d_max_pool2d_error(dy, argmax, x, kernel, *self._options)
        self.convolution._fill_gradients(dz, x)
        return self.convolution.input_gradient(dz, kernel, x.shape[1:3])

    def backward_weights(self, dy: np.ndarray) -> None:
        """As `backward` does, by the places of the maxima where that is less work."""
        x, argmax = self.cache
        if self.trainable_weights:
            self.gradients["kernel"] = F.conv2d_max_pool2d_kernel_gradient(
                dy, argmax, x, self.weights["kernel"], *self._options
            )
            if self.convolution.use_bias:
                self.gradients["bias"] = F.conv2d_bias_gradient(dy)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The pooling's."""
        return self.pooling.compute_output_shape(self.convolution.compute_output_shape(input_shape))

    @property
    def _options(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.convolution.geometry, self.pooling.geometry


def pooled_at_once(calls: Sequence[Call], outputs: Sequence[SymbolicTensor]) -> tuple[Call, ...]:
    """The calls with each convolution that feeds nothing but a max-pooling as one call with it.

    Args:
        calls: In topological order.
        outputs: What must be computed; whatever else the convolutions put out no longer is.
    """
    shorter = dict.fromkeys(calls)
    together: dict[Call, Call] = {}
    for call, before in sole_feeders(calls, outputs).items():
        if layer := _as_one(before.layer, call.layer):
            del shorter[before]
            together[call] = Call(layer, before.inputs, call.output)
    return tuple(together.get(call, call) for call in shorter)


def _as_one(convolution: Layer, pooling: Layer) -> PooledConvolution | None:
    """Both as one, if the first is linear and the second's windows lie apart; no subclasses."""
    if not (isinstance(convolution, Conv2D) and type(convolution) is Conv2D):
        return None
    if not (isinstance(pooling, MaxPooling2D) and type(pooling) is MaxPooling2D):
        return None
    apart = all(k <= s for k, s in zip(pooling.pool_size, pooling.strides, strict=True))
    linear = convolution.activation is activations.get("linear")
    return PooledConvolution(convolution, pooling) if apart and linear else None
