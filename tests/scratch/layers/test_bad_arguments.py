"""What a layer cannot do it says in one sentence that names the layer and the way out."""

import numpy as np
import pytest

from scratch.layers import LAYERS, Input, Layer
from tests.scratch.layers.harness import random

CONV = {"filters": 4, "kernel_size": 3}
POOL = {"pool_size": 2}

ARGUMENTS = {
    "no filters": ("Conv2D", {**CONV, "filters": 0}, ValueError, "filters must be at least 1"),
    "half a filter": ("Conv2D", {**CONV, "filters": 1.5}, TypeError, "filters must be a whole"),
    "filters in words": ("Conv2D", {**CONV, "filters": "4"}, TypeError, "filters must be a whole"),
    "no groups": ("Conv2D", {**CONV, "groups": 0}, ValueError, "groups must be at least 1"),
    "uneven groups": (
        "Conv2D", {**CONV, "groups": 3}, ValueError, "multiple of groups, got filters=4, groups=3",
    ),
    "kernel of nothing": (
        "Conv2D", {**CONV, "kernel_size": (3, 0)}, ValueError, "kernel_size must be at least 1",
    ),
    "kernel of three": (
        "Conv2D", {**CONV, "kernel_size": (3, 3, 3)}, ValueError, r"or two, got \(3, 3, 3\)",
    ),
    "strides": ("Conv2D", {**CONV, "strides": 0}, ValueError, "strides must be at least 1, got 0"),
    "dilation": (
        "Conv2D", {**CONV, "dilation_rate": 1.5}, TypeError, "dilation_rate must be a whole number",
    ),
    "padding": (
        "Conv2D", {**CONV, "padding": "full"}, ValueError,
        'padding must be "valid" or "same", got \'full\'',
    ),
    "pool": ("MaxPooling2D", {"pool_size": -2}, ValueError, "pool_size must be at least 1, got -2"),
    "pool strides": (
        "AveragePooling2D", {**POOL, "strides": (1, "2")}, TypeError, "strides must be a whole",
    ),
    "pool padding": ("MaxPooling2D", {**POOL, "padding": 1}, ValueError, 'or "same", got 1'),
    "units": ("Dense", {"units": 0}, ValueError, "units must be at least 1, got 0"),
    "rate": ("Dropout", {"rate": 1.0}, ValueError, r"rate must be in \[0, 1\), got 1.0"),
    "border": ("ZeroPadding2D", {"padding": (1, -1)}, ValueError, r"none negative, got \(1, -1\)"),
    "half a border": ("ZeroPadding2D", {"padding": 0.5}, ValueError, "padding must be .* got 0.5"),
    "three borders": (
        "ZeroPadding2D", {"padding": ((1, 2, 3), 1)}, ValueError, r"got \(\(1, 2, 3\), 1\)",
    ),
    "cropping": ("Cropping2D", {"cropping": (1, -1)}, ValueError, r"none negative, got \(1, -1\)"),
    "noise": ("Dropout", {"rate": 0.5, "noise_shape": (None, 0)}, ValueError, "noise_shape must"),
    "no enlargement": ("UpSampling2D", {"size": (2, 0)}, ValueError, "size must be at least 1"),
    "interpolation": (
        "UpSampling2D", {"interpolation": "bicubic"}, ValueError,
        'interpolation must be "nearest" or "bilinear", got \'bicubic\'',
    ),
    "no height": ("Resizing", {"height": 0, "width": 2}, ValueError, "height must be at least 1"),
    "two unknown": (
        "Reshape", {"target_shape": (-1, 2, -1)}, ValueError, r"only one .* got \(-1, 2, -1\)",
    ),
    "half a size": ("Reshape", {"target_shape": (2.5,)}, TypeError, "must be a whole number"),
    "axes": ("Permute", {"dims": (1, 3)}, ValueError, r"each axis .* got \(1, 3\)"),
    "three sides": ("ZeroPadding2D", {"padding": (1, 1, 1)}, ValueError, r"got \(1, 1, 1\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", ARGUMENTS)
def test_bad_argument(case):
    name, arguments, error, message = ARGUMENTS[case]
    with pytest.raises(error, match=rf"^{name} 'mine': .*{message}"):
        LAYERS[name](**arguments, name="mine")


@pytest.mark.parametrize(("name", "option"), [("Conv2D", CONV), ("Dense", {"units": 2})])
def test_unknown_activation(name, option):
    known = r"'glu'; known are elu, exponential, .* softsign, swish, tanh"
    with pytest.raises(ValueError, match=known):
        LAYERS[name](**option, activation="glu")
    with pytest.raises(ValueError, match="'glu'"):
        LAYERS["Activation"]("glu")


@pytest.mark.parametrize("dtype", ["float16", "int32", "double", float])
def test_unknown_dtype(dtype):
    with pytest.raises(ValueError, match='dtype must be "float32" or "float64", got '):
        LAYERS["ReLU"](dtype=dtype)
    with pytest.raises(ValueError, match='dtype must be "float32" or "float64", got '):
        Input((3,), dtype=dtype)


def test_whole_numbers_of_numpy_are_whole_numbers():
    layer = LAYERS["Conv2D"](np.int64(4), (np.int32(3), 2), strides=np.int8(2))
    plain = [layer.filters, *layer.kernel_size, *layer.strides]
    assert plain == [4, 3, 2, 2, 2]
    assert {type(n) for n in plain} == {int}


IMAGE = (None, 7, 6, 4)
SHAPES = {
    "image of rank 3": ("Conv2D", CONV, (None, 7, 6), r"takes images .*got shape \(None, 7, 6\)"),
    "channels unknown": (
        "Conv2D", CONV, (None, 7, 6, None), r"must be known, got shape \(None, 7, 6, None\)",
    ),
    "channels not in groups": (
        "Conv2D", {**CONV, "groups": 4}, (2, 7, 6, 3), "channels must be a multiple of groups=4",
    ),
    "kernel beyond the image": (
        "Conv2D", {**CONV, "kernel_size": (5, 2), "dilation_rate": (2, 1)}, IMAGE,
        r"on input \(None, 7, 6, 4\): The kernel is larger .* input 7x6, kernel 5x2, "
        r"strides \(1, 1\), pads .* \(0, 0, 0, 0\), dilation \(2, 1\)",
    ),
    "kernel beyond an image of unknown height": (
        "Conv2D", {**CONV, "kernel_size": 8}, (None, None, 6, 4),
        r"on input \(None, None, 6, 4\): .*kernel 8x8",
    ),
    "image without rows": ("Conv2D", CONV, (None, 0, 6, 4), "no output is left"),
    "pool beyond the image": (
        "MaxPooling2D", {"pool_size": (2, 7), "strides": 1}, IMAGE, "input 7x6, kernel 2x7",
    ),
    "pool on rank 2": ("AveragePooling2D", POOL, (None, 4), r"takes images .* \(None, 4\)"),
    "global pool on rank 3": ("GlobalAveragePooling2D", {}, (None, 4, 3), "takes images"),
    "border on rank 5": ("ZeroPadding2D", {}, (None, 4, 3, 2, 1), "takes images"),
    "features unknown": ("Dense", {"units": 2}, (3, None), r"must be known, got shape \(3, None\)"),
    "no features": ("Dense", {"units": 2}, (3,), r"must be known, got shape \(3,\)"),
    "norm of unknown channels": ("BatchNormalization", {}, (2, 3, None), "must be known"),
    "unequal sum": ("Add", {}, [(2, 3), (2, 4)], r"one shape,.*got \[\(2, 3\), \(2, 4\)\]"),
    "sum of unequal batches": ("Multiply", {}, [(2, 3), (1, 3)], "broadcast behind the batch"),
    "sum of unlike ranks": ("Average", {}, [(2, 3, 4), (2, 3)], "broadcast behind the batch"),
    "sum of nothing": ("Add", {}, [], "one or more inputs"),
    "difference of three": ("Subtract", {}, [(2, 3)] * 3, "exactly two inputs, got 3"),
    "nothing left": ("Cropping2D", {"cropping": 3}, IMAGE, r"\(3, 3, 3, 3\).*nothing is left"),
    "values left over": ("Reshape", {"target_shape": (-1, 5)}, (2, 7), r"7 values of .*\(-1, 5\)"),
    "axes of another rank": ("Permute", {"dims": (2, 1)}, (2, 7), r"with 2 axes .* \(2, 7\)"),
    "noise of another rank": (
        "Dropout", {"rate": 0.5, "noise_shape": (None, 1)}, (2, 3, 4), "does not broadcast",
    ),
    "global maximum on rank 3": ("GlobalMaxPooling2D", {}, (None, 4, 3), "takes images"),
    "global maximum on rank 4": ("GlobalMaxPooling1D", {}, IMAGE, r"takes \(batch, steps"),
    "pool of images": ("MaxPooling1D", {}, IMAGE, "takes sequences"),
    "join of nothing": ("Concatenate", {}, [], "one or more inputs"),
    "join of unequal images": (
        "Concatenate", {}, [(2, 3, 4), (2, 5, 4)], r"axis -1 alone, got \[\(2, 3, 4\), \(2, 5, 4\)",
    ),
    "join of unequal ranks": ("Concatenate", {}, [(2, 3, 4), (2, 3)], "axis -1 alone"),
    "join along no axis": ("Concatenate", {"axis": 2}, [(2, 3), (2, 3)], "axis 2 alone"),
    "join along no axis from the end": ("Concatenate", {"axis": -3}, [(2, 3)] * 2, "axis -3 alone"),
}  # fmt: skip


@pytest.mark.parametrize("case", SHAPES)
def test_bad_shape_is_refused_when_the_graph_is_written(case):
    name, arguments, shape, message = SHAPES[case]
    layer = LAYERS[name](**arguments, name="mine")
    inputs = symbolic(shape) if not isinstance(shape, list) else [symbolic(s) for s in shape]
    with pytest.raises(ValueError, match=rf"^{name} 'mine'.*{message}"):
        layer(inputs)
    assert not layer.weights


@pytest.mark.parametrize("case", [c for c in SHAPES if "None" not in str(SHAPES[c][2])])
def test_bad_shape_is_refused_when_computing(case):
    name, arguments, shape, message = SHAPES[case]
    layer = LAYERS[name](**arguments, name="mine")
    arrays = [np.zeros(s, "float32") for s in shape] if layer.takes_list else np.zeros(shape, "f4")
    with pytest.raises(ValueError, match=rf"^{name} 'mine'.*{message}"):
        layer.forward(arrays)


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "other"),
    [
        ("Conv2D", CONV, (2, 7, 6, 4), (2, 7, 6, 5)),
        ("Dense", {"units": 2}, (2, 3), (2, 4)),
        ("BatchNormalization", {}, (2, 3), (2, 4)),
    ],
)
def test_weights_are_for_one_number_of_channels(name, arguments, shape, other):
    layer = LAYERS[name](**arguments, name="mine")
    layer(symbolic(shape))
    message = rf"^{name} 'mine': its weights are for .* is {shape[-1]}, got shape \({other[0]}, "
    with pytest.raises(ValueError, match=message):
        layer(symbolic(other))
    with pytest.raises(ValueError, match=message):
        layer.forward(random(other, "float32", 0))


def test_shared_merge_checks_every_use():
    """The first use says nothing about the second."""
    add = LAYERS["Add"]()
    assert add([symbolic((2, 3)), symbolic((2, 3))]).shape == (2, 3)
    assert add([symbolic((2, 4)), symbolic((2, 4))]).shape == (2, 4)
    with pytest.raises(ValueError, match="one shape"):
        add([symbolic((2, 3)), symbolic((2, 4))])


MINIMAL = {
    "Activation": {"activation": "relu"}, "AveragePooling2D": POOL, "Conv2D": CONV,
    "Dense": {"units": 2}, "Dropout": {"rate": 0.5},
    "AveragePooling1D": POOL, "Conv1D": CONV, "Conv2DTranspose": CONV,
    "CustomScaleLayer": {"scale": 0.5}, "DepthwiseConv1D": {"kernel_size": 3},
    "DepthwiseConv2D": {"kernel_size": 3}, "LayerScale": {"init_values": 0.5, "projection_dim": 4},
    "Permute": {"dims": (3, 1, 2)},
    "Reshape": {"target_shape": (-1,)},
    "Rescaling": {"scale": 2.0}, "Resizing": {"height": 3, "width": 2}, "SeparableConv2D": CONV,
    "SpatialDropout2D": {"rate": 0.5},
}  # fmt: skip


def minimal(name: str) -> Layer:
    return LAYERS[name](**MINIMAL.get(name, {}), name="mine")


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "uint8"])
@pytest.mark.parametrize("name", LAYERS)
def test_another_dtype_is_refused_by_name(name, dtype):
    layer = minimal(name)
    x = np.ones((2, 7, 6, 4), dtype)
    cast = rf"computes in float32, its input is {dtype}; convert it with x.astype\(\"float32\"\)"
    with pytest.raises(TypeError, match=rf"^{name} 'mine' {cast}\.$"):
        layer.forward([x, x] if layer.takes_list else x)
    assert not layer.built


@pytest.mark.parametrize("name", LAYERS)
def test_another_dtype_is_refused_when_the_graph_is_written(name):
    layer, x = minimal(name), Input((7, 6, 4), dtype="float64", name="picture")
    message = "computes in float32, its input 'picture' is float64; give both the same dtype"
    with pytest.raises(TypeError, match=rf"^{name} 'mine' {message}\.$"):
        layer([x, x] if layer.takes_list else x)


@pytest.mark.parametrize("name", LAYERS)
def test_one_tensor_or_a_list(name):
    layer, x, array = minimal(name), symbolic((2, 7, 6, 4)), random((2, 7, 6, 4), "float32", 0)
    merges = layer.takes_list
    wanted = "a list of tensors, got one tensor" if merges else "one tensor, got a list of 2"
    with pytest.raises(TypeError, match=rf"^{name} 'mine' is called on {wanted}\.$"):
        layer(x if merges else [x, x])
    wanted = "a list of arrays, got ndarray" if merges else "one array, got list"
    with pytest.raises(TypeError, match=rf"^{name} 'mine' takes {wanted}\.$"):
        layer.forward(array if merges else [array, array])


@pytest.mark.parametrize("name", LAYERS)
def test_arrays_and_symbols_are_told_apart(name):
    layer, x, array = minimal(name), symbolic((2, 7, 6, 4)), random((2, 7, 6, 4), "float32", 0)
    with pytest.raises(TypeError, match=r"got ndarray; to compute .* use layer.forward\(x\)"):
        layer([array, array] if layer.takes_list else array)
    with pytest.raises(TypeError, match="computes on NumPy arrays, got SymbolicTensor"):
        layer.forward([x, x] if layer.takes_list else x)


def symbolic(shape):
    return Input(shape[1:], shape[0])
