"""Numbers beyond the largest of their dtype: no rounding bound says which side becomes infinite."""

import keras
import numpy as np
import pytest

from keras_models import to_scratch
from tests.experiments.compare.twins import CLEAN, Twins, override, twins, verdicts


def exploding() -> keras.Model:
    """exp(z) is infinite in the second sample, and so are the gradients behind it."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, activation="exponential", name="first"),
            keras.layers.Dense(2, activation="elu", name="second"),
        ]
    )


def pair(size: float) -> Twins:
    """Twins whose second sample is `size` times as large as the others."""
    made = twins(exploding, loss="mean_squared_error")
    first = made.keras.get_layer("first")
    first.kernel.assign(np.abs(first.kernel.numpy()))
    made.x[...] = np.abs(made.x) + 1
    made.x[1] *= size
    return made._replace(scratch=to_scratch(made.keras))


def test_what_follows_from_infinite_numbers_is_not_judged() -> None:
    made = pair(1e3)
    assert not np.isfinite(made.keras(made.x).numpy()).all()
    override(made.layer("second"), "backward", np.nan_to_num)
    found = made.compare()
    assert found.ok, found.summary
    assert verdicts(found, "second")["grad_input"] == "unjudged"
    assert "numbers beyond float32" in found.summary


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_among_finite_numbers_one_that_is_not_stays_a_fault(method: str) -> None:
    made = pair(1.0)
    assert made.compare().ok
    assert set(verdicts(made.compare(), "second").values()) <= CLEAN
    override(made.layer("second"), method, lambda result: result / np.float32(0))
    assert made.compare().faults


def test_a_wrong_shape_stays_a_fault_even_there() -> None:
    made = pair(1e3)
    override(made.layer("second"), "backward", lambda dx: dx[:, 1:])
    assert ("second", "grad_input") in made.compare().faults
