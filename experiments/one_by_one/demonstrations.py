"""What 1x1 convolutions do, shown on photographs in exact arithmetic.

Pixels are integers 0 to 255 and kernels small integers. Every product and every sum is then an
integer below 2^24, which float32 holds exactly in whatever order it is added up: both twins' own
layers must give what NumPy's `einsum` gives in 64-bit integers, to the last bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np

from experiments.complexity import count
from experiments.one_by_one.variants import DIRECT, REDUCED, network
from experiments.rounding import Precision
from keras_models import to_scratch
from scratch.layers import Conv2D

_HIDDEN, _OUTPUTS = 8, 5
_CHANNELS = ((3, 1), (3, 8), (8, 5), (48, 12), (12, 96))


class _Sides(NamedTuple):
    """The same thing of both twins."""

    scratch: Any
    keras: Any


class _OneByOne(NamedTuple):
    """A 1x1 layer without bias: its kernel as a matrix, (C / groups, filters)."""

    matrix: np.ndarray
    groups: int = 1
    activation: str | None = None


def channel_changes(size: tuple[int, int]) -> list[dict[str, Any]]:
    """1x1 layers of both twins on an input of (H, W) and several channels: shapes, parameters."""
    rows = []
    for channels, filters in _CHANNELS:
        layers = _Sides(Conv2D(filters, 1), keras.layers.Conv2D(filters, 1))
        shape = (1, *size, channels)
        for layer in layers:
            layer.build(shape)
        outputs = [layer.compute_output_shape(shape) for layer in layers]
        rows.append(
            {
                "input_shape": _by(shape[1:]),
                "filters": filters,
                "output_shape_scratch": _by(outputs[0][1:]),
                "output_shape_keras": _by(outputs[1][1:]),
                "parameters": channels * filters + filters,
                "parameters_scratch": sum(w.size for w in layers.scratch.weights.values()),
                "parameters_keras": layers.keras.count_params(),
            }
        )
    return rows


def demonstrate(photographs: np.ndarray, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Every role, shown.

    Args:
        photographs: Two or more, uint8, (N, H, W, 3).
        rng: Draws the kernels.

    Returns:
        `role`, `demonstration`, `arithmetic`, `numbers` (how many were compared), `expected` (how
        many differ: "none" or "some"), `differing_scratch` and `differing_keras` (how many did),
        `error_ratio_scratch` and `error_ratio_keras` (largest difference / rounding bound), and
        whether it `holds`.
    """
    pixels = photographs.astype(np.int64)
    first = rng.integers(-9, 10, (3, _HIDDEN))
    second = rng.integers(-9, 10, (_HIDDEN, _OUTPUTS))
    scales = rng.integers(1, 10, 3)
    return [
        _channel_change(photographs.shape[1:3]),
        _integers(
            "channel mixing",
            "a 1x1 layer is a matrix product at every pixel",
            _both(pixels, _OneByOne(first)),
            np.einsum("nhwc,cd->nhwd", pixels, first),
        ),
        _integers(
            "channel mixing",
            "with groups = channels it only multiplies each channel by a number",
            _both(pixels, _OneByOne(scales[None, :], groups=3)),
            pixels * scales,
        ),
        _integers(
            "non-linearity",
            "without ReLU two 1x1 layers are one: its matrix is the product of the two",
            _both(pixels, _OneByOne(first), _OneByOne(second)),
            np.einsum("nhwc,cd->nhwd", pixels, first @ second),
        ),
        _collapse_in_floats(pixels, rng),
        _additivity(
            "without ReLU f(a + b) = f(a) + f(b) for photographs a and b",
            pixels,
            (_OneByOne(first), _OneByOne(second)),
            "none",
        ),
        _additivity(
            "with ReLU between them f(a + b) is not f(a) + f(b): no 1x1 layer replaces the two",
            pixels,
            (_OneByOne(first, activation="relu"), _OneByOne(second)),
            "some",
        ),
        _block_cost(),
    ]


def _channel_change(size: tuple[int, int]) -> dict[str, Any]:
    """The rows of `channel_changes` in one: shapes and parameters of either side."""
    rows = channel_changes(size)
    found = _Sides(
        *(
            [(row[f"output_shape_{side}"], str(row[f"parameters_{side}"])) for row in rows]
            for side in _Sides._fields
        )
    )
    exact = [(_by((*size, row["filters"])), str(row["parameters"])) for row in rows]
    return _integers(
        "channel change",
        "C to F channels: height and width stay, and there are C F + F parameters",
        found,
        np.array(exact),
    )


def _integers(
    role: str, demonstration: str, found: _Sides, exact: np.ndarray, expected: str = "none"
) -> dict[str, Any]:
    """A row about integers: how many numbers of either side differ from `exact`."""
    differing = [int((np.asarray(y) != exact).sum()) for y in found]
    return _row(role, demonstration, "integers", exact.size, expected, differing)


def _row(
    role: str,
    demonstration: str,
    arithmetic: str,
    numbers: int,
    expected: str,
    differing: list[int],
    error_ratios: tuple[float, float] = (0.0, 0.0),
) -> dict[str, Any]:
    return {
        "role": role,
        "demonstration": demonstration,
        "arithmetic": arithmetic,
        "numbers": numbers,
        "expected": expected,
        "differing_scratch": differing[0],
        "differing_keras": differing[1],
        "error_ratio_scratch": error_ratios[0],
        "error_ratio_keras": error_ratios[1],
        "holds": all((n > 0) == (expected == "some") for n in differing),
    }


def _both(x: np.ndarray, *layers: _OneByOne) -> _Sides:
    """What x becomes through the layers, one after the other, in float32 by both twins."""
    ours = theirs = x.astype(np.float32)
    for layer in layers:
        ours, theirs = _scratch_forward(layer, ours), _keras_forward(layer, theirs)
    return _Sides(ours, theirs)


def _scratch_forward(one: _OneByOne, x: np.ndarray) -> np.ndarray:
    layer = Conv2D(**_arguments(one))
    layer.build(x.shape)
    layer.weights["kernel"][...] = one.matrix
    return layer.forward(x)


def _keras_forward(one: _OneByOne, x: np.ndarray) -> np.ndarray:
    layer = keras.layers.Conv2D(**_arguments(one))
    layer.build(x.shape)
    layer.kernel.assign(one.matrix[None, None].astype(np.float32))
    return layer(x).numpy()


def _arguments(one: _OneByOne) -> dict[str, Any]:
    """What the constructors of both sides take."""
    return {
        "filters": one.matrix.shape[1],
        "kernel_size": 1,
        "groups": one.groups,
        "activation": one.activation,
        "use_bias": False,
        "dtype": "float32",
    }


def _collapse_in_floats(pixels: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """Two layers against their product in float32, within the rounding bound.

    Either way is a product of three matrices, x A B, off by at most gamma_(n + m) |x| |A| |B| when
    A has n rows and B m (Higham 2002, section 3.5): they differ by at most twice that.
    """
    a = rng.standard_normal((3, _HIDDEN)).astype(np.float32)
    b = rng.standard_normal((_HIDDEN, _OUTPUTS)).astype(np.float32)
    x = (pixels / 255).astype(np.float32)
    twice = _both(x, _OneByOne(a), _OneByOne(b))
    once = _both(x, _OneByOne(a @ b))
    gamma = Precision("float32").gamma(3 + _HIDDEN)
    sizes = [np.abs(array).astype(np.float64) for array in (x, a, b)]
    bound = 2 * gamma * np.einsum("nhwc,cd,de->nhwe", *sizes)
    differences = [np.abs(y.astype(np.float64) - z) for y, z in zip(twice, once, strict=True)]
    # Where the bound is 0 the pixel is black, and both ways give 0.
    scratch_ratio, keras_ratio = (
        float(np.divide(d, bound, out=np.zeros_like(d), where=bound > 0).max()) for d in differences
    )
    return _row(
        "non-linearity",
        "without ReLU two 1x1 layers are one, within the rounding bound",
        "float32",
        bound.size,
        "none",
        [int((d > bound).sum()) for d in differences],
        (scratch_ratio, keras_ratio),
    )


def _additivity(
    demonstration: str, pixels: np.ndarray, layers: tuple[_OneByOne, ...], expected: str
) -> dict[str, Any]:
    """f(a + b) - f(a) - f(b) for two photographs: 0 where f is a matrix, whichever it is."""
    a, b = pixels[:1], pixels[1:2]
    of_sum, of_a, of_b = (_both(x, *layers) for x in (a + b, a, b))
    left = _Sides(*(whole - p - q for whole, p, q in zip(of_sum, of_a, of_b, strict=True)))
    zeros = np.zeros(left.scratch.shape, np.int64)
    return _integers("non-linearity", demonstration, left, zeros, expected)


def _block_cost() -> dict[str, Any]:
    """MACs and weights behind each strided convolution, as `count` finds them in both twins."""
    expected: list[int] = []
    found = _Sides([], [])
    for variant in (DIRECT, REDUCED):
        model = network(variant, keras.layers.Conv2D)
        tables = count(to_scratch(model)).table, count(model).table
        for stage in ("conv2", "conv3"):
            height, width, c = model.get_layer(stage).output.shape[1:]
            weights = 9 * c * c if variant is DIRECT else c * (c // 4) + 9 * (c // 4) * c
            expected += [height * width * weights, weights]
            for numbers, table in zip(found, tables, strict=True):
                rows = table[table.layer.str.startswith(f"{stage}_")]
                numbers += [int(rows.macs.sum()), int(rows.weights.sum())]
    return _integers(
        "cost",
        "C to C channels by a 3x3: 9 C C weights; by a 1x1 to C/4 and a 3x3: C C/4 + 9 C/4 C; "
        "as many MACs a pixel",
        found,
        np.array(expected),
    )


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
