"""A model whose layers are all right, and that hands their tensors on wrongly."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from scratch import Model
from tests.experiments.compare.twins import CLEAN, Twins, notes, twins, verdicts
from tests.keras_models.samples import branched, shared


class OwnModel(Model):
    """Both passes written once more, in the plainest way; subclasses make one mistake each."""

    def forward(self, x: Any, training: bool = False) -> Any:
        values = dict(zip(self.inputs, x if isinstance(x, list) else [x], strict=True))
        self.caches = []
        for call in self.calls:
            inputs = self.chosen([values[t] for t in call.inputs])
            argument = inputs if call.merges else inputs[0]
            values[call.output] = call.layer.forward(argument, training=training)
            self.caches.append(call.layer.cache)
        return values[self.outputs[0]]

    def backward(self, dy: np.ndarray) -> Any:
        gradients = defaultdict(list, {self.outputs[0]: [dy]})
        totals: dict[Any, dict[str, list]] = {}
        for call, cache in zip(self.calls[::-1], self.caches[::-1], strict=True):
            call.layer.cache = cache
            dx = call.layer.backward(self.combined(gradients[call.output]))
            for tensor, gradient in zip(call.inputs, dx if call.merges else [dx], strict=True):
                gradients[tensor].append(gradient)
            for name, gradient in call.layer.gradients.items():
                totals.setdefault(call.layer, {}).setdefault(name, []).append(gradient)
        for layer, found in totals.items():
            layer.gradients.update({name: self.over_uses(g) for name, g in found.items()})
        return [self.combined(gradients[t]) for t in self.inputs]

    def chosen(self, inputs: list) -> list:
        return inputs

    def combined(self, gradients: list) -> np.ndarray:
        return sum(gradients[1:], start=gradients[0])

    def over_uses(self, gradients: list) -> np.ndarray:
        return sum(gradients[1:], start=gradients[0])


class InputsExchanged(OwnModel):
    def chosen(self, inputs: list) -> list:
        return inputs[::-1]


class BranchesOverwrite(OwnModel):
    def combined(self, gradients: list) -> np.ndarray:
        return gradients[-1]


class LastUseOnly(OwnModel):
    def over_uses(self, gradients: list) -> np.ndarray:
        return gradients[0]


class OtherOrder(OwnModel):
    """No mistake: gradients added up from the other end."""

    def combined(self, gradients: list) -> np.ndarray:
        return sum(gradients[-2::-1], start=gradients[-1])


def modelled(function, kind: type[Model], dtype: str = "float32") -> Twins:
    pair = twins(function, dtype)
    pair.scratch.__class__ = kind
    return pair


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [OwnModel, OtherOrder])
@pytest.mark.parametrize("function", [branched, shared])
def test_another_right_model_is_clean(function, kind, dtype: str) -> None:
    found = modelled(function, kind, dtype).compare()
    assert found.ok, found.summary
    assert set(found.table.verdict) <= {*CLEAN, "flip"}


@pytest.mark.parametrize(
    ("function", "kind", "faults", "note"),
    [
        (branched, InputsExchanged, [("add", "output"), ("join", "output")], "something else than"),
        (branched, BranchesOverwrite, [("norm", "grad_input")], "the sum of its users' gradients"),
        (
            shared,
            LastUseOnly,
            [
                (layer, tensor)
                for layer in ("conv", "dense", "conv (use 2)", "dense (use 2)")
                for tensor in ("grad:kernel", "grad:bias")
            ],
            "not the sum over the layer's uses",
        ),
    ],
)
def test_a_wrong_model_is_named_where_it_goes_wrong(function, kind, faults, note: str) -> None:
    found = modelled(function, kind).compare()
    assert not found.ok
    assert "fault" not in set(found.isolated.verdict)  # The layers themselves are right.
    assert set(verdicts(found, "end", "propagated").values()) <= {"identical", "inherited"}
    assert set(found.faults) == set(faults)
    for layer, tensor in found.faults:
        assert note in notes(found, layer, "propagated")[tensor]
    assert note in found.summary


def test_a_layer_that_writes_into_its_input_spoils_the_next_branch() -> None:
    pair = twins(branched)
    left = pair.layer("left")

    def forward(x: np.ndarray, training: bool = False) -> np.ndarray:
        y = type(left).forward(left, x, training)
        x *= 2
        return y

    left.forward = forward
    found = pair.compare()
    assert {("add", "output"), ("pool", "output")} <= set(found.faults)
    assert "something else than 'norm'" in notes(found, "pool", "propagated")["output"]


def test_a_model_that_raises_is_a_finding() -> None:
    class Broken(OwnModel):
        def backward(self, dy: np.ndarray) -> Any:
            raise RuntimeError("not written yet")

    found = modelled(branched, Broken).compare()
    assert not found.ok
    assert "fault" not in set(found.isolated.verdict)
    assert notes(found, "stem", "propagated")["grad_input"].endswith("not written yet")
    assert verdicts(found, "stem", "propagated")["output"] in CLEAN


def test_a_model_that_skips_a_call_is_a_finding() -> None:
    class Skipping(OwnModel):
        def backward(self, dy: np.ndarray) -> Any:
            self.calls, calls = self.calls[1:], self.calls
            self.caches = self.caches[1:]
            try:
                return super().backward(dy)
            finally:
                self.calls = calls

    found = modelled(branched, Skipping).compare()
    assert {layer for layer, _ in found.faults} == {"stem"}
    assert notes(found, "stem", "propagated")["grad_input"] != ""
