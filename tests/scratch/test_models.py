"""Running a graph forward and backward."""

import gc
import tracemalloc

import numpy as np
import pytest

from scratch import Model, config, set_random_seed
from scratch.layers import (
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
    ReLU,
    Softmax,
)


@pytest.fixture(autouse=True)
def _float64():
    set_random_seed(1)
    with config.using_floatx("float64"):
        yield


def normal(*shape, seed=0):
    array = np.random.default_rng((seed, *shape)).standard_normal(shape)
    array.flags.writeable = False
    return array


def branches():
    """A tensor that goes to four calls, twice to one of them; joins of both kinds."""
    x = Input((5, 4, 2), name="image")
    stem = Conv2D(3, 2, name="stem")(x)
    left = Conv2D(3, (2, 3), padding="same", activation="relu", name="left")(stem)
    summed = Add(name="sum")([left, stem, stem])
    pooled = AveragePooling2D(2, strides=1, padding="same", name="pool")(stem)
    y = Concatenate(name="join")([summed, pooled])
    y = Flatten(name="flatten")(BatchNormalization(name="norm")(y))
    return Model(x, Dense(3, activation="softmax", name="end")(y), name="branches")


def shared_layers():
    """One convolution on two inputs, one dense layer on its own output."""
    a, b = Input((5, 4, 2), name="a"), Input((5, 4, 2), name="b")
    conv = Conv2D(2, (2, 3), activation="relu", name="conv")
    dense = Dense(16, name="dense")
    y = Flatten(name="flatten")(MaxPooling2D((2, 1), strides=(1, 2), name="pool")(
        Concatenate(name="join")([conv(b), conv(a)])
    ))  # fmt: skip
    y = Dense(16, name="widen")(y)
    return Model([a, b], dense(ReLU(name="relu")(dense(y))), name="shared")


def several_outputs():
    """Two inputs, three outputs: one used further on, one that is an input's neighbour."""
    a, b = Input((3,), name="a"), Input((4,), name="b")
    left, right = Dense(5, name="left")(a), Dense(5, name="right")(b)
    both = Add(name="both")([left, right])
    return Model([a, b], [Softmax(name="end")(both), both, right], name="several")


MODELS = {"branches": branches, "shared": shared_layers, "several outputs": several_outputs}


def inputs_of(model, batch=3):
    return [normal(batch, *t.shape[1:], seed=i) for i, t in enumerate(model.inputs)]


def as_asked(arrays, shape):
    return arrays if isinstance(shape, list) else arrays[0]


def weighted_sum(model, xs, dys, training):
    """The scalar whose gradient `backward` is to give; moving statistics are put back."""
    before = {name: w.copy() for name, w in model.weights.items()}
    ys = model.forward(as_asked(xs, model.input_shape), training)
    for name, weight in model.weights.items():
        weight[...] = before[name]
    ys = ys if isinstance(ys, list) else [ys]
    return sum((dy * y).sum() for dy, y in zip(dys, ys, strict=True))


def central_difference(function, array):
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        kept, step = array[index], 1e-6
        array[index] = kept + step
        above = function()
        array[index] = kept - step
        below = function()
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_finite_differences(name, training):
    model = MODELS[name]()
    xs = [x.copy() for x in inputs_of(model)]
    outputs = model.forward(as_asked(xs, model.input_shape), training)
    shapes = [y.shape for y in (outputs if isinstance(outputs, list) else [outputs])]
    dys = [normal(*shape, seed=7 + i) for i, shape in enumerate(shapes)]
    dx = model.backward(as_asked(dys, model.output_shape))
    gradients = {key: g.copy() for key, g in model.gradients.items()}

    def loss():
        return weighted_sum(model, xs, dys, training)

    for x, found in zip(xs, dx if isinstance(dx, list) else [dx], strict=True):
        np.testing.assert_allclose(found, central_difference(loss, x), rtol=1e-6, atol=1e-8)
    trained = {f"{la.name}/{w}": v for la in model.layers for w, v in la.trainable_weights.items()}
    assert list(gradients) == list(trained)
    for key, weight in trained.items():
        expected = central_difference(loss, weight)
        np.testing.assert_allclose(gradients[key], expected, rtol=1e-6, atol=1e-8, err_msg=key)


def test_forward_is_what_its_layers_compute():
    model = branches()
    x = normal(2, 5, 4, 2)
    by_name = {layer.name: layer for layer in model.layers}
    stem = by_name["stem"].forward(x)
    summed = by_name["left"].forward(stem) + 2 * stem
    joined = np.concatenate([summed, by_name["pool"].forward(stem)], axis=-1)
    flat = by_name["norm"].forward(joined).reshape(2, -1)
    np.testing.assert_allclose(model.forward(x), by_name["end"].forward(flat), rtol=1e-14)


def test_training_reaches_every_layer():
    x = Input((200,))
    model = Model(x, BatchNormalization(name="norm")(Dropout(0.5, name="drop")(x)))
    sample = normal(2, 200)
    before = model.get_layer("norm").weights["moving_mean"].copy()
    still = model.forward(sample)
    np.testing.assert_array_equal(model.get_layer("norm").weights["moving_mean"], before)
    moved = model.forward(sample, training=True)
    assert (model.get_layer("norm").weights["moving_mean"] != before).any()
    assert (still != moved).any()


def test_gradient_of_a_shared_layer_is_the_sum_over_its_uses():
    """Against two layers of equal weights."""
    a, b = Input((3,), name="a"), Input((3,), name="b")
    shared, first, second = Dense(4, name="shared"), Dense(4, name="one"), Dense(4, name="two")
    once = Model([a, b], Concatenate()([shared(a), shared(b)]))
    apart = Model([a, b], Concatenate()([first(a), second(b)]))
    for layer in (first, second):
        for name, weight in layer.weights.items():
            weight[...] = shared.weights[name]
    xs, dy = [normal(5, 3, seed=1), normal(5, 3, seed=2)], normal(5, 8)
    np.testing.assert_array_equal(once.forward(xs), apart.forward(xs))
    for found, expected in zip(once.backward(dy), apart.backward(dy), strict=True):
        np.testing.assert_array_equal(found, expected)
    for name in ("kernel", "bias"):
        expected = first.gradients[name] + second.gradients[name]
        np.testing.assert_allclose(shared.gradients[name], expected, rtol=1e-14)
        assert once.gradients[f"shared/{name}"] is shared.gradients[name]


@pytest.mark.parametrize("name", MODELS)
def test_backward_is_linear_and_starts_afresh(name):
    """Any upstream gradient will do; nothing is left of the one before."""
    model = MODELS[name]()
    shapes = [(3, *t.shape[1:]) for t in model.outputs]

    def run(scale):
        model.forward(as_asked(inputs_of(model), model.input_shape), training=True)
        dys = [scale * normal(*shape, seed=i) for i, shape in enumerate(shapes)]
        dx = model.backward(as_asked(dys, model.output_shape))
        return [*(dx if isinstance(dx, list) else [dx]), *model.gradients.values()]

    first, zero, doubled, again = run(1.0), run(0.0), run(2.0), run(1.0)
    for one, none, two, same in zip(first, zero, doubled, again, strict=True):
        np.testing.assert_array_equal(same, one)
        np.testing.assert_array_equal(none, np.zeros_like(one))
        np.testing.assert_array_equal(two, 2 * one)
        assert one.any()


def test_backward_belongs_to_the_latest_forward():
    model = branches()
    x, other, dy = normal(3, 5, 4, 2, seed=1), normal(2, 5, 4, 2, seed=2), normal(3, 3)
    model.forward(x)
    expected, gradients = model.backward(dy), dict(model.gradients)
    model.forward(other)
    model.forward(x)
    np.testing.assert_array_equal(model.backward(dy), expected)
    for key, gradient in gradients.items():
        np.testing.assert_array_equal(model.gradients[key], gradient)


@pytest.mark.parametrize("between", ["predict", "evaluate", "test_on_batch"])
def test_looking_does_not_disturb(between):
    """Neither weights, nor random masks, nor the forward pass that backward belongs to."""
    model = branches()
    model.compile(loss="mean_squared_error")
    x, other, dy = normal(3, 5, 4, 2, seed=1), normal(4, 5, 4, 2, seed=2), normal(3, 3)
    model.forward(x, training=True)
    expected = model.backward(dy)
    model.forward(x, training=True)
    before = {name: w.copy() for name, w in model.weights.items()}
    arguments = [other] if between == "predict" else [other, normal(4, 3, seed=3)]
    getattr(model, between)(*arguments)
    np.testing.assert_array_equal(model.backward(dy), expected)
    for name, weight in model.weights.items():
        np.testing.assert_array_equal(weight, before[name])


def test_predict_is_forward_batch_by_batch():
    model, x = branches(), normal(7, 5, 4, 2)
    np.testing.assert_allclose(model.predict(x, batch_size=3), model.forward(x), rtol=1e-12)


def test_input_that_no_output_depends_on_has_gradient_zero():
    a, b = Input((3,), name="a"), Input((4,), name="b")
    model = Model([a, b], ReLU()(b))
    model.forward([normal(2, 3), normal(2, 4)])
    da, db = model.backward(normal(2, 4, seed=5))
    np.testing.assert_array_equal(da, np.zeros((2, 3)))
    assert db.shape == (2, 4)


def test_input_may_be_an_output():
    x = Input((3,))
    model = Model(x, [x, ReLU(name="relu")(x)])
    sample, dy = normal(2, 3), [normal(2, 3, seed=1), normal(2, 3, seed=2)]
    np.testing.assert_array_equal(model.forward(sample)[0], sample)
    np.testing.assert_allclose(model.backward(dy), dy[0] + dy[1] * (sample > 0))


def test_model_of_nothing_hands_everything_through():
    x = Input((3,))
    model = Model(x, x)
    np.testing.assert_array_equal(model.forward(normal(2, 3)), normal(2, 3))
    np.testing.assert_array_equal(model.backward(normal(2, 3, seed=1)), normal(2, 3, seed=1))


def test_model_between_tensors_of_another():
    whole = branches()
    middle = next(call.output for call in whole.calls if call.layer.name == "sum")
    head = Model(whole.inputs[0], middle)
    tail_start = next(call.output for call in whole.calls if call.layer.name == "join")
    tail = Model(tail_start, whole.outputs[0])
    assert [layer.name for layer in head.layers] == ["stem", "left", "sum"]
    assert [layer.name for layer in tail.layers] == ["norm", "flatten", "end"]
    assert tail.layers[0] is whole.get_layer("norm")
    assert tail.forward(normal(2, 4, 3, 6)).shape == (2, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept_from_end_to_end(dtype):
    with config.using_floatx(dtype):
        model = branches()
    y = model.forward(normal(3, 5, 4, 2).astype(dtype), training=True)
    dx = model.backward(normal(3, 3).astype(dtype))
    assert model.dtype == y.dtype == dx.dtype == dtype
    assert {g.dtype.name for g in model.gradients.values()} == {dtype}
    assert {w.dtype.name for w in model.weights.values()} == {dtype}


def test_backward_before_forward():
    with pytest.raises(RuntimeError, match="'branches': call forward before backward"):
        branches().backward(normal(3, 3))


def test_a_forward_pass_has_one_backward_pass():
    model = branches()
    model.forward(normal(4, 5, 4, 2))
    with pytest.raises(ValueError, match="must have shape"):
        model.backward(normal(2, 3))
    model.backward(normal(4, 3))  # A gradient that was refused has used nothing up.
    with pytest.raises(RuntimeError, match="'branches': call forward before backward"):
        model.backward(normal(4, 3))


def tower(depth=12):
    """Layers that each keep what they are given, and whose tensors are all of one size."""
    x = image = Input((32, 32, 16))
    for _ in range(depth):
        x = ReLU()(x)
    return Model(image, x)


def peak_of(function):
    """The most memory in use while `function` runs, beyond what was in use before, in bytes."""
    gc.collect()
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_what_backward_has_used_is_dropped_at_once():
    """Gradients take the place of what the forward pass kept: together no more than it was."""
    model, x = tower(), normal(2, 32, 32, 16)
    forward = peak_of(lambda: model.forward(x))
    assert forward > 12 * x.nbytes
    both = peak_of(lambda: model.backward(model.forward(x)))
    assert both < forward + 3 * x.nbytes
    assert all(layer.cache is None for layer in model.layers)


def test_predicting_keeps_two_layers_at_most():
    model, x = tower(), normal(2, 32, 32, 16)
    assert peak_of(lambda: model.predict(x)) < 4 * x.nbytes
    assert all(layer.cache is None for layer in model.layers)


BAD_GRADIENTS = {
    "batch": (normal(2, 3), ValueError, r"'end', must have shape \(4, 3\), got \(2, 3\)"),
    "batch that would broadcast": (normal(1, 3), ValueError, r"\(4, 3\), got \(1, 3\)"),
    "classes": (normal(4, 1), ValueError, r"must have shape \(4, 3\), got \(4, 1\)"),
    "rank": (normal(3), ValueError, r"must have shape \(4, 3\), got \(3,\)"),
    "more": (normal(4, 3, 1), ValueError, r"got \(4, 3, 1\)"),
    "float32": (normal(4, 3).astype("float32"), TypeError, "must be float64, got float32; convert"),
    "integers": (np.ones((4, 3), int), TypeError, "must be float64, got int64"),
    "list": ([[1.0] * 3] * 4, TypeError, "must be a NumPy array, got list"),
    "number": (1.0, TypeError, "must be a NumPy array, got float"),
}


@pytest.mark.parametrize("case", BAD_GRADIENTS)
def test_bad_upstream_gradient(case):
    dy, error, message = BAD_GRADIENTS[case]
    model = branches()
    model.forward(normal(4, 5, 4, 2))
    expected = rf"^Model 'branches': dy, the gradient of 'end', must .*{message.split('must ')[-1]}"
    with pytest.raises(error, match=expected):
        model.backward(dy)
    assert not model.gradients


BAD_INPUTS = {
    "rows": (
        normal(4, 6, 4, 2),
        ValueError,
        r"must have shape \(None, 5, 4, 2\), got \(4, 6, 4, 2",
    ),
    "rank": (normal(5, 4, 2), ValueError, r"\(None, 5, 4, 2\), got \(5, 4, 2\)"),
    "float32": (normal(1, 5, 4, 2).astype("float32"), TypeError, r'x.astype\("float64"\)'),
    "integers": (np.ones((1, 5, 4, 2), int), TypeError, "must be float64, got int64"),
    "list": (normal(1, 5, 4, 2).tolist(), TypeError, "must be a NumPy array, got list"),
    "symbol": (Input((5, 4, 2)), TypeError, "must be a NumPy array, got SymbolicTensor"),
}


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_bad_input(case):
    x, error, message = BAD_INPUTS[case]
    with pytest.raises(error, match=rf"^Model 'branches': x, its input 'image', .*{message}"):
        branches().forward(x)


def test_fixed_batch_is_checked():
    x = Input((3,), batch_size=2, name="pair")
    with pytest.raises(ValueError, match=r"'pair', must have shape \(2, 3\), got \(4, 3\)"):
        Model(x, ReLU()(x)).forward(normal(4, 3))


@pytest.mark.parametrize("x", [normal(2, 3), [normal(2, 3)], [normal(2, 3)] * 3])
def test_number_of_inputs(x):
    given = len(x) if isinstance(x, list) else "ndarray"
    with pytest.raises(
        ValueError, match=rf"^Model 'several' takes a list of 2 inputs, got {given}\."
    ):
        several_outputs().forward(x)


def test_number_of_gradients():
    model = several_outputs()
    model.forward([normal(2, 3), normal(2, 4)])
    with pytest.raises(ValueError, match="'several' takes a list of 3 output gradients, got 2"):
        model.backward([normal(2, 5)] * 2)
    with pytest.raises(
        ValueError, match=r"gradient of 'both', must have shape \(2, 5\), got \(3, 5"
    ):
        model.backward([normal(2, 5), normal(3, 5), normal(2, 5)])
