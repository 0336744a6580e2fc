"""Layers of a user's own: without a bound they are measured, with one they are judged."""

import keras
import numpy as np
import pytest

from experiments import bounds
from keras_models import to_scratch
from scratch import layers
from tests.experiments.compare.twins import CLEAN, Twins, notes, twins, verdicts


class Tripled(layers.Layer):
    """Three times the input; wrong by `error` in the gradient."""

    error = 0.0

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        self._prepare(x)
        return x * self.dtype.type(3)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return dy * self.dtype.type(3 + self.error)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return tuple(input_shape)


class KerasTripled(keras.layers.Layer):
    """As x + x + x, which is rounded once more."""

    def call(self, x):
        return x + x + x


def own_layer() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((5, 4, 2)),
            keras.layers.Conv2D(3, 2, name="conv"),
            KerasTripled(name="triple"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(4, activation="softmax", name="end"),
        ]
    )


@pytest.fixture
def pair() -> Twins:
    layers.register(Tripled, "KerasTripled")
    return twins(own_layer)


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound for the layer while the test runs."""
    monkeypatch.setattr("experiments.bounds.layers._BOUNDS", dict(bounds.layers._BOUNDS))

    @bounds.register(Tripled)
    def tripled_bounds(_layer: Tripled, call: bounds.GivenCall) -> bounds.Bounds:
        p = call.precision
        return {
            "output": p.scale(p.given(call.x), 3.0),
            "grad_input": p.scale(p.given(call.dy), 3.0),
        }


def test_a_layer_without_a_bound_is_measured_and_not_judged(pair: Twins) -> None:
    found = pair.compare()
    assert found.ok
    assert set(verdicts(found, "triple").values()) <= {"identical", "unjudged"}
    assert set(verdicts(found, "conv").values()) <= CLEAN
    assert set(verdicts(found, "triple", "propagated").values()) <= {*CLEAN, "flip"}
    rows = found.isolated[found.isolated.layer == "triple"]
    assert rows.error_ratio.isna().all()
    assert rows.max_ulp.between(0, 2).all()
    assert rows.scratch_ulp.between(0, 2).all()


def test_a_difference_is_measured_and_the_summary_says_that_it_is_not_judged(pair: Twins) -> None:
    pair.layer("triple").error = 0.5
    found = pair.compare()
    assert verdicts(found, "triple")["grad_input"] == "unjudged"
    row = found.isolated.set_index(["layer", "tensor"]).loc[("triple", "grad_input")]
    assert row.max_rel_diff == pytest.approx(0.5 / 3.5, rel=1e-5)
    assert row.nearer == "keras"
    assert ("triple", "grad_input") in found.unjudged
    count = len(found.unjudged)
    assert f"{count} more, of 1 layer without a derived bound" in found.summary


def test_what_no_number_describes_is_a_fault_even_there(pair: Twins) -> None:
    pair.layer("triple").forward = lambda x, training=False: x[:, 1:]
    found = pair.compare()
    assert ("triple", "output") in found.faults
    assert "scratch has shape" in notes(found, "triple")["output"]


@pytest.mark.usefixtures("bounded")
def test_with_a_bound_of_the_users_the_layer_is_judged(pair: Twins) -> None:
    found = pair.compare()
    assert found.ok
    assert found.unjudged == []
    assert set(verdicts(found, "triple").values()) <= CLEAN
    pair.layer("triple").error = 1e-5
    assert pair.compare().faults == [("triple", "grad_input")]


def test_the_twin_of_a_users_layer_is_found_by_its_name(pair: Twins) -> None:
    assert isinstance(to_scratch(pair.keras).get_layer("triple"), Tripled)
