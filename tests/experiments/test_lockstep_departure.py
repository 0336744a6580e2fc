"""Whether gradient or update departs first: planted mistakes are named, right twins are not."""

from fractions import Fraction

import keras
import numpy as np
import pytest

from experiments.bounds.updates import update_bounds
from experiments.faults.dense import KernelGradientAveraged
from experiments.faults.normalization import StatisticsAsConstants
from experiments.faults.optimizers import OPTIMIZER_FAULTS
from experiments.lockstep import examine_steps, scratch_optimizer
from experiments.rounding import Precision
from scratch.optimizers import SGD, Adam
from tests.experiments.twins import random_batches, twins

OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.001),
    "sgd": lambda: keras.optimizers.SGD(0.05),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
}


def examine(models, keras_optimizer, optimizer=None, steps: int = 1):
    dtype = models[0].dtype.name
    optimizer = optimizer or scratch_optimizer(keras_optimizer)
    return examine_steps(*models, random_batches(steps, dtype), optimizer, keras_optimizer)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_right_twins_depart_nowhere(name: str, dtype: str) -> None:
    found = examine(twins(dtype), OPTIMIZERS[name](), steps=3)
    assert found.departure is None
    assert found.steps == 3
    assert 0 < found.gradient_ratio < 1
    assert found.sentence.startswith("In 3 steps neither a gradient nor an update departs")


def cases():
    for fault in OPTIMIZER_FAULTS:
        for dtype in ("float32", "float64"):
            if (fault.name, dtype) != ("bias-correction-in-weights-dtype", "float32"):
                yield pytest.param(fault, dtype, id=f"{fault.name}-{dtype}")


@pytest.mark.parametrize(("fault", "dtype"), list(cases()))
def test_a_wrong_update_is_named_where_the_gradients_agree(fault, dtype: str) -> None:
    name = "adam" if issubclass(fault.optimizer_class, Adam) else "nesterov"
    right = OPTIMIZERS[name]()
    found = examine(twins(dtype), right, fault.planted_copy(scratch_optimizer(right)))
    assert found.departure.part == "update"
    assert found.departure.step == 1
    assert found.departure.fault == fault.name
    assert found.departure.ratio > 1
    assert found.gradient_ratio < 1
    assert "The update departs first, at step 1, where the gradients still agree" in found.sentence
    assert f"(as if {fault.description})" in found.sentence


def test_the_exact_adam_departs_from_keras_in_float64() -> None:
    found = examine(twins("float64"), OPTIMIZERS["adam"](), Adam(np.float32(0.001)))
    assert found.departure.fault == "bias-correction-in-weights-dtype"


def test_a_cause_that_is_not_known_is_not_made_up() -> None:
    found = examine(twins("float32"), OPTIMIZERS["sgd"](), SGD(0.06))
    assert found.departure.part == "update"
    assert found.departure.fault == found.departure.reason == ""


@pytest.mark.parametrize(
    ("layer_class", "layer", "tensor"),
    [
        (KernelGradientAveraged, "classifier", "grad:kernel"),
        (StatisticsAsConstants, "norm", "grad_input"),
    ],
)
def test_a_wrong_gradient_is_named_before_the_update(layer_class, layer, tensor) -> None:
    models = twins("float32")
    models[0].get_layer(layer).__class__ = layer_class
    found = examine(models, OPTIMIZERS["adam"]())
    departure = found.departure
    assert (departure.part, departure.layer, departure.tensor) == ("gradient", layer, tensor)
    assert departure.step == 1
    assert f"The gradient departs first, at step 1: {tensor} of layer '{layer}'" in found.sentence


def test_a_later_step_is_named_too() -> None:
    """Momentum that is forgotten shows once there is some: in the second step."""

    class Forgetful(SGD):
        def update(self, weight, gradient, state) -> None:
            state["momentum"][...] = 0
            super().update(weight, gradient, state)

    right = OPTIMIZERS["momentum"]()
    found = examine(twins("float32"), right, Forgetful(np.float32(0.05), 0.9), steps=3)
    assert (found.departure.part, found.departure.step, found.steps) == ("update", 2, 2)


def test_an_optimizer_of_another_state_is_refused() -> None:
    with pytest.raises(ValueError, match="keeps nothing for each weight"):
        examine(twins("float32"), OPTIMIZERS["adam"](), SGD(0.05))


def test_no_batch_is_no_agreement() -> None:
    with pytest.raises(ValueError, match="no step to examine"):
        examine(twins("float32"), OPTIMIZERS["sgd"](), steps=0)


@pytest.mark.parametrize("iterations", [0, 1, 1000])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_bound_holds_and_is_no_wider_than_it_must_be(name: str, iterations: int) -> None:
    """float32 updates against the same formula in rational numbers and float64 roots."""
    optimizer = scratch_optimizer(OPTIMIZERS[name]())
    optimizer.iterations = iterations
    rng = np.random.default_rng(0)
    w, g, m = (rng.normal(size=400).astype("float32") for _ in range(3))
    g *= (10.0 ** rng.uniform(-6, 0, 400)).astype("float32")
    state = {"momentum": m * g, "velocity": np.square(m) * 1e-3}
    state = {
        slot: state[slot]
        for slot in (("momentum", "velocity") if name == "adam" else ("momentum",))
    }
    bounds = update_bounds(optimizer, w, g, state, Precision("float32"))
    updated = w.copy()
    optimizer.update(updated, g, {slot: array.copy() for slot, array in state.items()})
    exact = _exact_update(optimizer, w, g, state)
    assert (np.abs(updated - exact) <= bounds.radii[-1]).all()
    np.testing.assert_allclose(bounds.value, exact, rtol=1e-12)
    amplified = 1 / (1 - 0.999 ** (iterations + 1)) if name == "adam" else 1
    step = np.abs(exact - w)
    size = np.abs(w) + step + np.abs(state["momentum"])
    assert (bounds.radii[-1] <= 2**-24 * (20 * size + 10 * amplified * step) + 1e-30).all()


def _exact_update(optimizer, w, g, state) -> np.ndarray:
    """One update in float64, whose own rounding is 1e-9 of what float32's is."""
    w, g = w.astype(np.float64), g.astype(np.float64)
    m = state["momentum"].astype(np.float64)
    if isinstance(optimizer, SGD):
        step = optimizer.learning_rate * g
        if not optimizer.momentum:
            return w - step
        m = optimizer.momentum * m - step
        return w + (optimizer.momentum * m - step if optimizer.nesterov else m)
    betas = [Fraction(float(np.float32(b))) for b in (optimizer.beta_1, optimizer.beta_2)]
    powers = [float(1 - beta ** (optimizer.iterations + 1)) for beta in betas]
    m = m + (1 - optimizer.beta_1) * (g - m)
    v = state["velocity"].astype(np.float64)
    v = v + (1 - optimizer.beta_2) * (g * g - v)
    alpha = optimizer.learning_rate * np.sqrt(powers[1]) / powers[0]
    return w - alpha * m / (np.sqrt(v) + optimizer.epsilon)
