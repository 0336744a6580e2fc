"""Faulty merging of branches."""

from __future__ import annotations

import numpy as np

from experiments.faults.fault import Fault
from scratch import functional as F  # noqa: N812
from scratch import layers

Array = np.ndarray


class BroadcastGradientOfOneCopy(layers.Multiply):
    """A gate that was broadcast gets the gradient of its first copy, not of all of them."""

    def backward(self, dy: Array) -> list[Array]:
        """Take what should be summed."""
        factors = F.broadcastable(self.cache)
        wide = [np.broadcast_to(factor, dy.shape) for factor in factors]
        gradients = zip(F.multiply_backward(dy, wide), factors, self.cache, strict=True)
        return [
            dx[tuple(slice(size) for size in factor.shape)].reshape(x.shape)
            for dx, factor, x in gradients
        ]


class MultiplyByOwnFactor(layers.Multiply):
    """Each factor's gradient is multiplied with that factor instead of the others."""

    def backward(self, dy: Array) -> list[Array]:
        """Two factors trade places."""
        factors = F.broadcastable(self.cache)
        shapes = [x.shape for x in self.cache]
        return [
            F.sum_to_shape(dy * factor, shape)
            for factor, shape in zip(factors, shapes, strict=True)
        ]


class AverageGradientUndivided(layers.Average):
    """The gradient of a sum."""

    def backward(self, dy: Array) -> list[Array]:
        """Every input gets all of it."""
        return F.add_backward(dy, self.cache)


class SubtractSignLost(layers.Subtract):
    """What is subtracted gets the gradient with the wrong sign."""

    def backward(self, dy: Array) -> list[Array]:
        """As if added."""
        return F.add_backward(dy, self.cache)


class MaximumToAllInputs(layers.Maximum):
    """The gradient goes to every input, chosen or not."""

    def backward(self, dy: Array) -> list[Array]:
        """As if added."""
        return F.add_backward(dy, self.cache[1])


FAULTS: tuple[Fault, ...] = (
    Fault(
        "broadcast-gradient-not-summed",
        "a broadcast factor got the gradient of one copy instead of the sum",
        BroadcastGradientOfOneCopy,
        ("grad_input:1",),
        ("specimen_branches", "gated"),
    ),
    Fault(
        "product-gradient-by-its-own-factor",
        "each factor's gradient was multiplied with that factor instead of the others",
        MultiplyByOwnFactor,
        ("grad_input", "grad_input:1"),
        ("specimen_branches", "gated"),
    ),
    Fault(
        "average-gradient-not-divided",
        "the gradient of the average was not divided by the number of inputs",
        AverageGradientUndivided,
        ("grad_input", "grad_input:1"),
        ("specimen_branches", "average"),
    ),
    Fault(
        "subtraction-sign-lost",
        "the gradient of what is subtracted had the wrong sign",
        SubtractSignLost,
        ("grad_input:1",),
        ("specimen_branches", "difference"),
    ),
    Fault(
        "maximum-gradient-to-all",
        "every input got the gradient, whether it was the largest or not",
        MaximumToAllInputs,
        ("grad_input", "grad_input:1"),
        ("specimen_branches", "maximum"),
    ),
)
