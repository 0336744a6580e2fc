"""Causes where no number can be held against another: a wrong shape, an error, random numbers."""

import numpy as np
import pytest

from experiments.faults import BY_NAME
from scratch import layers
from tests.experiments.compare.twins import notes, override, small, twins


def planted(fault: str, name: str):
    pair = twins(small)
    BY_NAME[fault].plant(pair.layer(name))
    return pair.compare()


def test_a_wrong_shape_is_a_fault_of_its_layer_with_its_cause() -> None:
    found = planted("channels-by-height", "pool")
    assert found.faults == [("pool", "output")]
    height = found.isolated.set_index(["layer", "tensor"]).loc[("pool", "grad_input"), "shape"][1]
    note = notes(found, "pool")["output"]
    assert note.startswith("scratch has shape")
    assert f", {height})" in note
    assert note.endswith(f"as if {BY_NAME['channels-by-height'].description}")


def test_another_wrong_shape_has_no_such_cause() -> None:
    pair = twins(small)
    override(pair.layer("pool"), "forward", lambda y: y[:, 1:])
    note = notes(pair.compare(), "pool")["output"]
    assert note.startswith("scratch has shape")
    assert "as if" not in note


class Refuses(layers.MaxPooling2D):
    """A user's own pooling that cannot go back."""

    def backward(self, dy: np.ndarray) -> np.ndarray:
        raise ValueError("not written yet")


def test_an_error_is_a_fault_with_its_cause_only_if_the_fault_says_the_same() -> None:
    pair = twins(small)
    pair.layer("pool").__class__ = Refuses
    found = pair.compare()
    assert found.faults == [("pool", "grad_input")]
    assert notes(found, "pool")["grad_input"] == "scratch raised ValueError: not written yet"

    found = planted("gradient-repeated-by-stride", "pool")
    assert found.faults == [("pool", "grad_input")]
    note = notes(found, "pool")["grad_input"]
    assert note.startswith("scratch raised ValueError: operands could not be broadcast")
    assert note.endswith(f"as if {BY_NAME['gradient-repeated-by-stride'].description}")


def test_random_numbers_are_known_by_a_second_run() -> None:
    found = planted("kernel-drawn-anew", "conv")
    assert ("conv", "output") in found.faults
    assert notes(found, "conv")["output"] == f"as if {BY_NAME['kernel-drawn-anew'].description}"


@pytest.mark.parametrize("result", ["always the same", "random gradient"])
def test_what_is_wrong_otherwise_is_not_called_random(result: str) -> None:
    pair, rng = twins(small), np.random.default_rng(0)
    if result == "random gradient":
        override(pair.layer("conv"), "backward", lambda dx: dx + rng.random(dx.shape, np.float32))
        tensor = "grad_input"
    else:
        override(pair.layer("conv"), "forward", lambda y: y + np.float32(1))
        tensor = "output"
    found = pair.compare()
    assert ("conv", tensor) in found.faults
    assert "as if" not in notes(found, "conv")[tensor]
