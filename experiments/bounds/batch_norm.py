"""Rounding bounds of batch normalization, by the formulas of both sides.

NumPy computes (x - mean) scale + beta and the closed-form gradient (`scratch.functional`);
TensorFlow computes x scale + (beta - mean scale), scale = gamma rsqrt(variance + epsilon), and
differentiates that expression term by term (`tf.nn.moments`, `tf.nn.batch_normalization`), which
cancels more when the mean is large beside the deviation. Each tensor gets the wider bound.
"""

from __future__ import annotations

import numpy as np

from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded, widest
from scratch.layers import BatchNormalization


class BatchNormBounds:
    """One call of the layer, followed in bounded arithmetic.

    Args:
        layer: In float64.
        call: What it is called on.
    """

    def __init__(self, layer: BatchNormalization, call: GivenCall) -> None:
        p = call.precision
        self.layer, self.training, self.p = layer, call.training, p
        self.x, self.dy = p.given(call.x), p.given(call.dy)
        channels = call.x.shape[-1]
        self.count = call.x.size // channels
        self.gamma = p.given(layer.weights.get("gamma", np.ones(channels)))
        self.beta = p.given(layer.weights.get("beta", np.zeros(channels)))
        self.mean, self.centred, self.variance = self._statistics()
        epsilon = p.constant(np.full(channels, layer.epsilon))
        shifted = p.add(self.variance, epsilon)
        # A variance is never computed as negative: it is a mean of squares, or given.
        self.inverse = p.reciprocal_sqrt(shifted, floor=layer.epsilon * (1 - 4 * p.u))
        self.scale = p.multiply(self.gamma, self.inverse)

    def _sum(self, a: Bounded) -> Bounded:
        def over(x: Array) -> Array:
            return x.reshape(-1, x.shape[-1]).sum(axis=0)

        return self.p.sum(a, over, n=self.count)

    def _average(self, a: Bounded) -> Bounded:
        return self.p.scale(self._sum(a), 1 / self.count)

    def _statistics(self) -> tuple[Bounded, Bounded, Bounded]:
        p = self.p
        if not self.training:
            mean = p.given(self.layer.weights["moving_mean"])
            variance = p.given(self.layer.weights["moving_variance"])
            return mean, p.subtract(self.x, mean), variance
        mean = self._average(self.x)
        centred = p.subtract(self.x, mean)
        return mean, centred, self._average(p.multiply(centred, centred))

    def numpy_output(self) -> Bounded:
        """As NumPy computes it: (x - mean) scale + beta."""
        return self.p.add(self.p.multiply(self.centred, self.scale), self.beta)

    def tensorflow_output(self) -> Bounded:
        """As TensorFlow computes it: x scale + (beta - mean scale)."""
        p = self.p
        offset = p.subtract(self.beta, p.multiply(self.mean, self.scale))
        return p.add(p.multiply(self.x, self.scale), offset)

    def numpy_gradients(self) -> tuple[Bounded, Bounded, Bounded]:
        """(dx, dgamma, dbeta) as `scratch.functional.normalization` computes them."""
        p = self.p
        normalized = p.multiply(self.centred, self.inverse)
        dgamma, dbeta = self._sum(p.multiply(self.dy, normalized)), self._sum(self.dy)
        if not self.training:
            return p.multiply(self.dy, self.scale), dgamma, dbeta
        centred = p.subtract(self.dy, p.scale(dbeta, 1 / self.count))
        along = p.multiply(normalized, p.scale(dgamma, 1 / self.count))
        return p.multiply(p.subtract(centred, along), self.scale), dgamma, dbeta

    def tensorflow_gradients(self) -> tuple[Bounded, Bounded, Bounded]:
        """(dx, dgamma, dbeta) as automatic differentiation of TensorFlow's expression gives."""
        p = self.p
        dbeta = self._sum(self.dy)
        along = self._sum(p.multiply(self.dy, self.x))
        dscale = p.subtract(along, p.multiply(dbeta, self.mean))
        dgamma = p.multiply(dscale, self.inverse)
        dx = p.multiply(self.dy, self.scale)
        if not self.training:
            return dx, dgamma, dbeta
        dinverse = p.multiply(dscale, self.gamma)
        cube = p.multiply(self.inverse, p.multiply(self.inverse, self.inverse))
        dvariance = p.scale(p.multiply(dinverse, cube), -0.5 / self.count)
        through_variance = p.multiply(p.scale(self.centred, 2.0), dvariance)
        through_mean = p.scale(p.multiply(dbeta, self.scale), -1 / self.count)
        return p.total(dx, through_variance, through_mean), dgamma, dbeta


def batch_norm_bounds(layer: BatchNormalization, call: GivenCall) -> Bounds:
    """Bounds of a batch normalization and its gradients."""
    both = BatchNormBounds(layer, call)
    pairs = zip(both.numpy_gradients(), both.tensorflow_gradients(), strict=True)
    dx, dgamma, dbeta = (widest(ours, theirs) for ours, theirs in pairs)
    bounds = {"output": widest(both.numpy_output(), both.tensorflow_output()), "grad_input": dx}
    if layer.scale:
        bounds["grad:gamma"] = dgamma
    if layer.center:
        bounds["grad:beta"] = dbeta
    return bounds
