"""Faulty dense layers, and what surrounds them."""

from __future__ import annotations

import numpy as np

from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers

Array = np.ndarray


class FlattenChannelsFirst(layers.Flatten):
    """Channels first flatten order, so that a Dense layer's rows meet other inputs."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Channels, rows, columns."""
        super().forward(x, training)
        return np.moveaxis(x, -1, 1).reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        """The same order back."""
        batch, *space, channels = self.cache
        return np.ascontiguousarray(np.moveaxis(dy.reshape(batch, channels, *space), 1, -1))


class SoftmaxDiagonal(layers.Dense):
    """Softmax's gradient as if it worked element by element: y (1 - y) dy."""

    def backward(self, dy: Array) -> Array:
        """The gradients behind a diagonal Jacobian."""
        x, _, y = self.cache
        dz = dy * y * (1 - y)
        self.gradients["kernel"] = F.dense_kernel_gradient(dz, x)
        if self.use_bias:
            self.gradients["bias"] = F.dense_bias_gradient(dz)
        return F.dense_input_gradient(dz, self.weights["kernel"])


class KernelGradientAveraged(layers.Dense):
    """The kernel gradient divided by the batch a second time."""

    def backward(self, dy: Array) -> Array:
        """Right but for dW."""
        dx = super().backward(dy)
        self.gradients["kernel"] = self.gradients["kernel"] / len(dy)
        return dx


class NotRescaled(layers.Dropout):
    """What dropout keeps is not divided by 1 - rate."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """Masked only."""
        y = super().forward(x, training)
        return y if self.cache is None else x * self.cache

    def backward(self, dy: Array) -> Array:
        """Masked only."""
        return dy if self.cache is None else dy * self.cache


class AddSplitsGradient(layers.Add):
    """A residual connection that halves the gradient between its branches."""

    def backward(self, dy: Array) -> list[Array]:
        """Each input gets its share."""
        return [part / len(self.cache) for part in super().backward(dy)]


class DenseRowsChannelsFirst(layers.Dense):
    """The kernel's rows are read in another flatten order than the one they were learned in."""

    def forward(self, x: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Meet the inputs with the rows of a channels first Flatten."""
        self._prepare(x)
        z = F.dense(x, self._reordered(), self.weights.get("bias"))
        y = self.activation.forward(z)
        self.cache = (x, z, y)
        return y

    def backward(self, dy: Array) -> Array:
        """The gradients of that, the kernel's in the order of the kernel."""
        super().backward(dy)
        _, z, y = self.cache
        dz = self.activation.backward(dy, z, y)
        return F.dense_input_gradient(dz, self._reordered())

    def _reordered(self) -> Array:
        """Rows of a channels last image, of the smallest square size, taken as channels first."""
        kernel = self.weights["kernel"]
        size = next((n for n in range(2, 65) if len(kernel) % n**2 == 0), 1)
        stored = kernel.reshape(size, size, -1, kernel.shape[1])
        return np.ascontiguousarray(stored.transpose(2, 0, 1, 3)).reshape(kernel.shape)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "flatten-channels-first",
        "the image was flattened channels first",
        FlattenChannelsFirst,
        ("output", "grad_input"),
        ("signs_convnet", "flatten"),
    ),
    Fault(
        "dense-rows-channels-first",
        "the kernel's rows were meant for an image flattened channels first",
        DenseRowsChannelsFirst,
        ("output", "grad_input"),
        ("signs_convnet", "classifier"),
    ),
    Fault(
        "softmax-diagonal",
        "the softmax's gradient was taken element by element",
        SoftmaxDiagonal,
        ("grad_input", "grad:kernel", "grad:bias"),
        ("signs_convnet", "classifier"),
    ),
    Fault(
        "kernel-gradient-averaged-twice",
        "the kernel gradient was divided by the batch size a second time",
        KernelGradientAveraged,
        ("grad:kernel",),
        ("signs_convnet", "classifier"),
    ),
    Fault(
        "dropout-not-rescaled",
        "what dropout kept was not divided by 1 - rate",
        NotRescaled,
        ("output", "grad_input"),
        ("specimen", "dropout"),
    ),
    Fault(
        "add-splits-the-gradient",
        "the addition shared the gradient out among its inputs",
        AddSplitsGradient,
        ("grad_input", "grad_input:1"),
        ("resnet_bottleneck", "add"),
    ),
)
