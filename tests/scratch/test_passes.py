"""How far down a training step takes its gradients."""

import numpy as np
import pytest

from scratch import Model
from scratch.layers import Add, Conv2D, Dense, Flatten, Input, ReLU
from scratch.optimizers import SGD


def network(first=Conv2D):
    """A first convolution that is used twice, another one, a shortcut."""
    image = Input((5, 4, 3), dtype="float64")
    shared = first(3, 3, padding="same", dtype="float64", name="shared")
    x = shared(ReLU(dtype="float64")(shared(image)))
    x = Conv2D(3, 1, dtype="float64", name="middle")(x)
    x = Add(dtype="float64")([x, image])
    return Model(image, Dense(2, dtype="float64", name="top")(Flatten(dtype="float64")(x)))


def batch():
    random = np.random.default_rng(0)
    return random.standard_normal((6, 5, 4, 3)), random.standard_normal((6, 2))


def trained(model):
    model.compile(SGD(0.0), "mean_squared_error")
    model.train_on_batch(*batch())
    return model.gradients


def by_backward(model):
    x, y = batch()
    output = model.forward(x, training=True)
    model.backward(2 * (output - y) / y.size)
    return model.gradients


def test_a_step_has_the_gradients_of_backward():
    model = network()
    ours, expected = trained(model), by_backward(model)
    assert list(ours) == list(expected) == list(model.weights)
    for name, gradient in expected.items():
        np.testing.assert_allclose(ours[name], gradient, rtol=1e-12, err_msg=name)


def test_a_step_takes_no_gradient_of_the_images(monkeypatch):
    model = network()
    taken = []
    original = Conv2D.input_gradient
    monkeypatch.setattr(
        Conv2D, "input_gradient", lambda self, *a: taken.append(self.name) or original(self, *a)
    )
    trained(model)
    assert taken == ["middle", "shared"]  # the second use of `shared`, not the first
    x, y = batch()
    model.forward(x)
    assert model.backward(y).shape == x.shape
    assert taken[2:] == ["middle", "shared", "shared"]


def test_what_is_below_all_trainable_weights_is_left_alone(monkeypatch):
    model = network()
    for name in ("shared", "middle"):
        model.get_layer(name).trainable = False
    expected = {name: g.copy() for name, g in by_backward(model).items()}
    monkeypatch.setattr(Conv2D, "backward", None)
    ours = trained(model)
    assert list(ours) == list(expected) == ["top/kernel", "top/bias"]
    for name, gradient in expected.items():
        np.testing.assert_allclose(ours[name], gradient, rtol=1e-12)


def test_a_layers_own_backward_is_what_trains_it():
    class Doubled(Conv2D):
        """A user's convolution that knows nothing of steps without input gradients."""

        def backward(self, dy):
            dx = super().backward(dy)
            self.gradients["kernel"] *= 2
            return dx * 1.0

    plain, doubled = network(), network(Doubled)
    for weight, other in zip(plain.weights.values(), doubled.weights.values(), strict=True):
        other[...] = weight
    ours, expected = trained(doubled), trained(plain)
    np.testing.assert_allclose(ours["shared/kernel"], 2 * expected["shared/kernel"], rtol=1e-12)


@pytest.mark.parametrize("name", ["shared", "middle"])
def test_a_frozen_layer_lets_gradients_through(name):
    expected = {n: g.copy() for n, g in trained(network_with_fixed_weights()).items()}
    model = network_with_fixed_weights()
    model.get_layer(name).trainable = False
    ours = trained(model)
    assert set(expected) - set(ours) == {f"{name}/kernel", f"{name}/bias"}
    for key, gradient in ours.items():
        np.testing.assert_allclose(gradient, expected[key], rtol=1e-12)


def network_with_fixed_weights():
    model, random = network(), np.random.default_rng(1)
    for weight in model.weights.values():
        weight[...] = random.standard_normal(weight.shape)
    return model
