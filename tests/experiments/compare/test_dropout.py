"""In training the twins compute under the masks that Keras drew."""

import keras
import numpy as np
import pytest

from experiments.faults import FAULTS
from tests.experiments.compare.twins import CLEAN, Twins, notes, twins

NOT_RESCALED = next(fault for fault in FAULTS if fault.name == "dropout-not-rescaled")


def twice_dropped() -> keras.Model:
    """One Dropout layer used three times, on tensors of two shapes."""
    dropout = keras.layers.Dropout(0.5, seed=4, name="dropout")
    x = image = keras.Input((6, 5, 2))
    x = dropout(keras.layers.Conv2D(3, 2, activation="relu", name="conv")(x))
    x = dropout(keras.layers.Dense(7, name="hidden")(keras.layers.Flatten(name="flatten")(x)))
    x = dropout(keras.layers.Dense(7, name="more")(x))
    return keras.Model(image, keras.layers.Dense(4, activation="softmax", name="end")(x))


@pytest.fixture
def pair() -> Twins:
    return twins(twice_dropped)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_shared_dropout_is_clean_in_both_modes(dtype: str) -> None:
    found = twins(twice_dropped, dtype).compare()
    assert found.ok, found.summary
    assert set(found.table.verdict) <= {*CLEAN, "flip"}
    names = [name for name in found.table.layer.unique() if name.startswith("dropout")]
    assert names == ["dropout", "dropout (use 2)", "dropout (use 3)"]
    propagated = found.table[found.table["mode"] == "propagated"]
    assert propagated.max_abs_diff.max() < 1e-5


def test_the_masks_are_kerass_and_drop_half(pair: Twins) -> None:
    seen = []
    dropout = pair.layer("dropout")
    forward = type(dropout).forward

    def watched(x: np.ndarray, training: bool = False) -> np.ndarray:
        y = forward(dropout, x, training)
        seen.append(np.mean(y[x != 0] != 0))
        return y

    dropout.forward = watched
    assert pair.compare().ok
    assert len(seen) == 2 * 3
    assert all(0.2 < kept < 0.8 for kept in seen)
    # Propagated as isolated, where calls are compared from the last to the first.
    assert seen[3:] == seen[:3][::-1]


def test_inference_drops_nothing(pair: Twins) -> None:
    found = pair.compare(training=False)
    assert found.ok
    rows = found.isolated[found.isolated.type == "Dropout"]
    assert set(rows.verdict) == {"identical"}


def test_a_fault_of_a_shared_dropout_is_named_and_explained_at_each_use(pair: Twins) -> None:
    NOT_RESCALED.plant(pair.layer("dropout"))
    found = pair.compare()
    uses = ("dropout", "dropout (use 2)", "dropout (use 3)")
    assert found.faults == [(use, tensor) for use in uses for tensor in NOT_RESCALED.tensors]
    for use in uses:
        assert NOT_RESCALED.description in notes(found, use)["output"]


def test_another_rate_is_a_fault(pair: Twins) -> None:
    pair.layer("dropout").rate = 0.25
    assert {layer for layer, _ in pair.compare().faults} == {
        "dropout", "dropout (use 2)", "dropout (use 3)"
    }  # fmt: skip


def test_a_mask_that_the_caller_imposed_is_left_in_place(pair: Twins) -> None:
    dropout = pair.layer("dropout")
    own = np.ones
    dropout.draw_mask = own
    assert pair.compare().ok
    assert dropout.draw_mask is own
