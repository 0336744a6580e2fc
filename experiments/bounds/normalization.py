"""Rounding bounds of batch, layer and group normalization, by the formulas of both sides.

NumPy computes (x - mean) scale + beta, scale = gamma / sqrt(variance + epsilon), and the closed
form of the gradient (`scratch.functional`); Keras computes x scale + (beta - mean scale), as NumPy
does with fixed statistics, and TensorFlow differentiates that expression term by term, which
cancels more when the mean is large beside the deviation (`tf.nn.moments`,
`tf.nn.batch_normalization`, `keras.ops.layer_normalization`, `keras.layers.GroupNormalization`).
Each tensor gets the wider bound. The three layers differ in what is averaged over, and in nothing
else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.bounds.call import Bounds, GivenCall
from experiments.rounding import Array, Bounded, Precision, widest
from scratch.layers import BatchNormalization
from scratch.layers.normalizer import Normalizer

Gradients = tuple[Bounded, Bounded, Bounded]


class NormalizationBounds:
    """One call of a layer, followed in bounded arithmetic on the layer's grouped input.

    Args:
        layer: In float64.
        call: What it is called on.
    """

    def __init__(self, layer: Normalizer, call: GivenCall) -> None:
        p, shape = call.precision, layer.grouped_shape(call.x.shape)
        self.p, self.centred = p, layer.centred
        self.x, self.dy = p.given(call.x.reshape(shape)), p.given(call.dy.reshape(shape))
        gamma, beta = layer.parameters(call.x.shape)
        self.gamma = p.given(gamma)
        self.beta = p.given(np.zeros_like(gamma) if beta is None else beta)
        fixed = isinstance(layer, BatchNormalization) and not (call.training and layer.trainable)
        self.axes = () if fixed else layer.averaged_axes(call.x.ndim)
        if fixed:
            moving = (layer.weights[name] for name in ("moving_mean", "moving_variance"))
            self.mean, self.variance = (p.given(w.reshape(gamma.shape)) for w in moving)
            self.deviation = p.subtract(self.x, self.mean)
        else:
            self.mean = self._average(self.x)
            self.deviation = p.subtract(self.x, self.mean)
            self.variance = self._average(p.multiply(self.deviation, self.deviation))
        self.count = self.x.value.size // self.mean.value.size
        shifted = p.add(self.variance, p.constant(np.full_like(self.variance.value, layer.epsilon)))
        # A variance is never computed as negative: it is a mean of squares, or given.
        self.inverse = p.reciprocal_sqrt(shifted, floor=layer.epsilon * (1 - 4 * p.u))
        self.scale = p.multiply(self.inverse, self.gamma)
        self.of_gamma = tuple(i for i, size in enumerate(gamma.shape) if size == 1)
        # What both kinds of sums run over is summed first, and once.
        self.common = tuple(i for i in self.of_gamma if self.mean.value.shape[i] == 1)

    def numpy_output(self) -> Bounded:
        """As NumPy computes it: (x - mean) scale + beta, or as TensorFlow if the mean is fixed."""
        if not self.axes:
            return self.tensorflow_output()
        offset = self.deviation if self.centred else self.x
        return self.p.add(self.p.multiply(offset, self.scale), self.beta)

    def tensorflow_output(self) -> Bounded:
        """As TensorFlow computes it: x scale + (beta - mean scale)."""
        p = self.p
        if not self.centred:
            return p.multiply(p.multiply(self.x, self.inverse), self.gamma)
        offset = p.subtract(self.beta, p.multiply(self.mean, self.scale))
        return p.add(p.multiply(self.x, self.scale), offset)

    def numpy_gradients(self) -> Gradients:
        """(dx, dgamma, dbeta) as `scratch.functional.normalization` computes them."""
        p = self.p
        offset = self.deviation if self.centred else self.x
        by_beta = _sum(p, self.dy, self.common)
        by_gamma = p.multiply(_sum(p, p.multiply(self.dy, offset), self.common), self.inverse)
        dgamma, dbeta = _sum(p, by_gamma, self.of_gamma), _sum(p, by_beta, self.of_gamma)
        dx = p.multiply(self.dy, self.scale)
        if not self.axes:
            return dx, dgamma, dbeta
        along = self._average(p.multiply(self.gamma, by_gamma), self.count)
        curve = p.multiply(p.multiply(self.inverse, self.inverse), along)
        dx = p.subtract(dx, p.multiply(self.deviation, curve))
        if self.centred:
            level = self._average(p.multiply(self.gamma, by_beta), self.count)
            dx = p.subtract(dx, p.multiply(self.inverse, level))
        return dx, dgamma, dbeta

    def tensorflow_gradients(self) -> Gradients:
        """(dx, dgamma, dbeta) as automatic differentiation of Keras' expression gives."""
        p = self.p
        if not self.centred:
            return self._uncentred_gradients()
        doffset = _sum(p, self.dy, self.common)
        along = _sum(p, p.multiply(self.dy, self.x), self.common)
        dscale = p.subtract(along, p.multiply(doffset, self.mean))
        dgamma = _sum(p, p.multiply(dscale, self.inverse), self.of_gamma)
        dbeta = _sum(p, doffset, self.of_gamma)
        dx = p.multiply(self.dy, self.scale)
        if not self.axes:
            return dx, dgamma, dbeta
        through_variance = self._through_variance(
            _sum(p, p.multiply(dscale, self.gamma), self.axes)
        )
        dmean = self._average(p.multiply(doffset, self.scale), self.count)
        through_mean = Bounded(-dmean.value, dmean.radii)
        return p.total(dx, through_variance, through_mean), dgamma, dbeta

    def _uncentred_gradients(self) -> Gradients:
        """Of (x inverse) gamma, the mean inside the variance differentiated as well."""
        p = self.p
        dgamma = _sum(p, p.multiply(self.dy, p.multiply(self.x, self.inverse)), self.of_gamma)
        dnormalized = p.multiply(self.dy, self.gamma)
        dinverse = _sum(p, p.multiply(dnormalized, self.x), self.axes)
        through_variance = self._through_variance(dinverse)
        through_mean = self._average(through_variance)
        dx = p.total(p.multiply(dnormalized, self.inverse), through_variance, through_mean)
        return dx, dgamma, _sum(p, self.dy, self.of_gamma)

    def _through_variance(self, dinverse: Bounded) -> Bounded:
        """dL/dx through the variance: 2 (x - mean) dvariance, by TensorFlow's rule of rsqrt."""
        p = self.p
        cube = p.multiply(self.inverse, p.multiply(self.inverse, self.inverse))
        dvariance = p.scale(p.multiply(dinverse, cube), -0.5 / self.count)
        return p.multiply(p.scale(self.deviation, 2.0), dvariance)

    def _average(self, a: Bounded, count: int | None = None) -> Bounded:
        """Over the axes of the statistics; what is summed already along some counts as `count`."""
        total = _sum(self.p, a, self.axes)
        return self.p.scale(total, 1 / (count or a.value.size // total.value.size))


def _sum(p: Precision, a: Bounded, axes: Sequence[int]) -> Bounded:
    """Over axes that stay with size 1."""
    axes = tuple(axis for axis in axes if a.value.shape[axis] > 1)
    if not axes:
        return a

    def over(values: Array) -> Array:
        return values.sum(axis=axes, keepdims=True)

    return p.sum(a, over, n=int(np.prod([a.value.shape[axis] for axis in axes])))


def normalization_bounds(layer: Normalizer, call: GivenCall) -> Bounds:
    """Bounds of a normalization and its gradients."""
    both = NormalizationBounds(layer, call)
    pairs = zip(both.numpy_gradients(), both.tensorflow_gradients(), strict=True)
    dx, dgamma, dbeta = (widest(ours, theirs) for ours, theirs in pairs)
    output = widest(both.numpy_output(), both.tensorflow_output())
    bounds = {"output": reshaped(output, call.x.shape), "grad_input": reshaped(dx, call.x.shape)}
    for name, gradient in (("gamma", dgamma), ("beta", dbeta)):
        if name in layer.trainable_weights:
            bounds[f"grad:{name}"] = reshaped(gradient, layer.weights[name].shape)
    return bounds


def reshaped(a: Bounded, shape: Sequence[int]) -> Bounded:
    """The same numbers in another shape."""
    return Bounded(a.value.reshape(shape), a.radii.reshape(3, *shape))
