"""Every update against Keras' own, from the same state and with the same gradients."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from scratch import optimizers
from scratch.layers.base import Layer
from scratch.optimizers import SGD, Adam, through_float32

SHAPES = {"conv": {"kernel": (2, 3, 4, 5), "bias": (5,)}, "dense": {"kernel": (6, 3)}}
STEPS = 60
SGD_CASES = {
    "plain": {"learning_rate": 0.01},
    "momentum": {"learning_rate": 0.05, "momentum": 0.9},
    "nesterov": {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
}


class Twins:
    """Weights held twice, moved by an optimizer of each side with the same random gradients."""

    def __init__(self, optimizer, keras_optimizer, dtype):
        rng = np.random.default_rng(0)
        self.optimizer, self.keras_optimizer = optimizer, keras_optimizer
        self.rng, self.dtype = rng, dtype
        self.model = SimpleNamespace(layers=[Layer(name=name, dtype=dtype) for name in SHAPES])
        for layer in self.model.layers:
            for name, shape in SHAPES[layer.name].items():
                layer.weights[name] = rng.normal(size=shape).astype(dtype)
        self.variables = [keras.Variable(w, dtype=dtype) for w in self.weights]
        keras_optimizer.build(self.variables)

    @property
    def weights(self):
        return [w for layer in self.model.layers for w in layer.weights.values()]

    @property
    def keras_weights(self):
        return [np.asarray(v) for v in self.variables]

    def draw_gradients(self):
        """Of many sizes, so that Adam's epsilon counts as well."""
        for layer in self.model.layers:
            for name, weight in layer.weights.items():
                sizes = 10.0 ** self.rng.uniform(-9, 1, weight.shape)
                layer.gradients[name] = (self.rng.normal(size=weight.shape) * sizes).astype(
                    self.dtype
                )

    def step(self):
        self.draw_gradients()
        gradients = [g for layer in self.model.layers for g in layer.gradients.values()]
        self.keras_optimizer.apply(
            [keras.ops.convert_to_tensor(g) for g in gradients], self.variables
        )
        self.optimizer.apply_gradients(self.model)

    def follow_keras(self):
        """Give the scratch side Keras' weights and state: the next step is compared alone."""
        for weight, theirs in zip(self.weights, self.keras_weights, strict=True):
            weight[...] = theirs
        keys = [f"{layer.name}/{name}" for layer in self.model.layers for name in layer.weights]
        slots = {
            "momentum": getattr(self.keras_optimizer, "_momentums", None)
            or getattr(self.keras_optimizer, "momentums", []),
            "velocity": getattr(self.keras_optimizer, "_velocities", []),
        }
        self.optimizer.load_variables(
            {"iterations": np.asarray(self.keras_optimizer.iterations)}
            | {
                f"{key}/{slot}": np.asarray(array)
                for slot, arrays in slots.items()
                for key, array in zip(keys, arrays, strict=bool(arrays))
            }
        )

    def worst(self, of=lambda ours, theirs: np.abs(ours - theirs) / np.spacing(np.abs(theirs))):
        """Largest departure of a weight, in units in the last place unless told otherwise."""
        return max(np.max(of(*p)) for p in zip(self.weights, self.keras_weights, strict=True))


@pytest.mark.parametrize("case", SGD_CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sgd_is_keras_bit_for_bit(case, dtype):
    arguments = SGD_CASES[case]
    ours = {k: v if isinstance(v, bool) else through_float32(v) for k, v in arguments.items()}
    twins = Twins(SGD(**ours), keras.optimizers.SGD(**arguments), dtype)
    for _ in range(STEPS):
        twins.step()
    for y_scratch, y_keras in zip(twins.weights, twins.keras_weights, strict=True):
        np.testing.assert_array_equal(y_scratch, y_keras)


def adam_twins(dtype, bias_correction_dtype):
    ours = Adam(through_float32(0.001), bias_correction_dtype=bias_correction_dtype)
    return Twins(ours, keras.optimizers.Adam(0.001), dtype)


@pytest.mark.parametrize("bias_correction_dtype", [None, "float32"])
def test_adam_float32_each_update_is_keras_to_one_ulp(bias_correction_dtype):
    """Not bit for bit: NumPy and TensorFlow round beta^t differently, and 1 - beta^t cancels."""
    twins = adam_twins("float32", bias_correction_dtype)
    for _ in range(STEPS):
        twins.step()
        # In the spacing of numbers as large as an update, where a weight is smaller than that.
        assert (
            twins.worst(
                lambda ours, theirs: (
                    np.abs(ours - theirs) / np.spacing(np.maximum(np.abs(theirs), np.float32(1e-3)))
                )
            )
            <= 1
        )
        state = {k: v.copy() for k, v in twins.optimizer.variables.items()}
        twins.follow_keras()
        for name, theirs in twins.optimizer.variables.items():
            np.testing.assert_array_equal(state[name], theirs, err_msg=name)


def test_adam_float64_is_keras_when_the_betas_go_through_float32():
    twins = adam_twins("float64", "float32")
    for _ in range(STEPS):
        twins.step()
    assert twins.worst(lambda ours, theirs: np.abs(ours - theirs)) < 4e-16
    assert twins.optimizer.iterations == STEPS


def test_adam_float64_departs_from_keras_by_7e_6_of_the_first_update_otherwise():
    twins = adam_twins("float64", None)
    start = [w.copy() for w in twins.weights]
    twins.step()
    for before, ours, theirs in zip(start, twins.weights, twins.keras_weights, strict=True):
        np.testing.assert_allclose((ours - before) / (theirs - before) - 1, 6.7e-6, rtol=0.02)


def test_adam_first_update_by_hand():
    """After one step m / (1 - beta_1) = g and v / (1 - beta_2) = g^2: the update is -lr sign(g)."""
    twins = adam_twins("float64", None)
    twins.optimizer.learning_rate = 0.001
    twins.draw_gradients()
    layer = twins.model.layers[0]
    g, before = np.full_like(layer.gradients["bias"], -3.0), layer.weights["bias"].copy()
    layer.gradients["bias"] = g
    twins.optimizer.apply_gradients(twins.model)
    np.testing.assert_allclose(layer.weights["bias"] - before, 0.001, rtol=1e-5)


@pytest.mark.parametrize(
    "optimizer", [SGD(), SGD(momentum=0.9), Adam()], ids=["sgd", "mom", "adam"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_updated_in_place_and_keep_their_dtype(optimizer, dtype):
    twins = Twins(optimizers.get(config_of(optimizer)), keras.optimizers.SGD(), dtype)
    arrays, before = twins.weights, [w.copy() for w in twins.weights]
    twins.step()
    for array, weight, old in zip(arrays, twins.weights, before, strict=True):
        assert array is weight
        assert weight.dtype == dtype
        assert not np.array_equal(weight, old)
    slots = {k: v for k, v in twins.optimizer.variables.items() if k != "iterations"}
    assert {str(v.dtype) for v in slots.values()} <= {dtype}


def config_of(optimizer):
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


def test_frozen_weights_stay():
    twins = adam_twins("float32", None)
    layer = twins.model.layers[0]
    layer.add_weight("moving_mean", (3,), lambda shape, dtype: np.ones(shape, dtype), False)
    twins.draw_gradients()
    twins.optimizer.apply_gradients(twins.model)
    np.testing.assert_array_equal(layer.weights["moving_mean"], [1, 1, 1])
    assert "conv/moving_mean/velocity" not in twins.optimizer.variables


def test_a_checkpoint_continues_where_it_was_taken():
    one, two = adam_twins("float32", None), adam_twins("float32", None)
    for _ in range(3):
        one.step()
        two.step()
    two.optimizer = Adam(through_float32(0.001))
    two.optimizer.load_variables(one.optimizer.variables)
    assert set(two.optimizer.variables) == {"iterations"} | {
        f"{layer}/{name}/{slot}"
        for layer, names in SHAPES.items()
        for name in names
        for slot in ("momentum", "velocity")
    }
    one.step()  # must not reach into the copy
    two.step()
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_errors_leave_every_weight_as_it_was():
    twins = adam_twins("float32", None)
    twins.draw_gradients()
    before = [w.copy() for w in twins.weights]
    dense = twins.model.layers[-1]
    gradient = dense.gradients["kernel"]
    for bad, message in [
        (None, "'dense/kernel' has no gradient: run backward"),
        (gradient[:1], r"gradient of 'dense/kernel' is float32 \(1, 3\)"),
        (gradient.astype("float64"), r"is float64 \(6, 3\), but the weight is float32"),
    ]:
        dense.gradients = {} if bad is None else {"kernel": bad}
        with pytest.raises(ValueError, match=message):
            twins.optimizer.apply_gradients(twins.model)
    for weight, old in zip(twins.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert twins.optimizer.iterations == 0


def test_state_of_another_model_is_refused():
    twins = adam_twins("float32", None)
    twins.step()
    twins.model.layers[0].name = "renamed"
    with pytest.raises(ValueError, match="no state for 'renamed/kernel' after 1 updates"):
        twins.optimizer.apply_gradients(twins.model)

    variables = adam_twins("float64", None)
    variables.step()
    twins.model.layers[0].name = "conv"
    twins.optimizer.load_variables(variables.optimizer.variables)
    with pytest.raises(ValueError, match="momentum of 'conv/kernel' is float64"):
        twins.optimizer.apply_gradients(twins.model)


@pytest.mark.parametrize(
    ("optimizer", "variables", "message"),
    [
        (Adam(), {}, "lack 'iterations'"),
        (Adam(), {"iterations": 1, "conv/kernel/momentum": np.ones(2)}, "keeps .*velocity"),
        (SGD(), {"iterations": 1, "conv/kernel/momentum": np.ones(2)}, "keeps nothing"),
    ],
)
def test_foreign_variables_are_refused(optimizer, variables, message):
    with pytest.raises(ValueError, match=message):
        optimizer.load_variables(variables)


def test_get():
    assert isinstance(optimizers.get("adam"), Adam)
    assert isinstance(optimizers.get("SGD"), SGD)
    for instance in (
        SGD(0.1, 0.5, nesterov=True),
        Adam(0.1, 0.8, 0.9, 1e-3, bias_correction_dtype="float32"),
    ):
        assert optimizers.get(instance) is instance
        again = optimizers.get(config_of(instance))
        assert again is not instance
        assert again.get_config() == instance.get_config()
    with pytest.raises(ValueError, match="Unknown optimizer 'rmsprop'; known ones are sgd, adam"):
        optimizers.get("rmsprop")


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_defaults_are_keras(name):
    theirs = getattr(keras.optimizers, name)().get_config()
    for argument, value in optimizers.get(name).get_config().items():
        if argument != "bias_correction_dtype":
            assert value == pytest.approx(theirs[argument], rel=1e-7), argument


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(momentum=1.5), "momentum must be from 0 to 1"),
        (lambda: Adam(beta_1=1.0), "0 <= beta < 1"),
        (lambda: Adam(bias_correction_dtype="float16"), "None or 'float32'"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
