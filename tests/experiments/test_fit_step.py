"""One step of both twins: right ones agree in every part, planted mistakes are named."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from experiments.compare.verdicts import FAULT
from experiments.faults.dense import KernelGradientAveraged
from experiments.lockstep import FitStep, fit_step, scratch_optimizer
from experiments.lockstep.step_outcome import COLUMNS, PARTS
from keras_models import to_scratch
from keras_models.config import using_floatx
from keras_models.weights import read_weights, write_weights
from scratch.functional import moments
from scratch.layers import BatchNormalization
from scratch.regularizers import L2
from tests.experiments.twins import photographs, twins

OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.001),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
}


def step(model, optimizer=None, seed: int = 0, **options) -> FitStep:
    x, y = photographs(6, model.inputs[0].dtype, seed)
    return fit_step(model, x, y, optimizer or OPTIMIZERS["momentum"](), **options)


def faults(found: FitStep) -> list[tuple[str, str, str]]:
    rows = found.table[found.table.verdict == FAULT]
    return list(zip(rows.layer, rows.part, rows.tensor, strict=True))


def network(dtype: str = "float64", **conv) -> keras.Model:
    """A shared batch normalization, Dropout, penalties, and a part to freeze."""
    with using_floatx(dtype):
        keras.utils.set_random_seed(4)
        x = image = keras.Input((9, 7, 3), name="image")
        x = layers.Conv2D(4, (2, 3), use_bias=False, name="conv", **conv)(x)
        norm = layers.BatchNormalization(name="norm", momentum=0.9)
        x = layers.ReLU(name="relu")(norm(x))
        x = layers.Add(name="add")([norm(x), x])
        x = layers.Dropout(0.4, name="dropout")(x)
        inner = keras.Sequential(
            [
                keras.Input(x.shape[1:]),
                layers.Conv2D(3, 2, name="conv", activation="relu"),
                layers.BatchNormalization(name="norm"),
            ],
            name="inner",
        )
        x = layers.Flatten(name="flatten")(inner(x))
        x = layers.Dense(5, activation="softmax", name="classifier", kernel_regularizer="l2")(x)
        return keras.Model(image, x)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("adam", "float32"),
        ("momentum", "float64"),
        pytest.param("adam", "float64", marks=pytest.mark.slow),
        pytest.param("momentum", "float32", marks=pytest.mark.slow),
    ],
)
def test_right_twins_agree_in_every_part_of_two_steps(name: str, dtype: str) -> None:
    model, optimizer = network(dtype), OPTIMIZERS[name]()
    for seed in range(2):
        found = step(model, optimizer, seed)
        assert found.ok
        assert found.table.error_ratio.max() < 1
        assert set(found.table.part) == {"gradient", "statistics", "penalty", "update"}
        assert found.loss_scratch == pytest.approx(found.loss_keras, rel=1e-5)
        assert found.sentence.startswith(f"All {len(found.table)} tensors of the step agree")
    assert int(optimizer.iterations) == 2
    if dtype == "float64":
        assert found.table.fit_abs_diff.max() < 1e-11


def test_the_step_is_the_one_that_keras_fit_takes() -> None:
    """Weights, statistics and masks: a copy of the model that fits by itself ends where it does."""
    models = [network(), network()]
    before = read_weights(models[0])
    found = step(models[0])
    optimizer = OPTIMIZERS["momentum"]()
    with using_floatx("float64"):
        models[1].compile(optimizer, "sparse_categorical_crossentropy")
        x, y = photographs(6, "float64")
        history = models[1].fit(x, y, batch_size=6, shuffle=False, verbose=0)
    after = read_weights(models[1])
    assert found.loss_keras == pytest.approx(history.history["loss"][0], rel=1e-6)
    for name, weight in read_weights(models[0]).items():
        np.testing.assert_allclose(weight, after[name], rtol=1e-9, atol=1e-12, err_msg=name)
    moved = found.table.dropna(subset="moved").set_index(["layer", "tensor"]).moved
    for (layer, tensor), distance in moved.items():
        if "use" not in layer:
            key = f"{layer}/{tensor}"
            assert distance == pytest.approx(np.abs(after[key] - before[key]).max(), rel=1e-6)
    assert moved["conv", "kernel"] > 1e-4


def test_every_weight_and_every_call_is_in_the_table() -> None:
    model = network("float32")
    table = step(model).table
    assert list(table.columns) == COLUMNS
    weights = table[table.part.isin(["statistics", "update", "unmoved"])]
    keys = set(weights.layer + "/" + weights.tensor)
    assert keys == set(read_weights(model)) | {
        f"norm (use 2)/moving_{name}" for name in ("mean", "variance")
    }
    assert table[table.part == "penalty"][["layer", "tensor"]].to_numpy().tolist() == [
        ["classifier", "kernel"]
    ]
    assert {"norm", "norm (use 2)", "inner/conv", "dropout"} <= set(table.layer)
    assert table.fit_abs_diff.notna().equals(table.part.isin(["statistics", "update", "unmoved"]))


def test_summaries_follow_from_the_table() -> None:
    found = step(network("float32"))
    table, by_layer, parts = found.table, found.layers, found.parts
    assert list(by_layer.layer) == list(table.layer.unique())
    row = by_layer.set_index("layer").loc["inner/norm"]
    own = table[table.layer == "inner/norm"]
    for part in PARTS:
        largest = own[own.part == part].error_ratio.max()
        assert row[part] == largest or (np.isnan(row[part]) and np.isnan(largest))
    assert row.verdict == "agrees"
    assert row.moved == own.moved.max()
    assert parts.tensors.sum() == len(table)
    worst = parts.set_index("part").loc["statistics"]
    chosen = table[(table.layer == worst.layer) & (table.part == "statistics")]
    assert chosen[chosen.tensor == worst.tensor].error_ratio.item() == worst.largest_ratio


class UnbiasedStatistics(BatchNormalization):
    """Moves the moving variance by n / (n - 1) times the batch's, as PyTorch does."""

    def statistics(self, x, axes, training):
        moving = self.weights["moving_variance"]
        before = moving.copy()
        found = super().statistics(x, axes, training)
        count = x.size / found[0].size
        if training:
            variance = moments(x, axes)[1].reshape(moving.shape) * count / (count - 1)
            moving[...] = before * self.momentum + variance * (1 - self.momentum)
        return found


class ForgetsToMove(BatchNormalization):
    def statistics(self, x, axes, training):
        before = {n: self.weights[n].copy() for n in ("moving_mean", "moving_variance")}
        found = super().statistics(x, axes, training)
        for name, values in before.items():
            self.weights[name][...] = values
        return found


@pytest.mark.parametrize(
    ("layer_class", "tensors"),
    [
        (UnbiasedStatistics, ["moving_variance"]),
        (ForgetsToMove, ["moving_mean", "moving_variance"]),
    ],
)
def test_wrong_statistics_are_named_though_all_gradients_agree(layer_class, tensors) -> None:
    _, model = twins("float32")
    twin = to_scratch(model)
    twin.get_layer("norm").__class__ = layer_class
    found = step(model, twin=twin)
    assert faults(found) == [("norm", "statistics", tensor) for tensor in tensors]
    assert "first in the statistics of layer 'norm': " + tensors[0] in found.sentence
    assert found.layers.set_index("layer").verdict.to_dict()["norm"] == FAULT


def test_another_momentum_of_the_statistics_is_a_fault() -> None:
    _, model = twins("float32")
    twin = to_scratch(model)
    twin.get_layer("norm").momentum = 0.9901
    assert {(layer, part) for layer, part, _ in faults(step(model, twin=twin))} == {
        ("norm", "statistics")
    }


def test_a_wrong_gradient_and_a_wrong_update_are_named() -> None:
    _, model = twins("float32")
    twin = to_scratch(model)
    twin.get_layer("classifier").__class__ = KernelGradientAveraged
    assert faults(step(model, twin=twin)) == [("classifier", "gradient", "grad:kernel")]
    right = OPTIMIZERS["momentum"]()
    wrong = scratch_optimizer(right)
    wrong.learning_rate *= 1.001
    found = step(model, right, twin_optimizer=wrong)
    assert {part for _, part, _ in faults(found)} == {"update"}
    assert ("norm", "update", "gamma") in faults(found)


@pytest.mark.parametrize("factor", [None, 0.0100001])
def test_a_wrong_penalty_is_named(factor: float | None) -> None:
    model = network("float64")
    twin = to_scratch(model)
    regularizers = twin.get_layer("classifier").regularizers
    regularizers.clear()
    if factor:
        regularizers["kernel"] = L2(factor)
    assert faults(step(model, twin=twin)) == [("classifier", "penalty", "kernel")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_frozen_layers_stay_on_both_sides(dtype: str) -> None:
    """A nested model that is frozen: its batch normalization, too, is as in inference."""
    model = network(dtype)
    model.get_layer("inner").trainable = False
    rng = np.random.default_rng(0)
    shifted = {k: w + rng.uniform(0.1, 0.2, w.shape) for k, w in read_weights(model).items()}
    write_weights(model, {name: weight.astype(dtype) for name, weight in shifted.items()})
    found = step(model)
    assert found.ok
    inner = found.table[found.table.layer.str.startswith("inner/")]
    assert set(inner.part) == {"gradient", "unmoved"}
    assert not inner.tensor.str.startswith("grad:").any()
    staying = inner[inner.part == "unmoved"]
    assert set(staying.tensor) == {
        "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance",
    }  # fmt: skip
    assert (staying[["moved", "fit_abs_diff"]] == 0).all(axis=None)
    assert found.table[found.table.layer == "conv"].moved.max() > 0


def test_a_twin_that_does_not_freeze_is_found() -> None:
    model = network("float32")
    model.get_layer("inner").trainable = False
    twin = to_scratch(model)
    twin.get_layer("inner/norm").trainable = True
    named = {(layer, part) for layer, part, _ in faults(step(model, twin=twin))}
    assert named >= {("inner/norm", "gradient"), ("inner/norm", "unmoved")}


def test_nothing_to_train_is_a_step_that_moves_nothing() -> None:
    model = network("float32")
    model.trainable = False
    found = step(model)
    assert found.ok
    assert found.table.moved.max() == found.table.fit_abs_diff.max() == 0


def test_the_table_goes_through_csv(tmp_path) -> None:
    table = step(network("float32")).layers
    table.to_csv(tmp_path / "layers.csv", index=False)
    again = pd.read_csv(tmp_path / "layers.csv")
    pd.testing.assert_frame_equal(again, table, check_dtype=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ResNet50", "MobileNetV2"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_of_a_deep_network_agrees_layer_by_layer(name: str, optimizer: str) -> None:
    keras.utils.set_random_seed(0)
    application = getattr(keras.applications, name)
    model = application(weights=None, input_shape=(32, 32, 3), classes=6)
    rng = np.random.default_rng(0)
    x, y = rng.random((4, 32, 32, 3), dtype="float32"), rng.integers(0, 6, 4)
    found = fit_step(model, x, y, OPTIMIZERS[optimizer]())
    assert found.ok, found.sentence
    assert not (found.table.verdict == "suspect").any()
    normalised = [la for la in model.layers if isinstance(la, layers.BatchNormalization)]
    assert (found.table.part == "statistics").sum() == 2 * len(normalised) > 100
    assert (found.table.part == "update").sum() == len(model.trainable_weights)
