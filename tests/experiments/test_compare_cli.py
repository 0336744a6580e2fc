"""`convtwin compare` on saved models; what the comparison itself finds is tested elsewhere."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import experiments.compare as comparison_package
from experiments.compare import Comparison, compare_layers


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(1)
    path = tmp_path_factory.mktemp("models") / "model.keras"
    keras.Sequential(
        [
            keras.Input((9, 7, 2)),
            keras.layers.Conv2D(3, (2, 3), padding="same", activation="relu", name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(4, activation="softmax", name="dense"),
        ]
    ).save(path)
    return path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What `compare_layers` is called with; it still runs."""
    seen: list[dict] = []

    def spy(scratch_model, keras_model, x, y, loss, training) -> Comparison:
        seen.append({"x": x, "y": y, "loss": loss, "training": training})
        return compare_layers(scratch_model, keras_model, x, y, loss=loss, training=training)

    monkeypatch.setattr(comparison_package, "compare_layers", spy)
    return seen


def test_an_honest_model_agrees(convtwin, model: Path, calls) -> None:
    status, out, _ = convtwin("compare", model)
    assert status == 0
    assert out.splitlines()[-1].startswith("They agree")
    assert all(name in out for name in ("conv", "norm", "flat", "dense", "grad:kernel", "verdict"))
    assert calls[0]["x"].shape == (4, 9, 7, 2)
    assert calls[0]["x"].dtype == np.float32
    assert calls[0]["loss"] == "sparse_categorical_crossentropy"
    assert calls[0]["training"] is True


def test_options_reach_the_comparison(convtwin, model: Path, calls, tmp_path: Path) -> None:
    arguments = ["--batch", 2, "--seed", 5, "--dtype", "float64", "--inference"]
    assert convtwin("compare", model, *arguments, "--loss", "mean_squared_error")[0] == 0
    assert calls[0]["x"].shape == (2, 9, 7, 2)
    assert calls[0]["x"].dtype == np.float64
    assert (calls[0]["loss"], calls[0]["training"]) == ("mean_squared_error", False)
    data = tmp_path / "data.npz"
    np.savez(data, x=np.ones((3, 9, 7, 2)), y=[0, 1, 3])
    assert convtwin("compare", model, "--data", data)[0] == 0
    np.testing.assert_array_equal(calls[1]["x"], np.ones((3, 9, 7, 2)))
    np.testing.assert_array_equal(calls[1]["y"], [0, 1, 3])


def test_a_fault_exits_with_1_and_is_named(
    convtwin, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(scratch_model, keras_model, x, y, **options) -> Comparison:
        scratch_model.get_layer("dense").weights["bias"][2] += 0.1
        return compare_layers(scratch_model, keras_model, x, y, **options)

    monkeypatch.setattr(comparison_package, "compare_layers", spoilt)
    status, out, _ = convtwin("compare", model)
    assert status == 1
    assert "They differ" in out.splitlines()[-1]
    assert "dense" in out.splitlines()[-1]


@pytest.mark.parametrize("suffix", [".csv", ".html", ".md"])
def test_the_table_is_written(convtwin, model: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"layers{suffix}"
    assert convtwin("compare", model, "--output", path)[0] == 0
    text = path.read_text()
    start = {".csv": "layer,", ".html": "<table", ".md": "| layer |"}[suffix]
    assert text.startswith(start)
    if suffix == ".csv":
        table = pd.read_csv(path)
        assert {"isolated", "propagated"} == set(table["mode"])
        assert {"conv", "norm", "flat", "dense"} <= set(table.layer)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.keras"], "There is no model file gone.keras"),
        (["MODEL", "--output", "table.xlsx"], "must end in .csv, .html or .md"),
        (["MODEL", "--output", "nowhere/table.csv"], "there is no folder nowhere"),
        (["MODEL", "--loss", "nope"], "Keras has no loss 'nope'"),
        (["MODEL", "--data", "gone.npz"], "There is no data file gone.npz"),
    ],
)
def test_bad_input_is_one_sentence(convtwin, model: Path, arguments, message: str) -> None:
    arguments = [str(model) if argument == "MODEL" else argument for argument in arguments]
    status, _, err = convtwin("compare", *arguments)
    assert status == 2
    assert message in err
    assert err.startswith("convtwin: ")
    assert err.count("\n") == 1


def test_an_unsupported_layer_is_named(convtwin, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential(
        [keras.Input((4, 3)), keras.layers.LSTM(2, name="memory"), keras.layers.Dense(2)]
    ).save(path)
    status, _, err = convtwin("compare", path)
    assert status == 2
    assert "'memory' (LSTM)" in err
    assert err.count("\n") == 1
