"""What NumPy and Keras compute in float32 lies within the bounds derived for each layer."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from experiments.bounds import Bounds, layer_bounds
from experiments.bounds.call import GivenCall
from experiments.bounds.layers import _BOUNDS
from experiments.bounds.normalization import NormalizationBounds
from experiments.rounding import Precision
from keras_models.layer_options import keras_layer
from keras_models.layer_state import settle, weight_name
from scratch import layers
from scratch.layers import LAYERS, Layer

Arrays = dict[str, np.ndarray]
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

PRECISION = Precision("float32")
IMAGES = (3, 7, 6, 4)  # (N, H, W, C), no two alike


def ordinary(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)


def cancelling(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Large numbers whose sums are small."""
    values = 1e4 * rng.standard_normal(shape)
    flat = values.reshape(-1)
    half = flat.size // 2
    flat[half : 2 * half] = -flat[:half][::-1] * (1 + 1e-6 * rng.standard_normal(half))
    return values


def far_from_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A mean that is 10,000 deviations away from zero."""
    return 1e3 + 0.1 * rng.standard_normal(shape)


def of_all_sizes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-12, 6, shape)


def near_underflow(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Around the smallest normal number, 1.2e-38: TensorFlow takes what is below for zero."""
    return rng.standard_normal(shape) * 10.0 ** rng.uniform(-40, -36, shape)


def constant(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, 0.1)


DATA: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (ordinary, cancelling, far_from_zero, of_all_sizes, near_underflow, constant)
}

# Name: (layer class, options, input shapes).
CASES: dict[str, tuple[str, dict, list[tuple[int, ...]]]] = {
    "conv": ("Conv2D", {"filters": 5, "kernel_size": (3, 2), "padding": "same"}, [IMAGES]),
    "conv_1x1": ("Conv2D", {"filters": 3, "kernel_size": 1, "use_bias": False}, [IMAGES]),
    "conv_strided_relu": (
        "Conv2D",
        {"filters": 6, "kernel_size": (2, 4), "strides": (3, 2), "activation": "relu"},
        [IMAGES],
    ),
    "conv_dilated": ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": 3}, [IMAGES]),
    "conv_grouped": ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 2}, [IMAGES]),
    "dense": ("Dense", {"units": 5}, [(4, 33)]),
    "dense_relu": ("Dense", {"units": 7, "activation": "relu"}, [(2, 3, 9)]),
    "dense_softmax": ("Dense", {"units": 6, "activation": "softmax"}, [(4, 33)]),
    "relu": ("ReLU", {}, [IMAGES]),
    "activation": ("Activation", {"activation": "linear"}, [IMAGES]),
    "softmax": ("Softmax", {}, [(5, 17)]),
    "max_pool": ("MaxPooling2D", {"pool_size": (2, 3)}, [IMAGES]),
    "max_pool_overlapping": (
        "MaxPooling2D",
        {"pool_size": 3, "strides": (1, 2), "padding": "same"},
        [IMAGES],
    ),
    "average_pool": ("AveragePooling2D", {"pool_size": (3, 2)}, [IMAGES]),
    "average_pool_overlapping": (
        "AveragePooling2D",
        {"pool_size": (3, 4), "strides": (2, 1), "padding": "same"},
        [IMAGES],
    ),
    "global_average": ("GlobalAveragePooling2D", {"keepdims": True}, [IMAGES]),
    "batch_norm": ("BatchNormalization", {}, [IMAGES]),
    "batch_norm_plain": (
        "BatchNormalization",
        {"center": False, "scale": False, "epsilon": 1e-5},
        [(9, 4)],
    ),
    "add": ("Add", {}, [IMAGES] * 3),
    "concatenate": ("Concatenate", {"axis": 2}, [(2, 3, 4), (2, 3, 5)]),
    "flatten": ("Flatten", {}, [IMAGES]),
    "zero_padding": ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, [IMAGES]),
    "dropout_idle": ("Dropout", {"rate": 0.0}, [IMAGES]),
}


def build(case: str, draw: Draw, seed: int = 0) -> tuple[Layer, list[np.ndarray]]:
    """A float32 layer with random weights, and inputs for it."""
    name, options, shapes = CASES[case]
    rng = np.random.default_rng(seed)
    layer = LAYERS[name](**options, dtype="float32")
    layer.build(shapes if layer.takes_list else shapes[0])
    for weight, values in layer.weights.items():
        drawn = 0.5 * rng.standard_normal(values.shape)
        values[...] = np.abs(drawn) + 0.1 if "variance" in weight else drawn
    return layer, [draw(rng, shape).astype(np.float32) for shape in shapes]


def named(output, grad_inputs, grad_weights: dict) -> Arrays:
    names = ["grad_input", *(f"grad_input:{i}" for i in range(1, len(grad_inputs)))]
    weights = {f"grad:{name}": np.asarray(g) for name, g in grad_weights.items()}
    gradients = dict(zip(names, map(np.asarray, grad_inputs), strict=True))
    return {"output": np.asarray(output), **gradients, **weights}


def by_scratch(layer: Layer, inputs: list[np.ndarray], dy: np.ndarray, training: bool) -> Arrays:
    y = layer.forward(inputs if layer.takes_list else inputs[0], training=training)
    dx = layer.backward(dy)
    return named(y, dx if layer.takes_list else [dx], layer.gradients)


def by_keras(layer: Layer, inputs: list[np.ndarray], dy: np.ndarray, training: bool) -> Arrays:
    twin = keras_layer(layer)
    twin.build([x.shape for x in inputs] if layer.takes_list else inputs[0].shape)
    for variable in twin.weights:
        variable.assign(layer.weights[weight_name(twin, variable)])
    settle(twin)
    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = twin(tensors if layer.takes_list else tensors[0], training=training)
    variables = {weight_name(twin, v): v.value for v in twin.trainable_weights}
    dx, dw = tape.gradient(y, (tensors, variables), output_gradients=tf.constant(dy))
    return named(y, dx, dw)


def in_float64(layer: Layer, inputs: list[np.ndarray]) -> tuple[Layer, list[np.ndarray]]:
    exact = type(layer)(**{**layer.get_config(), "dtype": "float64"})
    exact.build([x.shape for x in inputs] if layer.takes_list else inputs[0].shape)
    for name, weight in layer.weights.items():
        exact.weights[name][...] = weight
    return exact, [x.astype(np.float64) for x in inputs]


def bounds_of(layer: Layer, inputs: list[np.ndarray], dy: np.ndarray, training: bool) -> Bounds:
    exact, arrays = in_float64(layer, inputs)
    return layer_bounds(exact, arrays, dy.astype(np.float64), training, PRECISION)


def upstream(layer: Layer, inputs: list[np.ndarray], draw: Draw) -> np.ndarray:
    shapes = [x.shape for x in inputs]
    shape = layer.compute_output_shape(shapes if layer.takes_list else shapes[0])
    return draw(np.random.default_rng(7), shape).astype(np.float32)


def assert_inside(side: str, computed: Arrays, bounds: Bounds, radius: int) -> None:
    assert computed.keys() == bounds.keys()
    for tensor, values in computed.items():
        assert values.shape == bounds[tensor].value.shape, (side, tensor)
        error = np.abs(values.astype(np.float64) - bounds[tensor].value)
        allowed = bounds[tensor].radii[radius]
        assert (error <= allowed).all(), f"{side} {tensor}: {np.max(error - allowed)} too much"


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("case", CASES)
def test_both_sides_stay_inside(case: str, data: str) -> None:
    layer, inputs = build(case, DATA[data])
    dy = upstream(layer, inputs, near_underflow if data == "near_underflow" else ordinary)
    for training in (True, False) if "batch_norm" in case else (True,):
        bounds = bounds_of(layer, inputs, dy, training)
        for tensor, bounded in bounds.items():
            assert np.isfinite(bounded.radii).all(), tensor
            assert (np.diff(bounded.radii, axis=0) >= 0).all(), tensor
        # Where a choice is in doubt, either side may have made the other one: radius 2.
        assert_inside("scratch", by_scratch(layer, inputs, dy, training), bounds, 2)
        assert_inside("keras", by_keras(layer, inputs, dy, training), bounds, 2)


@pytest.mark.parametrize("case", CASES)
def test_the_bounded_value_is_the_layers_own_in_float64(case: str) -> None:
    layer, inputs = build(case, ordinary)
    dy = upstream(layer, inputs, ordinary)
    for training in (True, False):
        exact, arrays = in_float64(layer, inputs)
        expected = by_scratch(exact, arrays, dy.astype(np.float64), training)
        for tensor, bounded in bounds_of(layer, inputs, dy, training).items():
            np.testing.assert_allclose(bounded.value, expected[tensor], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", [name for name in CASES if name not in ("activation", "relu")])
def test_the_bounds_are_tight_enough_to_see_a_wrong_number(case: str) -> None:
    """On ordinary data no number may be off by more than a thousandth of the largest."""
    layer, inputs = build(case, ordinary)
    dy = upstream(layer, inputs, ordinary)
    for tensor, bounded in bounds_of(layer, inputs, dy, training=True).items():
        assert bounded.radii[1].max() <= 1e-3 * np.abs(bounded.value).max(), tensor


@pytest.mark.parametrize("draw", DATA.values())
@pytest.mark.parametrize("training", [True, False])
def test_the_two_formulas_of_batch_normalization_are_one_function(draw, training) -> None:
    layer, inputs = build("batch_norm", draw)
    dy = upstream(layer, inputs, ordinary)
    exact, arrays = in_float64(layer, inputs)
    call = GivenCall(tuple(arrays), dy.astype(np.float64), training, PRECISION)
    both = NormalizationBounds(exact, call)
    sides = zip(
        (both.numpy_output(), *both.numpy_gradients()),
        (both.tensorflow_output(), *both.tensorflow_gradients()),
        strict=True,
    )
    for ours, theirs in sides:
        # Both are computed in float64, whose roundings are 2^29 times smaller than the radii.
        assert (np.abs(ours.value - theirs.value) <= theirs.radii[1] * 2.0**-20).all()


@pytest.mark.parametrize("deviations", [1, 100])
def test_the_bound_of_batch_normalization_grows_with_the_mean(deviations: int) -> None:
    layer, inputs = build("batch_norm", lambda rng, shape: deviations + ordinary(rng, shape))
    bounds = bounds_of(layer, inputs, upstream(layer, inputs, ordinary), training=True)
    for tensor in ("output", "grad_input"):
        relative = bounds[tensor].radii[1].max() / bounds[tensor].value.std()
        assert deviations * 1e-6 < relative < deviations * 1e-3, tensor


def test_a_saturated_softmax_is_bounded() -> None:
    layer, _ = build("softmax", ordinary)
    logits = np.float32([[0, -1e4, 5e3, 5e3], [1e-3, 0, -87, -103], [1e38, -1e38, 0, 1]])
    dy = np.float32(np.random.default_rng(0).standard_normal(logits.shape))
    bounds = bounds_of(layer, [logits], dy, True)
    assert all(np.isfinite(bounded.radii).all() for bounded in bounds.values())
    assert_inside("scratch", by_scratch(layer, [logits], dy, True), bounds, 1)
    assert_inside("keras", by_keras(layer, [logits], dy, True), bounds, 1)


def test_huge_logits_of_a_dense_layer_have_a_finite_bound() -> None:
    """The logits themselves are uncertain by more than 1: any probability is possible."""
    layer, inputs = build("dense_softmax", lambda rng, shape: 1e9 * rng.standard_normal(shape))
    bounds = bounds_of(layer, inputs, upstream(layer, inputs, ordinary), True)
    assert all(np.isfinite(bounded.radii).all() for bounded in bounds.values())
    assert bounds["output"].radii[1].max() >= 0.5


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_bounded_under_its_mask(training: bool) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, *IMAGES)).astype(np.float32)
    mask = rng.random(IMAGES) < 0.7
    layer, exact = (layers.Dropout(0.3, dtype=dtype) for dtype in ("float32", "float64"))
    layer.draw_mask = exact.draw_mask = lambda _shape: mask
    bounds = layer_bounds(exact, [x.astype(float)], dy.astype(float), training, PRECISION)
    assert_inside("scratch", by_scratch(layer, [x], dy, training), bounds, 1)
    scaled = np.where(mask, x * np.float32(1 / 0.7), 0) if training else x
    assert_inside("tensorflow", {"output": scaled}, {"output": bounds["output"]}, 1)
    np.testing.assert_allclose(
        bounds["grad_input"].value, np.where(mask, dy / 0.7, 0) if training else dy, rtol=1e-6
    )


def test_a_relu_is_undecided_only_where_rounding_reaches_zero() -> None:
    layer = layers.Conv2D(1, 1, activation="relu", dtype="float64")
    layer.build((None, 1, 4, 2))
    layer.weights["kernel"][...] = np.array([1.0, 1.0]).reshape(1, 1, 2, 1)
    u = PRECISION.u
    x = np.array([[1.0, -1.0 + u], [1.0, -1.0 + 100 * u], [0.0, 0.0], [-1.0, 1.0 - u]])
    dy = np.full((1, 1, 4, 1), 3.0)
    bounds = layer_bounds(layer, [x.reshape(1, 1, 4, 2)], dy, True, PRECISION)
    _, certain, flipping = bounds["grad_input"].radii[..., 0].reshape(3, 4)
    assert (flipping > 3).tolist() == [True, False, False, True]  # |dy| times the kernel's 1
    assert certain.max() < 1e-5


def test_a_maximum_is_undecided_only_among_subnormals() -> None:
    layer = layers.MaxPooling2D(2, dtype="float64")
    windows = np.array([[1.0, 1.0, 0.0, 0.5], [1e-39, 3e-39, -1.0, 0.0], [1e-39, 1e-37, 0.0, 0.0]])
    x = windows.reshape(3, 2, 2, 1)
    bounds = layer_bounds(layer, [x], np.full((3, 1, 1, 1), 2.0), True, PRECISION)
    assert bounds["grad_input"].radii[1].max() == 0
    flipping = bounds["grad_input"].radii[2].reshape(3, 4)
    np.testing.assert_allclose(flipping, [[0] * 4, [2] * 4, [0] * 4], atol=1e-6)


def test_every_layer_type_has_a_bound_and_another_has_none() -> None:
    assert set(_BOUNDS) == set(LAYERS.values())

    class Unknown(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Unknown"):
        layer_bounds(Unknown(), [np.zeros(1)], np.zeros(1), True, PRECISION)
