"""What a scratch layer can do wrong, and that each is named at its layer and tensor, alone."""

import keras
import numpy as np
import pytest

from experiments.faults import FAULTS
from scratch import functional as F  # noqa: N812
from scratch import layers
from tests.experiments.compare.twins import (
    CLEAN,
    Twins,
    notes,
    override,
    small,
    twins,
    verdicts,
)
from tests.keras_models.samples import branched, every_layer, shared


def faulty_layers(pair: Twins, **options) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for layer, tensor in pair.compare(**options).faults:
        found.setdefault(layer, []).append(tensor)
    return found


@pytest.mark.parametrize("how", ["in place", "by assignment", "entry by assignment"])
@pytest.mark.parametrize(
    ("name", "weight", "wrong"),
    [
        ("conv", "kernel", ["output", "grad_input"]),
        ("conv", "bias", ["output"]),
        ("norm", "gamma", ["output", "grad_input"]),
        ("end", "bias", ["output", "grad_input", "grad:kernel", "grad:bias"]),
    ],
)
def test_other_weights_are_named_as_the_cause(name: str, weight: str, wrong, how: str) -> None:
    pair = twins(small)
    layer = pair.layer(name)
    other = layer.weights[weight] * 1.01 + 0.01
    if how == "in place":
        layer.weights[weight][...] = other
    elif how == "by assignment":
        layer.weights = {**layer.weights, weight: other.astype(np.float32)}
    else:
        layer.weights[weight] = other.astype(np.float32)
    found = pair.compare()
    assert [(name, tensor) for tensor in wrong] == found.faults
    for tensor in wrong:
        assert notes(found, name)[tensor] == f"its weights are not Keras': {weight}"
    assert f"its weights are not Keras': {weight}" in found.summary


def test_a_weight_off_by_less_than_rounding_is_noted_but_no_fault() -> None:
    pair = twins(small)
    kernel = pair.layer("conv").weights["kernel"]
    kernel.flat[0] = np.nextafter(kernel.flat[0], np.float32(9))
    found = pair.compare()
    assert found.ok
    assert notes(found, "conv")["output"] == "its weights are not Keras': kernel"
    assert set(found.isolated[found.isolated.layer != "conv"].note) == {""}


def test_moving_statistics_matter_in_inference_and_are_noted_in_training() -> None:
    pair = twins(small)
    pair.layer("norm").weights["moving_mean"] += 0.5
    assert faulty_layers(pair, training=False) == {"norm": ["output", "grad:gamma"]}
    found = pair.compare(training=True)
    assert found.ok
    assert notes(found, "norm")["output"] == "its weights are not Keras': moving_mean"


class DoubledGradient(layers.Conv2D):
    """A user's own layer, with a mistake in its backward."""

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return 2 * super().backward(dy)


def test_a_users_subclass_is_seen() -> None:
    pair = twins(small)
    pair.layer("conv").__class__ = DoubledGradient
    assert faulty_layers(pair) == {"conv": ["grad_input"]}


@pytest.mark.parametrize(("method", "tensor"), [("forward", "output"), ("backward", "grad_input")])
@pytest.mark.parametrize("name", ["conv", "norm", "relu", "pool", "flatten", "end"])
def test_a_method_of_the_instance_is_seen(name: str, method: str, tensor: str) -> None:
    pair = twins(small)
    override(pair.layer(name), method, lambda result: result * np.float32(1.5))
    assert faulty_layers(pair) == {name: [tensor]}


def test_every_faulty_layer_is_named_not_only_the_first() -> None:
    pair = twins(branched)
    for name, method in (("stem", "forward"), ("left", "backward"), ("flatten", "forward")):
        override(pair.layer(name), method, lambda result: result + np.float32(0.1))
    found = pair.compare()
    assert dict(found.faults) == {
        "stem": "output", "left": "grad_input", "flatten": "output"
    }  # fmt: skip
    propagated = found.table[found.table["mode"] == "propagated"]
    assert "fault" not in set(propagated.verdict)
    assert set(verdicts(found, "end", "propagated").values()) == {"inherited"}


def test_one_wrong_input_gradient_of_several() -> None:
    pair = twins(branched)

    def swap(gradients: list[np.ndarray]) -> list[np.ndarray]:
        return [gradients[0], gradients[1] * np.float32(0.5), gradients[2]]

    override(pair.layer("add"), "backward", swap)
    assert faulty_layers(pair) == {"add": ["grad_input:1"]}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("method", "tensor"), [("forward", "output"), ("backward", "grad_input")])
def test_nan_or_inf_on_one_side_is_a_fault(value: float, method: str, tensor: str) -> None:
    pair = twins(small)

    def spoil(result: np.ndarray) -> np.ndarray:
        result = result.copy()
        result.flat[3] = value
        return result

    override(pair.layer("conv"), method, spoil)
    found = pair.compare()
    assert found.faults == [("conv", tensor)]
    assert notes(found, "conv")[tensor] == "NaN or inf on one side only"
    rows = found.isolated.set_index(["layer", "tensor"])
    assert rows.max_abs_diff["conv", tensor] == np.inf
    assert rows.max_ulp["conv", tensor] == np.inf


def test_nan_on_both_sides_is_no_difference() -> None:
    """A weight that has become NaN spoils both twins alike."""

    def model() -> keras.Model:
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, name="end")])

    pair = twins(model, loss="mean_squared_error")
    kernel = pair.layer("end").weights["kernel"]
    kernel[0, 0] = np.nan
    pair.keras.get_layer("end").kernel.assign(kernel)
    found = pair.compare()
    assert found.ok, found.summary
    assert set(verdicts(found, "end").values()) <= CLEAN
    assert set(found.table.note) == {""}


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda y: y[:, :, :-1], "scratch has shape (3, 7, 5, 4)"),
        (lambda y: y[None], "scratch has shape (1, 3, 7, 6, 4)"),
        (lambda y: y.astype(np.float64), "scratch has dtype float64, Keras float32"),
        (lambda y: None, "scratch computed nothing here"),
        (lambda y: 3.0, "scratch has shape ()"),
    ],
)
def test_what_cannot_be_subtracted_is_a_fault_with_its_reason(change, note: str) -> None:
    pair = twins(small)
    override(pair.layer("conv"), "forward", change)
    found = pair.compare()
    assert ("conv", "output") in found.faults
    assert {layer for layer, _ in found.faults} == {"conv"}
    assert note in notes(found, "conv")["output"]


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_layer_that_raises_is_a_finding(method: str) -> None:
    pair = twins(small)

    def fail(_result):
        raise RuntimeError("no idea")

    override(pair.layer("pool"), method, fail)
    found = pair.compare()
    assert {layer for layer, _ in found.faults} == {"pool"}
    assert notes(found, "pool")["grad_input"] == "scratch raised RuntimeError: no idea"
    assert verdicts(found, "pool")["output"] == ("fault" if method == "forward" else "identical")
    assert set(verdicts(found, "conv").values()) <= CLEAN
    assert (
        notes(found, "conv", "propagated")["grad_input"] == "scratch raised RuntimeError: no idea"
    )


def test_a_gradient_that_is_not_filled_in() -> None:
    pair = twins(small)
    conv = pair.layer("conv")
    conv.backward = lambda dy: [type(conv).backward(conv, dy), conv.gradients.pop("bias")][0]
    found = pair.compare()
    assert found.faults == [("conv", "grad:bias")]
    assert notes(found, "conv")["grad:bias"] == "scratch computed nothing here"


def test_a_shared_layers_fault_is_named_at_each_use() -> None:
    pair = twins(shared)
    override(pair.layer("conv"), "forward", lambda y: y * np.float32(1.1))
    assert faulty_layers(pair) == {"conv": ["output"], "conv (use 2)": ["output"]}


def test_a_forward_that_keeps_nothing_for_its_backward() -> None:
    pair = twins(every_layer)
    pair.layer("relu").forward = lambda x, training=False: F.relu(x)
    found = pair.compare()
    assert found.faults == [("relu", "grad_input")]
    assert "raised TypeError" in notes(found, "relu")["grad_input"]


def test_an_unknown_fault_has_no_made_up_reason() -> None:
    pair = twins(small)
    override(pair.layer("conv"), "forward", lambda y: y + np.float32(0.25))
    found = pair.compare()
    assert notes(found, "conv")["output"] == ""
    descriptions = [fault.description for fault in FAULTS]
    assert not any(text in found.summary for text in descriptions)
