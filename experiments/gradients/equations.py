"""Gradients of a layer call by the sources' own equations, in loops.

What multiplies dL/doutput by an activation's derivative first is source C's `. sigma'(z)`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.derivatives import Array
from experiments.gradients.elementwise import derivative
from experiments.gradients.layer_allowances import as_rows, from_rows
from experiments.gradients.subject import Equations, Tensors
from scratch import functional as F  # noqa: N812
from scratch.functional import resolve_padding
from scratch.layers import (
    ELU,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    PReLU,
    ReLU,
    Softmax,
    ZeroPadding2D,
)
from scratch.reference import conv_backward, pool_backward, theory


def layer_equations(
    layer: Layer, inputs: Sequence[Array], dy: Array, training: bool
) -> list[Equations]:
    """All that the sources say about this call; empty where they say nothing.

    Args:
        layer: In float64, with its weights.
        inputs: The call's inputs.
        dy: dL/doutput.
        training: The mode.
    """
    if isinstance(layer, BatchNormalization):
        return _batch_norm(layer, inputs[0], dy) if training else []
    equations = _EQUATIONS.get(type(layer))
    return equations(layer, inputs[0], dy) if equations else []


def _conv2d(layer: Conv2D, x: Array, dy: Array) -> list[Equations]:
    options = layer.geometry
    kernel = layer.weights["kernel"]
    z = F.conv2d(x, kernel, layer.weights.get("bias"), **options)
    delta = _before_activation(layer, z, dy)
    found = [_course_convolution(layer, x, kernel, delta)]
    plain = {"strides": (1, 1), "dilation": (1, 1), "groups": 1}
    if options["padding"] == "valid" and all(options[name] == v for name, v in plain.items()):
        found.append(_theory_convolution(layer, x, kernel, delta))
    return found


def _course_convolution(layer: Conv2D, x: Array, kernel: Array, delta: Array) -> Equations:
    """Source A; a kernel with gaps or groups is a larger one with zeros, whose cells are read."""
    options = layer.geometry
    pads = resolve_padding(
        layer.padding, x.shape[1:3], layer.kernel_size, layer.strides, layer.dilation_rate
    )
    wide, cells = _spread_kernel(kernel, layer.dilation_rate, layer.groups)
    hparameters = {"stride": options["strides"], "pad": pads}
    no_bias = np.zeros((1, 1, 1, kernel.shape[3]))
    dx, dkernel, dbias = conv_backward(delta, (x, wide, no_bias, hparameters))
    tensors = {"grad_input": dx, "grad:kernel": np.empty(kernel.shape)}
    for c, seen in enumerate(cells):
        tensors["grad:kernel"][..., c] = dkernel[(*seen, c)]
    if layer.use_bias:
        tensors["grad:bias"] = dbias.reshape(-1)
    return Equations("source A, eq. (1)-(3)", tensors)


def _spread_kernel(
    kernel: Array, dilation: tuple[int, int], groups: int
) -> tuple[Array, list[tuple[slice, slice, slice]]]:
    """The kernel without dilation and groups that computes the same, and where its cells went."""
    kh, kw, into, filters = kernel.shape
    (down, across), span = dilation, filters // groups
    wide = np.zeros((down * (kh - 1) + 1, across * (kw - 1) + 1, into * groups, filters))
    cells = []
    for c in range(filters):
        first = c // span * into
        seen = (slice(None, None, down), slice(None, None, across), slice(first, first + into))
        wide[(*seen, c)] = kernel[..., c]
        cells.append(seen)
    return wide, cells


def _theory_convolution(layer: Conv2D, x: Array, kernel: Array, delta: Array) -> Equations:
    """Source C, image by image, channel by channel: a layer of channels is a sum of these."""
    tensors: Tensors = {"grad_input": np.zeros(x.shape), "grad:kernel": np.zeros(kernel.shape)}
    ones = np.ones(x.shape[1:3])
    for n, i, c in itertools.product(range(len(x)), *map(range, kernel.shape[2:])):
        error = delta[n, :, :, c]
        tensors["grad_input"][n, :, :, i] += theory.conv_delta(error, kernel[:, :, i, c], ones)
        tensors["grad:kernel"][:, :, i, c] += theory.conv_kernel_gradient(x[n, :, :, i], error)
    if layer.use_bias:
        tensors["grad:bias"] = np.zeros(layer.filters)
        for n, c in itertools.product(range(len(x)), range(layer.filters)):
            tensors["grad:bias"][c] += theory.conv_bias_gradient(delta[n, :, :, c])
    return Equations("source C, delta = delta * rot180(w)", tensors)


def _dense(layer: Dense, x: Array, dy: Array) -> list[Equations]:
    kernel = layer.weights["kernel"]
    z = F.dense(x, kernel, layer.weights.get("bias"))
    delta = _before_activation(layer, z, dy).reshape(-1, layer.units)
    rows = x.reshape(-1, x.shape[-1])
    ones = np.ones(x.shape[-1])
    dx = np.stack([theory.dense_delta(error, kernel.T, ones) for error in delta])
    products = [theory.dense_kernel_gradient(d, a).T for d, a in zip(delta, rows, strict=True)]
    tensors = {"grad_input": dx.reshape(x.shape), "grad:kernel": np.sum(products, axis=0)}
    if layer.use_bias:
        tensors["grad:bias"] = delta.sum(axis=0)
    return [Equations("source C, delta = W^T delta, dW = delta a^T", tensors)]


def _activation(layer: Any, x: Array, dy: Array) -> list[Equations]:
    jacobian = layer.activation.name in _JACOBIANS
    source = "the Jacobian" if jacobian else "source C, delta . sigma'(z)"
    return [Equations(source, {"grad_input": _before_activation(layer, x, dy)})]


def _prelu(layer: PReLU, x: Array, dy: Array) -> list[Equations]:
    """Number by number: f = x above 0, a x below; df/da = x below."""
    alpha = np.broadcast_to(layer.weights["alpha"], x.shape[1:])
    dx, dalpha = np.empty(x.shape), np.zeros(layer.weights["alpha"].shape)
    for index in np.ndindex(x.shape):
        place = index[1:]
        shared = tuple(np.minimum(place, np.array(dalpha.shape) - 1))
        dx[index] = dy[index] * (1.0 if x[index] > 0 else alpha[place])
        dalpha[shared] += dy[index] * min(x[index], 0.0)
    tensors = {"grad_input": dx, "grad:alpha": dalpha}
    return [Equations("He et al. 2015, eq. (2)-(3)", tensors)]


def _before_activation(layer: Any, z: Array, dy: Array) -> Array:
    """Delta = dy . sigma'(z); a softmax and its logarithm have a Jacobian."""
    jacobian = _JACOBIANS.get(layer.activation.name)
    if jacobian is None:
        return dy * derivative(layer.activation, z)
    axis = layer.activation.parameters.get("axis", -1)
    logits, upstream = as_rows(z, axis), as_rows(dy, axis)
    delta = np.empty(upstream.shape)
    for index in np.ndindex(upstream.shape[:-1]):
        delta[index] = jacobian(theory.softmax(logits[index])).T @ upstream[index]
    return from_rows(delta, axis, z.shape)


_JACOBIANS: dict[str, Callable[[Array], Array]] = {
    "log_softmax": lambda y: np.eye(len(y)) - y,
    "softmax": lambda y: np.diag(y) - np.outer(y, y),
}
"""From the probabilities y: rows are outputs."""


def _pooling(layer: MaxPooling2D | AveragePooling2D, x: Array, dy: Array) -> list[Equations]:
    maximum = isinstance(layer, MaxPooling2D)
    size, strides = layer.pool_size, layer.strides
    pads = resolve_padding(layer.padding, x.shape[1:3], size, strides)
    cache = (x, {"f": size, "stride": strides, "pad": pads})
    course = pool_backward(dy, cache, "max" if maximum else "average")
    found = [Equations(f"source A, eq. ({4 if maximum else 5})", {"grad_input": course})]
    rows, columns = (n // s for n, s in zip(x.shape[1:3], size, strict=True))
    if strides != size or any(pads):
        return found
    # Blocks tile what the windows reach; beyond it the gradient is zero.
    reached = x[:, : rows * size[0], : columns * size[1]]
    dx = np.zeros(x.shape)
    for n, c in itertools.product(range(len(x)), range(x.shape[3])):
        block = reached[n, :, :, c]
        places = theory.max_pool(block, size)[1] if maximum else None
        delta = theory.pool_delta(dy[n, :, :, c], size, np.ones(block.shape), places)
        dx[n, : len(block), : block.shape[1], c] = delta
    return [*found, Equations("source C, upsample(delta)", {"grad_input": dx})]


def _global_average(_layer: GlobalAveragePooling2D, x: Array, dy: Array) -> list[Equations]:
    """Average pooling with one window as large as the image."""
    cache = (x, {"f": x.shape[1:3], "stride": 1})
    dx = pool_backward(dy.reshape(len(x), 1, 1, -1), cache, "average")
    return [Equations("source A, eq. (5)", {"grad_input": dx})]


def _zero_padding(layer: ZeroPadding2D, x: Array, dy: Array) -> list[Equations]:
    """dA_prev is what is left of dA_prev_pad without its border."""
    top, _, left, _ = layer.pads
    inside = dy[:, top : top + x.shape[1], left : left + x.shape[2]]
    return [Equations("source A, eq. (1), unpadded", {"grad_input": inside})]


def _batch_norm(layer: BatchNormalization, x: Array, dy: Array) -> list[Equations]:
    """Ioffe and Szegedy 2015, section 3: the six equations, one after the other."""
    x, dy = (np.moveaxis(values, layer.axis, -1) for values in (x, dy))
    rows, upstream = x.reshape(-1, x.shape[-1]), dy.reshape(-1, x.shape[-1])
    m = len(rows)
    gamma = layer.weights.get("gamma", np.ones(x.shape[-1]))
    mean, shifted = rows.mean(axis=0), rows.var(axis=0) + layer.epsilon
    normalized = (rows - mean) / np.sqrt(shifted)
    dnormalized = upstream * gamma
    dvariance = (dnormalized * (rows - mean) * -0.5 * shifted**-1.5).sum(axis=0)
    dmean = (-dnormalized / np.sqrt(shifted)).sum(axis=0)
    dmean = dmean + dvariance * (-2 * (rows - mean)).sum(axis=0) / m
    dx = dnormalized / np.sqrt(shifted) + dvariance * 2 * (rows - mean) / m + dmean / m
    tensors = {"grad_input": np.moveaxis(dx.reshape(x.shape), -1, layer.axis)}
    if layer.scale:
        tensors["grad:gamma"] = (upstream * normalized).sum(axis=0)
    if layer.center:
        tensors["grad:beta"] = upstream.sum(axis=0)
    return [Equations("Ioffe and Szegedy 2015, section 3", tensors)]


_EQUATIONS: dict[type[Layer], Callable[[Any, Array, Array], list[Equations]]] = {
    Activation: _activation,
    AveragePooling2D: _pooling,
    Conv2D: _conv2d,
    Dense: _dense,
    ELU: _activation,
    GlobalAveragePooling2D: _global_average,
    LeakyReLU: _activation,
    MaxPooling2D: _pooling,
    PReLU: _prelu,
    ReLU: _activation,
    Softmax: _activation,
    ZeroPadding2D: _zero_padding,
}
