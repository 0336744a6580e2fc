"""The comparison of models that are more than layers in a row: nested ones, and operations."""

import numpy as np
import pytest

from experiments.compare import compare_layers
from keras_models import to_scratch
from tests.keras_models.samples import build, inputs_for
from tests.keras_models.test_nested import SAMPLES
from tests.keras_models.test_operations import SUPPORTED, with_operation


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_nested_models_agree(sample, dtype, training):
    model = build(sample, dtype)
    found = compare_layers(
        to_scratch(model), model, inputs_for(model), np.array([2, 0, 3]), training=training
    )
    assert found.ok, found.summary
    assert set(found.isolated.verdict) <= {"identical", "rounding"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", SUPPORTED)
def test_operations_agree_with_their_layers(case, dtype):
    model = with_operation(SUPPORTED[case][0], dtype)
    twin = to_scratch(model)
    x = inputs_for(model)
    y = np.random.default_rng(3).standard_normal(model(x).shape).astype(dtype)
    found = compare_layers(twin, model, x, y, "mse")
    assert found.ok, found.summary
    assert set(found.isolated.verdict) <= {"identical", "rounding"}
    last = found.table.iloc[-1]
    assert last["layer"] == twin.calls[-1].layer.name
    assert last["type"] == type(model.operations[-1]).__name__
