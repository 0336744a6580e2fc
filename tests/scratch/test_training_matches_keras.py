"""Both twins, from the same weights over the same batches, in float64."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import pytest

from keras_models import config as keras_config
from scratch import Sequential, config, losses
from scratch.callbacks import EarlyStopping
from scratch.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    Input,
    MaxPooling2D,
    Softmax,
)
from scratch.optimizers import SGD
from tests.scratch.small_models import CLASSES, INPUT_SHAPE, samples

LOSS = "sparse_categorical_crossentropy"
TOLERANCE = {"rtol": 1e-10, "atol": 1e-12}
X, Y = samples(23, "float64")
X_VALIDATION, Y_VALIDATION = samples(7, "float64", seed=1)


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    with keras_config.using_floatx("float64"), config.using_floatx("float64"):
        yield


def heads(layers: Any) -> dict[str, list[Any]]:
    return {
        "dense with softmax": [layers.Dense(CLASSES, activation="softmax")],
        "softmax layer": [layers.Dense(CLASSES), layers.Softmax()],
        "softmax activation": [layers.Dense(CLASSES), layers.Activation("softmax")],
        "logits": [layers.Dense(CLASSES)],
    }


class ScratchLayers:
    Activation, Dense, Softmax = Activation, Dense, Softmax


def twins(
    head: str,
    loss: Any,
    keras_loss: Any,
    scale: float = 1.0,
    metrics: Sequence[str] | None = ("accuracy",),
) -> tuple[Any, Any]:
    """A scratch and a Keras model, compiled alike, with the same weights."""
    scratch_model = Sequential(
        [
            Input(INPUT_SHAPE),
            Conv2D(3, (3, 2), activation="relu"),
            BatchNormalization(momentum=0.9),
            MaxPooling2D(2),
            Flatten(),
            *heads(ScratchLayers)[head],
        ]
    )
    keras_model = keras.Sequential(
        [
            keras.Input(INPUT_SHAPE),
            keras.layers.Conv2D(3, (3, 2), activation="relu"),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            *heads(keras.layers)[head],
        ]
    )
    rng = np.random.default_rng(2)
    for weight in scratch_model.weights.values():
        weight[...] = scale * rng.uniform(0.1, 0.5, weight.shape) * rng.choice([-1, 1], 1)
        weight[...] = np.abs(weight) if weight.ndim == 1 else rng.permuted(weight)
    keras_model.set_weights(list(scratch_model.weights.values()))
    scratch_model.compile(SGD(0.1), loss, metrics=metrics)
    keras_model.compile(keras.optimizers.SGD(0.1), keras_loss, metrics=metrics and list(metrics))
    return scratch_model, keras_model


def assert_twins_agree(scratch_model: Any, keras_model: Any) -> None:
    weights = zip(scratch_model.weights.items(), keras_model.get_weights(), strict=True)
    for (name, w_scratch), w_keras in weights:
        np.testing.assert_allclose(w_scratch, w_keras, **TOLERANCE, err_msg=name)


CASES = [
    *[(h, "sparse_categorical_crossentropy", False) for h in heads(ScratchLayers) if h != "logits"],
    ("dense with softmax", "categorical_crossentropy", False),
    ("logits", "sparse_categorical_crossentropy", True),
    ("logits", "mean_squared_error", None),
    ("dense with softmax", "mean_squared_error", None),
]


@pytest.mark.parametrize(("head", "loss", "from_logits"), CASES)
def test_train_on_batch(head: str, loss: str, from_logits: bool | None) -> None:
    arguments = {} if from_logits is None else {"from_logits": from_logits}
    scratch_loss = losses.get({"class_name": loss, "config": arguments})
    class_name = "".join(word.title() for word in loss.split("_"))
    keras_loss = getattr(keras.losses, class_name)(**arguments)
    scratch_model, keras_model = twins(head, scratch_loss, keras_loss)
    y = Y if loss.startswith("sparse") else np.eye(CLASSES)[Y]
    for batch in (slice(0, 8), slice(8, 16), slice(16, 23), slice(0, 1)) * 2:
        report_scratch = scratch_model.train_on_batch(X[batch], y[batch], return_dict=True)
        keras_model.reset_metrics()
        report_keras = keras_model.train_on_batch(X[batch], y[batch], return_dict=True)
        assert report_scratch.keys() == report_keras.keys()
        for name, value in report_keras.items():
            np.testing.assert_allclose(report_scratch[name], value, **TOLERANCE, err_msg=name)
        assert_twins_agree(scratch_model, keras_model)


def test_saturated_softmax_is_trained_from_the_logits() -> None:
    """From probabilities the gradient of a sure error is clipped away; from logits it is not."""
    loss = "sparse_categorical_crossentropy"
    scratch_model, keras_model = twins("dense with softmax", loss, loss, scale=40.0)
    prediction = scratch_model.predict(X)
    assert prediction.max() == 1.0
    assert prediction.min() < 1e-30
    report_scratch = scratch_model.train_on_batch(X, Y, return_dict=True)
    report_keras = keras_model.train_on_batch(X, Y, return_dict=True)
    assert report_scratch["loss"] > -np.log(1e-7)
    np.testing.assert_allclose(report_scratch["loss"], report_keras["loss"], rtol=1e-10)
    assert_twins_agree(scratch_model, keras_model)


def test_fit_evaluate_and_predict() -> None:
    """The last batch of an epoch is smaller; what is reported is the mean over samples."""
    loss = "sparse_categorical_crossentropy"
    scratch_model, keras_model = twins("dense with softmax", loss, loss)
    arguments = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0}
    validation = (X_VALIDATION, Y_VALIDATION)
    got = scratch_model.fit(X, Y, validation_data=validation, **arguments)
    want = keras_model.fit(X, Y, validation_data=validation, validation_batch_size=8, **arguments)
    assert got.epoch == want.epoch
    assert got.history.keys() == want.history.keys()
    for name, values in want.history.items():
        np.testing.assert_allclose(got.history[name], values, rtol=1e-10, err_msg=name)
    assert_twins_agree(scratch_model, keras_model)

    report_scratch = scratch_model.evaluate(X, Y, batch_size=5, return_dict=True)
    report_keras = keras_model.evaluate(X, Y, batch_size=5, verbose=0, return_dict=True)
    assert report_scratch == pytest.approx(report_keras, rel=1e-10)
    y_keras = keras_model.predict(X, verbose=0)
    np.testing.assert_allclose(scratch_model.predict(X, batch_size=6), y_keras, **TOLERANCE)


@pytest.mark.parametrize("metrics", [None, ["accuracy"]])
def test_without_return_dict_numbers_come_as_in_keras(metrics: list[str] | None) -> None:
    scratch_model, keras_model = twins("softmax layer", LOSS, LOSS, metrics=metrics)
    for method, options in (("train_on_batch", {}), ("evaluate", {"verbose": 0})):
        got = getattr(scratch_model, method)(X, Y)
        want = getattr(keras_model, method)(X, Y, **options)
        assert np.shape(got) == np.shape(want)
        assert got == pytest.approx(np.asarray(want, float), rel=1e-6)


def test_validation_split_takes_the_samples_keras_takes() -> None:
    scratch_model, keras_model = twins("logits", "mse", "mse")
    arguments = {"batch_size": 8, "epochs": 2, "shuffle": False, "validation_split": 0.3}
    y = np.eye(CLASSES)[Y]
    got = scratch_model.fit(X, y, **arguments)
    want = keras_model.fit(X, y, verbose=0, **arguments)
    for name, values in want.history.items():
        np.testing.assert_allclose(got.history[name], values, rtol=1e-10, err_msg=name)


def test_early_stopping_stops_and_restores_where_keras_does() -> None:
    loss = "sparse_categorical_crossentropy"
    scratch_model, keras_model = twins("dense with softmax", loss, loss)
    arguments = {"batch_size": 8, "epochs": 40, "shuffle": False, "verbose": 0}
    validation = (X_VALIDATION, Y_VALIDATION)
    stopping = {"patience": 3, "restore_best_weights": True}
    got = scratch_model.fit(
        X, Y, validation_data=validation, callbacks=[EarlyStopping(**stopping)], **arguments
    )
    want = keras_model.fit(
        X,
        Y,
        validation_data=validation,
        callbacks=[keras.callbacks.EarlyStopping(**stopping)],
        **arguments,
    )
    assert got.epoch == want.epoch
    assert len(got.epoch) < 40
    assert_twins_agree(scratch_model, keras_model)
