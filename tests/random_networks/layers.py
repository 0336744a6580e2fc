"""Random options for every layer: recipes by the layer's type.

A recipe is given Hypothesis' `draw` and the shape of the layer's input without the batch, and
returns the layer's options, or None if no layer of that type fits. What shrinks comes first: a
recipe's simplest draw is the plainest layer.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from hypothesis import strategies as st
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from scratch.functional import activations

Draw = Callable[[st.SearchStrategy[Any]], Any]
Shape = tuple[int, ...]
Options = dict[str, Any]

IMPORTED = {"LayerScale": LayerScale, "CustomScaleLayer": CustomScaleLayer}
"""Layers that Keras has in its applications, not in `keras.layers`."""
INITIALIZERS = ("glorot_uniform", "he_normal", "zeros")
_FLAG = st.booleans()
_UNLESS = st.booleans().map(lambda drawn: not drawn)
"""Shrinks towards True, the default of most options."""


def _is_known(activation: str) -> bool:
    try:
        activations.get(activation)
    except ValueError:
        return False
    return True


ACTIVATIONS = ("linear", *(name for name in sorted(dir(keras.activations)) if _is_known(name)))
"""Keras' names of all that the kit has, the plainest first."""


class Recipe(NamedTuple):
    """How a layer's options are drawn, and from which inputs.

    Attributes:
        options: (draw, shape) -> options, or None.
        ranks: The ranks of input it takes, the batch not counted.
        joins: Whether it takes several inputs.
    """

    options: Callable[[Draw, Shape], Options | None]
    ranks: tuple[int, ...] = (1, 2, 3)
    joins: bool = False


def layer_class(name: str) -> type[keras.Layer]:
    """A Keras layer's class by its name."""
    return IMPORTED.get(name) or getattr(keras.layers, name)


def expression(name: str, options: Options, label: str) -> str:
    """The code that makes a layer; options at Keras' default are left out."""
    parameters = inspect.signature(layer_class(name)).parameters
    given = [
        f"{option}={value!r}"
        for option, value in options.items()
        if option not in parameters or parameters[option].default != value
    ]
    home = "" if name in IMPORTED else "layers."
    return f"{home}{name}({', '.join([*given, f'name={label!r}'])})"


def _one_of(draw: Draw, *values: Any) -> Any:
    return draw(st.sampled_from(values))


def _sizes(draw: Draw, count: int, largest: int, smallest: int = 1) -> Shape:
    """Sizes along the spatial axes, equal or not."""
    return tuple(draw(st.integers(smallest, largest)) for _ in range(count))


def _no_options(_draw: Draw, _shape: Shape) -> Options:
    return {}


def _weighted(draw: Draw, kernel: str = "kernel") -> Options:
    return {
        "activation": _one_of(draw, *ACTIVATIONS),
        "use_bias": draw(_UNLESS),
        f"{kernel}_initializer": _one_of(draw, *INITIALIZERS),
        f"{kernel}_regularizer": _one_of(draw, None, None, "l2"),
        "bias_initializer": _one_of(draw, "zeros", "ones"),
    }


def _window(draw: Draw, sizes: Shape, equal_strides: bool = False, causal: bool = False) -> Options:
    """Kernel, strides, padding and dilation of a convolution; TensorFlow strides or dilates."""
    axes = len(sizes)
    padding = _one_of(draw, "valid", "same", *(["causal"] if causal else []))
    strides, dilation = (1,) * axes, (1,) * axes
    if draw(_FLAG):
        strides = (draw(st.integers(2, 3)),) * axes if equal_strides else _sizes(draw, axes, 3)
    elif draw(_FLAG):
        dilation = _sizes(draw, axes, 3)
    kernel = _sizes(draw, axes, 4)
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
    groups = _one_of(draw, *(n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0))
    return {
        "filters": groups * draw(st.integers(1, 3)),
        **_window(draw, shape[:-1], causal=len(shape) == 2),
        "groups": groups,
        **_weighted(draw),
    }


def _transposed(draw: Draw, _shape: Shape) -> Options:
    kernel, strides = _sizes(draw, 2, 4), _sizes(draw, 2, 3)
    if set(kernel) == {1}:
        # TensorFlow 2.21 writes beyond its memory in the kernel's gradient (oneDNN, float32, one
        # sample) if a 1x1 kernel's strides leave pixels over.
        strides = (1, 1)
    padding = _one_of(draw, "valid", "same")
    # What Keras adds with "same" must make up for an even kernel, or TensorFlow has no such size.
    least = [int(padding == "same" and k % 2 == 0) for k in kernel]
    added = None
    if draw(_FLAG) and all(low < s for low, s in zip(least, strides, strict=True)):
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
        "pointwise_initializer": _one_of(draw, *INITIALIZERS),
    }


def _dense(draw: Draw, _shape: Shape) -> Options:
    return {"units": draw(st.integers(1, 6)), **_weighted(draw)}


def _pooling(draw: Draw, shape: Shape) -> Options:
    padding = _one_of(draw, "valid", "same")
    axes = len(shape) - 1
    pool = _sizes(draw, axes, 4)
    if padding == "valid":
        pool = tuple(min(k, n) for k, n in zip(pool, shape, strict=False))
    strides = _sizes(draw, axes, 3) if draw(_FLAG) else None
    return {"pool_size": pool, "strides": strides, "padding": padding}


def _global_pooling(draw: Draw, _shape: Shape) -> Options:
    return {"keepdims": draw(_FLAG)}


def _axis(draw: Draw, shape: Shape) -> int:
    """An axis as Keras counts them, the batch being 0."""
    return _one_of(draw, -1, *range(1, len(shape) + 1))


def _axes(draw: Draw, shape: Shape) -> list[int]:
    """Some of a tensor's axes, at least one, in order."""
    axes = st.sets(st.integers(1, len(shape)), min_size=1)
    return sorted(draw(axes))


def _normalization(draw: Draw) -> Options:
    return {
        "epsilon": _one_of(draw, 1e-3, 1e-5, 0.1),
        "center": draw(_UNLESS),
        "scale": draw(_UNLESS),
        "beta_initializer": _one_of(draw, "zeros", "ones"),
        "gamma_initializer": _one_of(draw, "ones", "zeros"),
    }


def _batch_normalization(draw: Draw, shape: Shape) -> Options:
    return {
        "axis": _axis(draw, shape),
        "momentum": _one_of(draw, 0.99, 0.5),
        **_normalization(draw),
        "moving_mean_initializer": _one_of(draw, "zeros", "ones"),
        "moving_variance_initializer": _one_of(draw, "ones", "zeros"),
    }


def _layer_normalization(draw: Draw, shape: Shape) -> Options:
    axis = _axes(draw, shape) if draw(_FLAG) else _axis(draw, shape)
    return {"axis": axis, "rms_scaling": not draw(_UNLESS), **_normalization(draw)}


def _group_normalization(draw: Draw, shape: Shape) -> Options:
    axis = _axis(draw, shape)
    channels = shape[axis if axis < 0 else axis - 1]
    groups = _one_of(draw, *(n for n in range(1, channels + 1) if channels % n == 0), -1)
    return {"groups": groups, "axis": axis, **_normalization(draw)}


def _input_normalization(draw: Draw, shape: Shape) -> Options:
    axis = _one_of(draw, -1, None)
    numbers = st.sampled_from([1.0, 0.5, -2.0, 100.0])
    if axis is None or draw(_FLAG):
        mean: Any = draw(numbers)
        variance: Any = abs(draw(numbers))
    else:
        mean = [draw(numbers) for _ in range(shape[axis])]
        variance = [abs(draw(numbers)) for _ in range(shape[axis])]
    return {"axis": axis, "mean": mean, "variance": variance, "invert": draw(_FLAG)}


def _rescaling(draw: Draw, shape: Shape) -> Options:
    numbers = st.sampled_from([2.0, 1 / 255, -1.0, 0.0])

    def one_or_each() -> Any:
        return [draw(numbers) for _ in range(shape[-1])] if draw(_FLAG) else draw(numbers)

    return {"scale": one_or_each(), "offset": one_or_each()}


def _layer_scale(draw: Draw, shape: Shape) -> Options:
    return {"init_values": _one_of(draw, 1e-6, 0.5), "projection_dim": shape[-1]}


def _scale(draw: Draw, _shape: Shape) -> Options:
    return {"scale": _one_of(draw, 0.5, 0.17, -1.0)}


def _rate(draw: Draw, _shape: Shape) -> Options:
    return {"rate": _one_of(draw, 0.5, 0.0, 0.25, 0.9), "seed": draw(st.integers(0, 3))}


def _dropout(draw: Draw, shape: Shape) -> Options:
    noise_shape = None
    if draw(_FLAG):
        noise_shape = tuple(_one_of(draw, None, 1, n) for n in shape)
        noise_shape = (_one_of(draw, None, 1), *noise_shape)
    return {**_rate(draw, shape), "noise_shape": noise_shape}


def _activation(draw: Draw, _shape: Shape) -> Options:
    return {"activation": _one_of(draw, *ACTIVATIONS)}


def _relu(draw: Draw, _shape: Shape) -> Options:
    return {
        "max_value": _one_of(draw, None, 6.0, 1.0),
        "negative_slope": _one_of(draw, 0.0, 0.25),
        "threshold": _one_of(draw, 0.0, 0.5, 1.0),
    }


def _slope(draw: Draw, _shape: Shape) -> Options:
    return {"negative_slope": _one_of(draw, 0.3, 0.0, 1.5)}


def _alpha(draw: Draw, _shape: Shape) -> Options:
    return {"alpha": _one_of(draw, 1.0, 0.5)}


def _prelu(draw: Draw, shape: Shape) -> Options:
    return {
        "alpha_initializer": _one_of(draw, "zeros", "he_normal"),
        "shared_axes": _axes(draw, shape) if draw(_FLAG) else None,
    }


def _softmax(draw: Draw, shape: Shape) -> Options:
    return {"axis": _axis(draw, shape)}


def _margins(draw: Draw, largest: Shape) -> Any:
    """Numbers for all four sides, in one of the forms that Keras takes."""
    form = _one_of(draw, int, "two", "four")
    if form is int:
        return draw(st.integers(0, min(largest)))
    if form == "two":
        return tuple(draw(st.integers(0, n)) for n in largest)
    return tuple(tuple(draw(st.integers(0, n)) for _ in range(2)) for n in largest)


def _padding(draw: Draw, _shape: Shape) -> Options:
    return {"padding": _margins(draw, (3, 3))}


def _cropping(draw: Draw, shape: Shape) -> Options:
    return {"cropping": _margins(draw, tuple((n - 1) // 2 for n in shape[:2]))}


def _upsampling(draw: Draw, _shape: Shape) -> Options:
    return {"size": _sizes(draw, 2, 3), "interpolation": _one_of(draw, "nearest", "bilinear")}


def _resizing(draw: Draw, _shape: Shape) -> Options:
    height, width = _sizes(draw, 2, 9)
    fit = _one_of(draw, None, None, "crop_to_aspect_ratio", "pad_to_aspect_ratio")
    return {
        "height": height,
        "width": width,
        "interpolation": _one_of(draw, "bilinear", "nearest"),
        "crop_to_aspect_ratio": fit == "crop_to_aspect_ratio",
        "pad_to_aspect_ratio": fit == "pad_to_aspect_ratio",
        "fill_value": _one_of(draw, 0.0, 0.5),
    }


def _reshape(draw: Draw, shape: Shape) -> Options:
    """A factorization of the size into one to three axes, one of them perhaps left open."""
    rest = math.prod(shape)
    target = []
    for _ in range(draw(st.integers(0, 2))):
        target.append(_one_of(draw, *(n for n in range(1, rest + 1) if rest % n == 0)))
        rest //= target[-1]
    target.append(rest)
    if draw(_FLAG):
        target[_one_of(draw, *range(len(target)))] = -1
    return {"target_shape": tuple(target)}


def _permute(draw: Draw, shape: Shape) -> Options:
    return {"dims": tuple(draw(st.permutations(range(1, len(shape) + 1))))}


def _concatenate(draw: Draw, shape: Shape) -> Options:
    return {"axis": _axis(draw, shape)}


_IMAGE = (3,)
_ROW = (2,)

RECIPES: dict[str, Recipe] = {
    "Activation": Recipe(_activation),
    "Add": Recipe(_no_options, joins=True),
    "Average": Recipe(_no_options, joins=True),
    "AveragePooling1D": Recipe(_pooling, _ROW),
    "AveragePooling2D": Recipe(_pooling, _IMAGE),
    "BatchNormalization": Recipe(_batch_normalization),
    "Concatenate": Recipe(_concatenate, joins=True),
    "Conv1D": Recipe(_convolution, _ROW),
    "Conv2D": Recipe(_convolution, _IMAGE),
    "Conv2DTranspose": Recipe(_transposed, _IMAGE),
    "Cropping2D": Recipe(_cropping, _IMAGE),
    "CustomScaleLayer": Recipe(_scale, joins=True),
    "Dense": Recipe(_dense),
    "DepthwiseConv1D": Recipe(_depthwise, _ROW),
    "DepthwiseConv2D": Recipe(_depthwise, _IMAGE),
    "Dropout": Recipe(_dropout),
    "ELU": Recipe(_alpha),
    "Flatten": Recipe(_no_options),
    "GlobalAveragePooling1D": Recipe(_global_pooling, _ROW),
    "GlobalAveragePooling2D": Recipe(_global_pooling, _IMAGE),
    "GlobalMaxPooling1D": Recipe(_global_pooling, _ROW),
    "GlobalMaxPooling2D": Recipe(_global_pooling, _IMAGE),
    "GroupNormalization": Recipe(_group_normalization),
    "LayerNormalization": Recipe(_layer_normalization),
    "LayerScale": Recipe(_layer_scale),
    "LeakyReLU": Recipe(_slope),
    "MaxPooling1D": Recipe(_pooling, _ROW),
    "MaxPooling2D": Recipe(_pooling, _IMAGE),
    "Maximum": Recipe(_no_options, joins=True),
    "Minimum": Recipe(_no_options, joins=True),
    "Multiply": Recipe(_no_options, joins=True),
    "Normalization": Recipe(_input_normalization),
    "PReLU": Recipe(_prelu),
    "Permute": Recipe(_permute),
    "ReLU": Recipe(_relu),
    "Rescaling": Recipe(_rescaling),
    "Reshape": Recipe(_reshape),
    "Resizing": Recipe(_resizing, _IMAGE),
    "SeparableConv2D": Recipe(_separable, _IMAGE),
    "Softmax": Recipe(_softmax),
    "SpatialDropout2D": Recipe(_rate, _IMAGE),
    "Subtract": Recipe(_no_options, joins=True),
    "UpSampling2D": Recipe(_upsampling, _IMAGE),
    "ZeroPadding2D": Recipe(_padding, _IMAGE),
}
