"""Faulty activations."""

from __future__ import annotations

import numpy as np

from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers

Array = np.ndarray


class ReluPassesZero(layers.Activation):
    """The derivative of a ReLU at 0 is 1: x >= 0 instead of x > 0."""

    def backward(self, dy: Array) -> Array:
        """Let the gradient pass where the input is 0."""
        if self.activation.name != "relu":
            return super().backward(dy)
        return dy * (self.cache[0] >= 0)


class SigmoidFromInput(layers.Activation):
    """The derivative y (1 - y) with the input in the place of the output."""

    def backward(self, dy: Array) -> Array:
        """Dy x (1 - x)."""
        if self.activation.name != "sigmoid":
            return super().backward(dy)
        return F.sigmoid_backward(dy, self.cache[0])


class SiluGateOnly(layers.Activation):
    """The gradient of x sigmoid(x) without its second term: dy sigmoid(x)."""

    def backward(self, dy: Array) -> Array:
        """Leave x sigmoid'(x) out."""
        if self.activation.name != "silu":
            return super().backward(dy)
        return dy * F.sigmoid(self.cache[0])


class GeluApproximated(layers.Activation):
    """The approximation by tanh where the exact function is asked for: another default."""

    def forward(self, x: Array, training: bool = False) -> Array:
        """The approximation."""
        y = super().forward(x, training)
        return F.gelu_tanh(x) if self.activation.name == "gelu" else y

    def backward(self, dy: Array) -> Array:
        """The gradient of that."""
        if self.activation.name != "gelu":
            return super().backward(dy)
        return F.gelu_tanh_backward(dy, self.cache[0])


class LeakySides(layers.LeakyReLU):
    """The gradient with the slope on the positive side."""

    def backward(self, dy: Array) -> Array:
        """Scale what should pass, pass what should be scaled."""
        return F.leaky_relu_backward(dy, -self.cache[0], self.negative_slope)


class SlopeGradientOfOnePlace(layers.PReLU):
    """The gradient of a shared slope is that of the first place alone, not the sum over all."""

    def backward(self, dy: Array) -> Array:
        """Right but for dL/dalpha."""
        dx = super().backward(dy)
        terms = (dy * np.minimum(self.cache, 0)).sum(axis=0)
        first = tuple(slice(n) for n in self.weights["alpha"].shape)
        self.gradients["alpha"] = terms[first]
        return dx


class SoftmaxElementwise(layers.Softmax):
    """The gradient of a softmax as if it were a sigmoid: dy y (1 - y)."""

    def backward(self, dy: Array) -> Array:
        """The diagonal of the Jacobian alone."""
        return F.sigmoid_backward(dy, self.cache[1])


_SITE = "specimen_activations"

FAULTS: tuple[Fault, ...] = (
    Fault(
        "relu-passes-zero",
        "the derivative of the ReLU at 0 was 1",
        ReluPassesZero,
        ("grad_input",),
        (_SITE, "relu"),
    ),
    Fault(
        "sigmoid-from-input",
        "the sigmoid's derivative y (1 - y) was taken of its input",
        SigmoidFromInput,
        ("grad_input",),
        (_SITE, "sigmoid"),
    ),
    Fault(
        "silu-gate-only",
        "the gradient of x sigmoid(x) was sigmoid(x) alone",
        SiluGateOnly,
        ("grad_input",),
        (_SITE, "silu"),
    ),
    Fault(
        "gelu-approximated",
        "gelu was the approximation by tanh",
        GeluApproximated,
        ("output", "grad_input"),
        (_SITE, "gelu"),
    ),
    Fault(
        "leaky-sides-exchanged",
        "the gradient of the leaky ReLU had its slope on the positive side",
        LeakySides,
        ("grad_input",),
        (_SITE, "leaky"),
    ),
    Fault(
        "prelu-slope-gradient-of-one-place",
        "the gradient of a shared slope was that of its first place alone",
        SlopeGradientOfOnePlace,
        ("grad:alpha",),
        (_SITE, "prelu"),
    ),
    Fault(
        "softmax-elementwise",
        "the softmax's gradient was taken element by element, y (1 - y)",
        SoftmaxElementwise,
        ("grad_input",),
        (_SITE, "softmax"),
    ),
)
