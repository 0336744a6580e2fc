"""Twins that are twins: no fault, whatever the network, dtype, mode and state of training."""

import itertools

import keras
import numpy as np
import pytest

import scratch.zoo
from experiments.compare import compare_layers
from experiments.photo_tasks import PhotoTask, photo_task
from keras_models import copy_weights, to_scratch
from keras_models.config import using_floatx
from keras_models.zoo import NETWORKS
from scratch import layers
from tests.experiments.compare.twins import CLEAN, small, twins
from tests.experiments.photographs import photographs, train_briefly
from tests.keras_models.samples import branched, every_layer, shared

# Both dtypes, modes and states come up for each network; all their combinations are slow.
QUICK = {("float32", True, "trained"), ("float64", False, "untrained")}
RUNS = [
    pytest.param(*run, marks=() if run[1:] in QUICK else pytest.mark.slow)
    for run in itertools.product(
        NETWORKS, ("float32", "float64"), (True, False), ("untrained", "trained")
    )
]


def network(name: str, dtype: str) -> tuple[keras.Model, PhotoTask]:
    keras.utils.set_random_seed(3)
    model = NETWORKS[name](dtype)
    return model, photo_task(model, photographs(), 2, np.random.default_rng(3))


@pytest.mark.parametrize(("name", "dtype", "training", "state"), RUNS)
def test_the_zoo_on_photographs(name: str, dtype: str, training: bool, state: str) -> None:
    model, task = network(name, dtype)
    if state == "trained":
        train_briefly(model, task)
    found = compare_layers(to_scratch(model), model, *task, training=training)
    assert found.ok, found.summary
    assert found.faults == []
    assert set(found.isolated.verdict) <= {*CLEAN, "suspect", "flip"}
    assert (found.isolated.verdict == "suspect").sum() <= 1
    assert found.isolated.error_ratio.max() <= 1
    assert set(found.table[found.table["mode"] == "propagated"].verdict) <= {*CLEAN, "flip"}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [every_layer, branched, shared, small])
def test_every_layer_branches_and_shared_layers(function, dtype: str, training: bool) -> None:
    found = twins(function, dtype).compare(training=training)
    assert found.ok, found.summary
    assert set(found.table.verdict) <= {*CLEAN, "flip"}


def test_a_model_written_by_hand() -> None:
    model, task = network("inception_3a", "float32")
    own = scratch.zoo.inception_3a("float32")
    copy_weights(model, own)
    assert compare_layers(own, model, *task).ok


def test_other_names_in_the_same_order() -> None:
    with using_floatx("float64"):
        model = keras.Sequential(
            [
                keras.Input((5, 4, 2)),
                keras.layers.Conv2D(3, 2),
                keras.layers.ReLU(),
                keras.layers.Flatten(),
                keras.layers.Dense(4, activation="softmax"),
            ]
        )
    row = [
        layers.Conv2D(3, 2, name="my_conv", dtype="float64"),
        layers.ReLU(name="my_relu", dtype="float64"),
        layers.Flatten(name="my_flatten", dtype="float64"),
        layers.Dense(4, activation="softmax", name="my_dense", dtype="float64"),
    ]
    own = scratch.Sequential([layers.Input((5, 4, 2), dtype="float64"), *row])
    for weight, variable in zip(own.weights.values(), model.weights, strict=True):
        weight[...] = variable.numpy()
    x = np.random.default_rng(0).standard_normal((3, 5, 4, 2))
    found = compare_layers(own, model, x, np.array([0, 1, 3]))
    assert found.ok, found.summary
    assert set(found.table.layer) == {layer.name for layer in model.layers}


@pytest.mark.parametrize("loss", ["mean_squared_error", keras.losses.MeanAbsoluteError()])
def test_any_keras_loss(loss) -> None:
    pair = twins(small, loss="mean_squared_error")
    found = pair.compare(loss=loss)
    assert found.ok, found.summary
    by_keras = keras.losses.get(loss)(pair.y, pair.keras(pair.x, training=True))
    assert found.loss == pytest.approx(float(np.mean(by_keras)), rel=1e-6)
