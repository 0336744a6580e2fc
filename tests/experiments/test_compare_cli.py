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

    def spy(scratch_model, keras_model, x, y, **options) -> Comparison:
        seen.append({"x": x, "y": y, "model": keras_model, **options})
        return compare_layers(scratch_model, keras_model, x, y, **options)

    monkeypatch.setattr(comparison_package, "compare_layers", spy)
    return seen


def test_an_honest_model_agrees(convtwin, model: Path, calls) -> None:
    status, out, _ = convtwin("compare", model)
    assert status == 0
    assert out.startswith("They agree")
    assert "needs a look" not in out
    counts = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:6] if line.strip()}
    assert counts["verdict"] == ["isolated", "propagated"]
    assert sum(int(counts[v][0]) for v in counts if v in ("identical", "rounding")) == 14
    assert calls[0]["x"].shape == (4, 9, 7, 2)
    assert calls[0]["x"].dtype == np.float32
    assert calls[0]["loss"] == "sparse_categorical_crossentropy"
    assert calls[0]["training"] is True
    assert calls[0]["algorithm"] == "exact"


def test_options_reach_the_comparison(convtwin, model: Path, calls, tmp_path: Path) -> None:
    arguments = ["--batch", 2, "--seed", 5, "--dtype", "float64", "--inference"]
    arguments += ["--algorithm", "winograd"]
    assert convtwin("compare", model, *arguments, "--loss", "mean_squared_error")[0] == 0
    assert calls[0]["x"].shape == (2, 9, 7, 2)
    assert calls[0]["x"].dtype == np.float64
    assert (calls[0]["loss"], calls[0]["training"]) == ("mean_squared_error", False)
    assert calls[0]["algorithm"] == "winograd"
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
    summary, *rest = out.splitlines()
    assert "They differ" in summary
    assert "dense" in summary
    shown = rest[rest.index("What needs a look:") :]
    rows = [line for line in shown if line.split()[-1:] == ["fault"]]
    assert {tuple(row.split()[:3]) for row in rows} == {
        ("dense", "Dense", tensor)
        for tensor in ("output", "grad_input", "grad:kernel", "grad:bias")
    }


def test_all_rows_are_printed_when_asked_for(convtwin, model: Path) -> None:
    _, short, _ = convtwin("compare", model)
    status, out, _ = convtwin("compare", model, "--all")
    assert status == 0
    assert out.splitlines()[0] == short.splitlines()[0]
    rows = [line.split()[:4] for line in out.splitlines() if " propagated " in line]
    assert ["dense", "Dense", "grad:bias", "propagated"] in rows
    assert len(rows) == 14 + 1  # And the counts' heading.
    assert "propagated" not in short.split("error ratio")[-1]


def test_a_network_of_the_zoo_has_no_neutral_weight(convtwin, calls) -> None:
    assert convtwin("compare", "zoo:inception_3a", "--batch", 1, "--dtype", "float64")[0] == 0
    weights = {w.path: w.numpy() for w in calls[0]["model"].weights}
    assert weights
    assert all(w.std() > 0 for w in weights.values())
    assert calls[0]["x"].dtype == np.float64


def test_one_of_kerass_networks_in_the_shape_asked_for(convtwin, calls) -> None:
    arguments = ["--input-shape", "33,32,3", "--batch", 1]
    status, out, _ = convtwin("compare", "applications:MobileNet", *arguments)
    assert status == 0, out
    assert calls[0]["x"].shape == (1, 33, 32, 3)
    weights = {w.path: w.numpy() for w in calls[0]["model"].weights}
    assert all(w.std() > 0 for w in weights.values())


def test_open_sizes_are_filled_in(convtwin, calls, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential(
        [
            keras.Input((None, None, 2)),
            keras.layers.Conv2D(3, 2),
            keras.layers.GlobalAveragePooling2D(),
        ]
    ).save(path)
    assert "--input-shape" in convtwin("compare", path)[2]
    assert convtwin("compare", path, "--input-shape", "5,4,2")[0] == 0
    assert calls[0]["x"].shape == (4, 5, 4, 2)
    assert "takes no (5, 4, 3)" in convtwin("compare", path, "--input-shape", "5,4,3")[2]


@pytest.mark.parametrize("suffix", [".csv", ".html", ".md"])
def test_the_table_is_written(convtwin, model: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"layers{suffix}"
    assert convtwin("compare", model, "--output", path)[0] == 0
    text = path.read_text()
    start = {".csv": "layer,", ".html": '<div class="comparison">', ".md": "| layer |"}[suffix]
    assert text.startswith(start)
    if suffix == ".csv":
        table = pd.read_csv(path)
        assert {"isolated", "propagated"} == set(table["mode"])
        assert {"conv", "norm", "flat", "dense"} <= set(table.layer)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.keras"], "There is no model file gone.keras"),
        (["zoo:signs_depe"], "Did you mean 'zoo:signs_deep'?"),
        (["applications:ResNet50", "--input-shape", "8,8,3"], "cannot be built for this shape"),
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
