"""A comparison leaves both models as they were, even where it ends in an error."""

from typing import Any

import numpy as np
import pytest

from scratch import Model
from tests.experiments.compare.twins import Twins, override, twins
from tests.keras_models.samples import bytes_of, every_layer, inputs_for


def state_of(model: Model) -> dict[str, Any]:
    """Everything a scratch model holds: which objects, and what arrays contain."""
    state: dict[str, Any] = {"model": {name: id(value) for name, value in vars(model).items()}}
    for layer in model.layers:
        state[layer.name] = {name: id(value) for name, value in vars(layer).items()}
        for table in (layer.weights, layer.gradients):
            state[layer.name] |= {(name, id(w)): w.tobytes() for name, w in table.items()}
        if hasattr(layer, "rng"):
            state[layer.name]["generator"] = layer.rng.bit_generator.state
    return state


@pytest.fixture
def pair() -> Twins:
    """Mid-training: gradients are filled in, caches kept, moving statistics moved."""
    pair = twins(every_layer)
    y = pair.scratch.forward(inputs_for(pair.keras, seed=5), training=True)
    pair.scratch.backward(np.ones_like(y))
    return pair


@pytest.mark.parametrize("training", [True, False])
def test_nothing_changes(pair: Twins, training: bool) -> None:
    before, of_keras = state_of(pair.scratch), bytes_of(pair.keras)
    arguments = pair.x.copy(), pair.y.copy()
    pair.compare(training=training)
    assert state_of(pair.scratch) == before
    assert bytes_of(pair.keras) == of_keras
    np.testing.assert_array_equal((pair.x, pair.y)[0], arguments[0])
    np.testing.assert_array_equal(pair.y, arguments[1])


def test_the_state_that_is_watched_does_move_by_itself(pair: Twins) -> None:
    before = state_of(pair.scratch)
    pair.scratch.forward(pair.x, training=True)
    assert state_of(pair.scratch) != before


def test_a_backward_pass_under_way_is_not_disturbed(pair: Twins) -> None:
    x = inputs_for(pair.keras, seed=6)
    dy = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    pair.scratch.forward(x)
    expected = pair.scratch.backward(dy)
    pair.scratch.forward(x)
    pair.compare()
    np.testing.assert_array_equal(pair.scratch.backward(dy), expected)


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_layer_that_raises_changes_nothing(pair: Twins, method: str) -> None:
    def fail(_result: Any) -> None:
        raise RuntimeError("no idea")

    override(pair.layer("norm2"), method, fail)
    before, of_keras = state_of(pair.scratch), bytes_of(pair.keras)
    pair.compare()
    assert state_of(pair.scratch) == before
    assert bytes_of(pair.keras) == of_keras


def test_a_layer_that_meddles_with_itself_is_put_back(pair: Twins) -> None:
    conv = pair.layer("conv1")

    def meddle(y: np.ndarray) -> np.ndarray:
        conv.weights["kernel"] *= 0
        conv.weights["another"] = conv.gradients["another"] = y
        conv.remark = "was here"
        conv.gradients = {}
        return y

    override(conv, "forward", meddle)
    before = state_of(pair.scratch)
    pair.compare()
    assert state_of(pair.scratch) == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pair: pair._replace(x=np.full_like(pair.x, np.nan)),
        lambda pair: pair._replace(loss="no_such_loss"),
        lambda pair: pair._replace(x=pair.x[:, 1:]),
    ],
)
def test_an_error_changes_nothing(pair: Twins, spoil) -> None:
    before, of_keras = state_of(pair.scratch), bytes_of(pair.keras)
    with pytest.raises(ValueError, match=r".+"):
        spoil(pair).compare()
    assert state_of(pair.scratch) == before
    assert bytes_of(pair.keras) == of_keras


def test_an_interruption_changes_nothing(pair: Twins) -> None:
    def interrupt(_result: Any) -> None:
        raise KeyboardInterrupt

    override(pair.layer("dropout"), "backward", interrupt)
    before, of_keras = state_of(pair.scratch), bytes_of(pair.keras)
    with pytest.raises(KeyboardInterrupt):
        pair.compare()
    assert state_of(pair.scratch) == before
    assert bytes_of(pair.keras) == of_keras
