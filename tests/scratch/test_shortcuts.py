"""Prediction and training take shortcuts, to the numbers that `forward` and `backward` give."""

import numpy as np
import pytest

from scratch import Model, config, initializers
from scratch.fusing import EndedConvolution
from scratch.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Input,
    Layer,
    MaxPooling2D,
    ReLU,
)
from scratch.optimizers import SGD
from scratch.pooled_convolution import PooledConvolution
from scratch.zoo import NETWORKS


@pytest.fixture(params=["float32", "float64"], autouse=True)
def dtype(request):
    with config.using_floatx(request.param):
        yield request.param


def chain(*layers):
    x = y = Input((9, 8, 3))
    for layer in layers:
        y = layer(y)
    return Model(x, GlobalAveragePooling2D()(y))


def used_twice():
    """What a normalization needs to go back is what a ReLU could write over."""
    x = Input((9, 8, 3))
    z = Conv2D(4, 3)(x)
    y = Add()([BatchNormalization()(z), ReLU()(z)])
    return Model(x, GlobalAveragePooling2D()(y))


def pooled_twice():
    x = Input((9, 8, 3))
    y = ReLU()(Conv2D(4, 2)(x))
    y = Add()([MaxPooling2D(2, padding="same")(y), MaxPooling2D(3, 2, "same")(y)])
    return Model(x, GlobalAveragePooling2D()(y))


def residual(order, activation=None):
    """A shortcut that is added to a convolution that comes after it, or before it."""
    x = Input((9, 8, 3))
    stem = Conv2D(4, 3, padding="same", activation="relu")(x)
    branch = BatchNormalization()(Conv2D(4, 1, activation=activation)(stem))
    shortcut = BatchNormalization()(Conv2D(4, 3, padding="same")(stem))
    y = Activation("relu")(Add()([branch, shortcut][::order]))
    y = Add()([y, Conv2D(4, 1)(y)])
    return Model(x, GlobalAveragePooling2D()(y))


def same_memory():
    """Dropout outside training, and a merge of one, hand their input on."""
    x = Input((9, 8, 3))
    z = Conv2D(4, 3)(x)
    y = Add()([Activation("relu")(Dropout(0.0)(z)), Add()([z])])
    return Model(x, GlobalAveragePooling2D()(y))


def outputs_between():
    x = Input((9, 8, 3))
    z = Conv2D(4, 3)(x)
    normal = BatchNormalization()(z)
    y = ReLU()(normal)
    return Model(x, [GlobalAveragePooling2D()(MaxPooling2D(2)(y)), normal, y])


def pooled_and_shared():
    """A convolution whose outputs are pooled in one place and not in the other."""
    x = Input((9, 8, 3))
    shared = Conv2D(3, 2, padding="same")
    y = MaxPooling2D(2)(shared(Conv2D(3, 2, padding="same")(x)))
    return Model(x, GlobalAveragePooling2D()(MaxPooling2D((2, 1))(shared(shared(y)))))


def frozen_and_pooled():
    """No gradient of its own, but one to hand on."""
    return chain(Conv2D(4, 3), MaxPooling2D(2), Conv2D(4, 2, trainable=False), MaxPooling2D(2))


GRAPHS = {
    "convolution, relu": lambda: chain(Conv2D(4, 3), ReLU()),
    "convolution with relu": lambda: chain(Conv2D(4, 3, activation="relu"), BatchNormalization()),
    "convolution with tanh": lambda: chain(Conv2D(4, 3, activation="tanh"), ReLU()),
    "normalization": lambda: chain(Conv2D(4, 3), BatchNormalization(), Activation("relu")),
    "two normalizations": lambda: chain(Conv2D(4, 1), BatchNormalization(), BatchNormalization()),
    "normalization of rows": lambda: chain(Conv2D(4, 3), BatchNormalization(axis=1), ReLU()),
    "without scale": lambda: chain(Conv2D(4, 3), BatchNormalization(scale=False, center=False)),
    "relu, pooling": lambda: chain(Conv2D(4, 3), ReLU(), MaxPooling2D(2)),
    "pooling": lambda: chain(Conv2D(4, 3, use_bias=False), MaxPooling2D((2, 3), (3, 3))),
    "pooling, twice": lambda: chain(Conv2D(4, 2), MaxPooling2D(2), Conv2D(5, 2), MaxPooling2D(2)),
    "wide pooling": lambda: chain(Conv2D(2, 2, padding="same"), MaxPooling2D((4, 8))),
    "pooling behind a relu": lambda: chain(Conv2D(4, 3, activation="relu"), MaxPooling2D(2)),
    "pooled and shared": pooled_and_shared,
    "frozen and pooled": frozen_and_pooled,
    "overlapping pooling": lambda: chain(Conv2D(4, 3), ReLU(), MaxPooling2D(3, 1, "same")),
    "capped relu": lambda: chain(Conv2D(4, 3), ReLU(max_value=0.1), MaxPooling2D(2)),
    "leaky relu": lambda: chain(Conv2D(4, 3), ReLU(negative_slope=0.1), MaxPooling2D(2)),
    "relu of the images": lambda: chain(ReLU(), MaxPooling2D(2), Conv2D(4, 3)),
    "depthwise, normalization": lambda: chain(DepthwiseConv2D(3), BatchNormalization(), ReLU()),
    "dense, relu": lambda: chain(Conv2D(4, 3), Dense(5), ReLU(), Dense(6, activation="relu")),
    "groups": lambda: chain(Conv2D(6, 3, groups=3), BatchNormalization(), ReLU()),
    "strides": lambda: chain(Conv2D(6, 3, strides=2), BatchNormalization(), ReLU()),
    "wide": lambda: chain(Conv2D(300, 3), BatchNormalization(), ReLU()),
    "used twice": used_twice,
    "pooled twice": pooled_twice,
    "residual": lambda: residual(1),
    "residual, reversed": lambda: residual(-1),
    "residual, activated": lambda: residual(1, "relu"),
    "same memory": same_memory,
    "outputs between": outputs_between,
}


def varied(model):
    """The model with no weight that is zero, one or equal to another."""
    random = np.random.default_rng(7)
    for name, weight in model.weights.items():
        noise = random.uniform(0.5, 1.5, weight.shape)
        weight[...] = noise if "variance" in name else noise - 1
    return model


def batch(model):
    x = np.random.default_rng(3).standard_normal((4, *model.input_shape[1:])).astype(model.dtype)
    x[1] = np.round(x[1])  # ties
    x.flags.writeable = False
    return x


def assert_alike(ours, expected, model):
    """To the last bit; where convolutions pool while they compute, in other tiles, to rounding."""
    if any(isinstance(call.layer, PooledConvolution) for call in model._trained_by):
        most = 64 * np.finfo(expected.dtype).eps * np.abs(expected).max()
        np.testing.assert_allclose(ours, expected, rtol=0, atol=most)
    else:
        np.testing.assert_array_equal(ours, expected)


def as_list(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


@pytest.mark.parametrize("name", GRAPHS)
def test_a_prediction_is_what_forward_returns(name):
    model = varied(GRAPHS[name]())
    x = batch(model)
    expected = as_list(model.forward(x))
    for ours, theirs in zip(as_list(model.predict_on_batch(x)), expected, strict=True):
        assert_alike(ours, theirs, model)


@pytest.mark.parametrize("name", NETWORKS)
def test_so_it_is_for_the_networks_of_the_zoo(name, dtype):
    model = varied(NETWORKS[name](dtype=dtype))
    x = batch(model)
    assert_alike(model.predict_on_batch(x), model.forward(x), model)


@pytest.mark.parametrize("name", [name for name in GRAPHS if name != "outputs between"])
def test_a_step_has_the_gradients_of_backward(name):
    """Beside a model in which nothing may be written over: its layers are of other classes."""
    model, plain = varied(GRAPHS[name]()), varied(with_plain_layers(GRAPHS[name]()))
    x = batch(model)
    y = np.ones((len(x), model.output_shape[1]), model.dtype)
    model.compile(SGD(0.0), "mean_squared_error")
    model.train_on_batch(x, y)
    output = plain.forward(x, training=True)
    plain.backward(model.loss.gradient(y, output))
    assert model.gradients
    for ours, expected in zip(model.gradients.values(), plain.gradients.values(), strict=True):
        assert_alike(ours, expected, model)


@pytest.mark.parametrize("name", GRAPHS)
def test_forward_in_training_has_its_gradients_too(name):
    model, plain = varied(GRAPHS[name]()), varied(with_plain_layers(GRAPHS[name]()))
    x, found = batch(model), []
    for each in (model, plain):
        outputs = each.forward(x, training=True)
        dy = [np.ones_like(y) for y in as_list(outputs)]
        dx = each.backward(dy if isinstance(outputs, list) else dy[0])
        found.append([*as_list(outputs), dx, *each.gradients.values()])
    for ours, expected in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, expected)


def with_plain_layers(model):
    """The same with layers that override `forward`, by what it was: nothing is known of them."""
    for layer in model.layers:
        inherited = type(layer)
        layer.__class__ = type(
            inherited.__name__,
            (inherited,),
            {
                "forward": lambda self, x, training=False, up=inherited: up.forward(
                    self, x, training
                )
            },
        )
    return Model(model.inputs[0], [*model.outputs] if len(model.outputs) > 1 else model.outputs[0])


def sum_of_two(first, second):
    a, b = Input((*first, 2)), Input((*second, 3))
    return Model([a, b], Add()([b, Conv2D(3, 1)(a)]))


def ones(dtype, *shape):
    return np.ones(shape, dtype)


def test_what_forward_refuses_to_add_a_prediction_refuses(dtype):
    model = sum_of_two((4, 4), (4, 4))
    given = [ones(dtype, 8, 4, 4, 2), ones(dtype, 1, 4, 4, 3)]
    for compute in (model.forward, model.predict_on_batch):
        with pytest.raises(ValueError, match="takes one or more inputs of one shape"):
            compute(given)


def test_images_of_any_size_are_broadcast_as_in_forward(dtype):
    model = sum_of_two((None, None), (None, None))
    given = [ones(dtype, 2, 1, 1, 2), ones(dtype, 2, 5, 4, 3)]
    np.testing.assert_array_equal(model.predict_on_batch(given), model.forward(given))


def test_a_layer_of_the_users_own_is_what_runs():
    class Doubled(ReLU):
        def forward(self, x, training=False):
            return 2 * super().forward(x, training)

    model = varied(chain(Conv2D(4, 3), Doubled(), MaxPooling2D(2)))
    x = batch(model)
    np.testing.assert_array_equal(model.predict_on_batch(x), model.forward(x))


def test_a_backward_of_the_users_own_has_the_input_that_forward_had():
    class Noting(Activation):
        def backward(self, dy):
            self.seen = self.cache[0].min()
            return super().backward(dy)

    model = varied(chain(Conv2D(4, 3), Noting("relu")))
    x = batch(model)
    model.compile(SGD(0.0), "mean_squared_error")
    model.train_on_batch(x, np.ones((4, 4), x.dtype))
    assert model.layers[1].seen < 0


def test_a_weight_that_a_layer_hands_out_is_not_written_over():
    class Constant(Layer):
        def build(self, input_shape):
            self.add_weight("value", input_shape[1:], initializers.get("ones"))
            self.built = True

        def forward(self, x, training=False):
            self._prepare(x)
            return self.weights["value"][None]

        def compute_output_shape(self, input_shape):
            return (1, *input_shape[1:])

    x = Input((4, 3, 2), batch_size=1)
    model = Model(x, Add()([Constant()(x), ReLU()(x)]))
    ones = np.ones((1, 4, 3, 2), model.dtype)
    for _ in range(2):
        np.testing.assert_array_equal(model.predict_on_batch(ones), 2 * ones)


def test_predicting_leaves_backward_to_forward():
    model = varied(GRAPHS["residual"]())
    x = batch(model)
    y = model.forward(x)
    expected = model.backward(np.ones_like(y))
    model.forward(x)
    model.predict_on_batch(x[:2])
    np.testing.assert_array_equal(model.backward(np.ones_like(y)), expected)


@pytest.mark.parametrize(
    ("name", "ended", "calls"),
    [
        ("normalization", 1, 2),
        ("convolution with tanh", 0, 3),
        ("normalization of rows", 0, 4),
        ("two normalizations", 1, 3),
        ("relu, pooling", 0, 3),
        ("residual", 4, 5),
        ("used twice", 0, 5),
        ("outputs between", 1, 4),
    ],
)
def test_what_ends_a_convolution(name, ended, calls):
    """A convolution ends with what alone takes its output, where that is known beforehand."""
    found = GRAPHS[name]()._inferred_by
    assert sum(type(call.layer) is EndedConvolution for call in found) == ended
    assert len(found) == calls


def names_of(calls):
    return [type(call.layer).__name__ for call in calls]


def test_pooling_comes_before_the_relu_that_feeds_it_alone():
    order = names_of(chain(BatchNormalization(), ReLU(), MaxPooling2D(2))._trained_by)
    assert order[:3] == ["BatchNormalization", "MaxPooling2D", "ReLU"]
    for name in ("capped relu", "leaky relu", "pooled twice", "outputs between"):
        model = GRAPHS[name]()
        assert [call.layer for call in model._trained_by] == [call.layer for call in model.calls]


@pytest.mark.parametrize(
    ("name", "pooled"),
    [
        ("relu, pooling", 1),
        ("pooling, twice", 2),
        ("pooled and shared", 2),
        ("frozen and pooled", 2),
        ("overlapping pooling", 0),
        ("pooling behind a relu", 0),
        ("outputs between", 0),
        ("pooled twice", 0),
    ],
)
def test_which_convolutions_pool_at_once(name, pooled):
    """Those whose output nobody but a pooling needs, of windows that lie apart."""
    model = GRAPHS[name]()
    assert names_of(model._trained_by).count("PooledConvolution") == pooled
    assert names_of(model._inferred_by).count("PooledConvolution") == pooled
