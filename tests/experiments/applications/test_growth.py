"""Where rounding grows, on tables written by hand."""

import keras
import pandas as pd
import pytest

from experiments.applications.growth import growth


@pytest.fixture
def branched() -> keras.Model:
    image = keras.Input((4, 4, 2))
    left = keras.layers.ReLU(name="left")(image)
    right = keras.layers.Softmax(name="right")(left)
    return keras.Model(image, keras.layers.Add(name="sum")([left, right]))


def table(**distances: tuple[float, float]) -> pd.DataFrame:
    """Rows of a comparison; beside the outputs, what must not be looked at."""
    rows = [
        {"layer": layer, "tensor": tensor, "mode": mode, "scratch_ulp": ours, "keras_ulp": theirs}
        for layer, (ours, theirs) in distances.items()
        for tensor, mode in (("output", "propagated"),)
    ]
    others = [
        {**row, "scratch_ulp": 1e6, "tensor": tensor, "mode": mode}
        for row in rows
        for tensor, mode in (("output", "isolated"), ("grad_input", "propagated"))
    ]
    return pd.DataFrame([*others, *rows])


def test_growth_is_a_layers_distance_over_that_of_its_furthest_input(branched) -> None:
    found = growth(branched, table(left=(1.0, 2.0), right=(12.0, 3.0), sum=(8.0, 9.0)))
    assert (found.worst, found.worst_layer, found.last) == (12.0, "right", 9.0)
    assert (found.fastest, found.fastest_layer) == (6.0, "right")


def test_from_exact_numbers_a_layer_starts_at_half_an_ulp(branched) -> None:
    found = growth(branched, table(left=(4.0, 0.0), right=(0.0, 0.0), sum=(4.0, 0.0)))
    assert (found.fastest, found.fastest_layer) == (8.0, "left")
