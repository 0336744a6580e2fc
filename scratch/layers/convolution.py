"""What the layers with a convolution's kernel share."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratch import functional as F  # noqa: N812 - the usual short name
from scratch import initializers
from scratch.functional import activations
from scratch.initializers import Initializer
from scratch.layers.arguments import Pair, image_shape, input_features
from scratch.layers.windows import Window2D

Sides = tuple[Any, ...]
"""The input's height and width, or the one that it has."""


class Convolution(Window2D):
    """Base of the convolutions: `activation(product(x, kernel) + bias)`.

    A subclass says what the product is, which is linear in x and in the kernel, and gives the two
    gradients that follow. All three are functions of their arguments and the layer's options only.
    """

    def _set_end(self, activation: str | None, use_bias: bool, bias_initializer: Any) -> None:
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(bias_initializer)

    @property
    def keeps_output(self) -> bool:  # type: ignore[override]
        """An activation's derivative may need it."""
        return self.activation.name != "linear"

    @property
    def kernel_size(self) -> Pair:
        """(height, width) of the kernel."""
        return self.window_size

    @property
    def geometry(self) -> dict[str, Any]:
        """The options that every function of `functional.conv` takes."""
        return {
            "strides": self.strides,
            "padding": self._zeros,
            "dilation": self.dilation_rate,
        }

    def product(
        self, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None
    ) -> np.ndarray:
        """The layer's output in front of its activation."""
        raise NotImplementedError

    def input_gradient(self, dz: np.ndarray, kernel: np.ndarray, input_size: Sides) -> np.ndarray:
        """dL/dx of `product` for an x of `input_size`."""
        raise NotImplementedError

    def kernel_gradient(self, dz: np.ndarray, x: np.ndarray) -> np.ndarray:
        """dL/dkernel of `product`."""
        raise NotImplementedError

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:  # noqa: ARG002
        """See the class."""
        self._prepare(x)
        z = self.product(x, self.weights["kernel"], self.weights.get("bias"))
        y = self.activation.forward(z)
        self.cache = (x, z, y)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Source A, equation 1, behind the activation's own derivative; and `backward_weights`."""
        x, z, y = self.cache
        dz = self.activation.backward(dy, z, y)
        self._fill_gradients(dz, x)
        return self.input_gradient(dz, self.weights["kernel"], x.shape[1:-1])

    def backward_weights(self, dy: np.ndarray) -> None:
        """Source A, equations 2 and 3, behind the activation's own derivative."""
        x, z, y = self.cache
        self._fill_gradients(self.activation.backward(dy, z, y), x)

    def _fill_gradients(self, dz: np.ndarray, x: np.ndarray) -> None:
        if self.trainable:
            self.gradients["kernel"] = self.kernel_gradient(dz, x)
            if self.use_bias:
                self.gradients["bias"] = F.conv2d_bias_gradient(dz)

    def _add_kernel(self, name: str, shape: tuple[int, ...], initializer: Initializer) -> None:
        """Create a kernel whose first two axes are the window."""
        self.add_weight(name, shape, initializer)

    def _add_bias(self, channels: int) -> None:
        if self.use_bias:
            self.add_weight("bias", (channels,), self.bias_initializer)

    def _channels(self, input_shape: Any) -> int:
        """The input's channels, checked."""
        image_shape(self, input_shape)
        return input_features(self, input_shape)

    def get_config(self) -> dict[str, Any]:
        """See `Layer.get_config`."""
        return {
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
            "activation": self.activation.name,
            "use_bias": self.use_bias,
            "bias_initializer": initializers.serialize(self.bias_initializer),
            **super().get_config(),
        }
