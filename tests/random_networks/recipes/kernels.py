"""Layers with a kernel: the convolutions and Dense."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.random_networks.recipes.activations import ACTIVATIONS
from tests.random_networks.recipes.drawing import (
    FLAG,
    IMAGE,
    ROW,
    UNLESS,
    Draw,
    Options,
    Recipe,
    Shape,
    one_of,
    sizes_of,
)

INITIALIZERS = ("glorot_uniform", "he_normal", "zeros")


def _weighted(draw: Draw, kernel: str = "kernel") -> Options:
    return {
        "activation": one_of(draw, *ACTIVATIONS),
        "use_bias": draw(UNLESS),
        f"{kernel}_initializer": one_of(draw, *INITIALIZERS),
        f"{kernel}_regularizer": one_of(draw, None, None, "l2"),
        "bias_initializer": one_of(draw, "zeros", "ones"),
    }


def _window(draw: Draw, sizes: Shape, equal_strides: bool = False, causal: bool = False) -> Options:
    """Kernel, strides, padding and dilation of a convolution; TensorFlow strides or dilates."""
    axes = len(sizes)
    padding = one_of(draw, "valid", "same", *(["causal"] if causal else []))
    strides, dilation = (1,) * axes, (1,) * axes
    if draw(FLAG):
        strides = (draw(st.integers(2, 3)),) * axes if equal_strides else sizes_of(draw, axes, 3)
    elif draw(FLAG):
        dilation = sizes_of(draw, axes, 3)
    kernel = sizes_of(draw, axes, 4)
    if padding == "valid":
        kernel = tuple(
            min(k, (n - 1) // d + 1) for k, n, d in zip(kernel, sizes, dilation, strict=True)
        )
    if set(kernel) == {1} and any((n - 1) % s for n, s in zip(sizes, strides, strict=True)):
        strides = (1,) * axes  # See _transposed.
    return {
        "kernel_size": kernel, "strides": strides, "padding": padding, "dilation_rate": dilation,
    }  # fmt: skip


def _convolution(draw: Draw, shape: Shape) -> Options:
    groups = one_of(draw, *(n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0))
    return {
        "filters": groups * draw(st.integers(1, 3)),
        **_window(draw, shape[:-1], causal=len(shape) == 2),
        "groups": groups,
        **_weighted(draw),
    }


def _transposed(draw: Draw, _shape: Shape) -> Options:
    kernel, strides = sizes_of(draw, 2, 4), sizes_of(draw, 2, 3)
    if set(kernel) == {1}:
        # TensorFlow 2.21 writes beyond its memory in the kernel's gradient (oneDNN, float32, one
        # sample) if a 1x1 kernel's strides leave pixels over.
        strides = (1, 1)
    padding = one_of(draw, "valid", "same")
    # What Keras adds with "same" must make up for an even kernel, or TensorFlow has no such size.
    least = [int(padding == "same" and k % 2 == 0) for k in kernel]
    added = None
    if draw(FLAG) and all(low < s for low, s in zip(least, strides, strict=True)):
        added = tuple(draw(st.integers(n, s - 1)) for n, s in zip(least, strides, strict=True))
    return {
        "filters": draw(st.integers(1, 4)),
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "output_padding": added,
        "dilation_rate": (1, 1),  # TensorFlow has no other on the CPU.
        **_weighted(draw),
    }


def _depthwise(draw: Draw, shape: Shape) -> Options:
    return {
        **_window(draw, shape[:-1], equal_strides=True),
        "depth_multiplier": draw(st.integers(1, 3)),
        **_weighted(draw, "depthwise"),
    }


def _separable(draw: Draw, shape: Shape) -> Options:
    return {
        "filters": draw(st.integers(1, 4)),
        **_depthwise(draw, shape),
        "pointwise_initializer": one_of(draw, *INITIALIZERS),
    }


def _dense(draw: Draw, _shape: Shape) -> Options:
    return {"units": draw(st.integers(1, 6)), **_weighted(draw)}


RECIPES = {
    "Conv1D": Recipe(_convolution, ROW),
    "Conv2D": Recipe(_convolution, IMAGE),
    "Conv2DTranspose": Recipe(_transposed, IMAGE),
    "Dense": Recipe(_dense),
    "DepthwiseConv1D": Recipe(_depthwise, ROW),
    "DepthwiseConv2D": Recipe(_depthwise, IMAGE),
    "SeparableConv2D": Recipe(_separable, IMAGE),
}
