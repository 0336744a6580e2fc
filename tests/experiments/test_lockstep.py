"""Both twins on the same batches: what is measured, against what is known."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from experiments.faults.dense import KernelGradientAveraged
from experiments.lockstep import Batch, Record, Step, lockstep, scratch_optimizer
from experiments.lockstep.record import difference
from experiments.lockstep.sides import KerasSide
from keras_models.weights import read_weights
from tests.experiments.twins import photographs, random_batches, twins

LOSS = "sparse_categorical_crossentropy"
OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.01),
    "sgd": lambda: keras.optimizers.SGD(0.05),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
}


def run(models, batches, keras_optimizer=None, **options) -> Record:
    keras_optimizer = keras_optimizer or keras.optimizers.SGD(0.05)
    optimizer = scratch_optimizer(keras_optimizer)
    return lockstep(*models, batches, optimizer, keras_optimizer, **options)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float64_twins_stay_together_while_they_learn(name: str) -> None:
    batches = [Batch(epoch, *photographs(12, "float64")) for epoch in range(1, 41)]
    steps = run(twins(), batches, OPTIMIZERS[name]()).steps
    assert steps.weight_difference.max() < 1e-12
    assert steps.loss_difference.max() < 1e-13
    assert 0 < steps.gradient_difference.max() < 1e-12
    assert steps.loss_keras.iloc[-1] < 0.7 * steps.loss_keras.iloc[0]


def test_keras_starts_from_the_scratch_weights() -> None:
    scratch_model, _ = twins(seed=1)
    _, keras_model = twins(seed=2)
    assert run((scratch_model, keras_model), random_batches(1)).steps.weight_difference[0] < 1e-14


def test_the_keras_side_takes_the_step_that_fit_takes() -> None:
    _, stepped = twins("float32")
    _, fitted = twins("float32")
    side = KerasSide(stepped, keras.optimizers.Adam(0.01), LOSS)
    fitted.compile(keras.optimizers.Adam(0.01), LOSS)
    for batch in random_batches(3, "float32"):
        loss = side.step(batch.x, batch.y).loss
        assert loss == pytest.approx(fitted.train_on_batch(batch.x, batch.y), rel=1e-6)
        fitted.reset_metrics()
    for ours, theirs in zip(stepped.variables, fitted.variables, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-5, atol=1e-6)


def test_the_keras_side_differentiates_from_the_logits() -> None:
    """A classifier that is surely wrong: from probabilities its gradient would be clipped to 0."""
    _, keras_model = twins()
    classifier = keras_model.get_layer("classifier")
    classifier.kernel.assign(classifier.kernel * 1e3)
    x, y = photographs(6, "float64")
    features = keras.Model(keras_model.inputs, keras_model.get_layer("flatten").output)
    logits = features([x], training=True) @ classifier.kernel + classifier.bias
    expected = (tf.nn.softmax(logits) - tf.one_hot(y, 5, dtype="float64")) / 6
    assert np.abs(expected).max() > 0.1
    taken = KerasSide(keras_model, keras.optimizers.SGD(0.0), LOSS).step(x, y)
    np.testing.assert_allclose(
        taken.gradients["classifier/bias"], tf.reduce_sum(expected, axis=0), atol=1e-12
    )


def test_a_wrong_gradient_is_measured_where_it_is() -> None:
    models = twins()
    classifier = models[0].get_layer("classifier")
    classifier.__class__ = KernelGradientAveraged
    record = run(models, random_batches(1, size=6))
    rows = record.layers.set_index(["layer", "weight"])
    expected = 5 * np.abs(classifier.gradients["kernel"]).max()  # dW beside dW / 6
    step = record.steps.iloc[0]
    assert step.loss_difference < 1e-14
    assert step.gradient_furthest == "classifier/kernel"
    assert step.gradient_difference == pytest.approx(expected)
    assert rows.gradient_difference["classifier", "kernel"] == pytest.approx(expected)
    assert rows.gradient_size["classifier", "kernel"] == pytest.approx(1.2 * expected)
    assert rows.gradient_difference.drop(("classifier", "kernel")).max() < 1e-14
    assert step.weight_furthest == "classifier/kernel"
    assert step.weight_difference == pytest.approx(0.05 * expected, rel=1e-6)


def test_moving_statistics_are_among_the_weights() -> None:
    models = twins()
    models[0].get_layer("norm").momentum = 0.5
    record = run(models, random_batches(1))
    assert record.steps.weight_furthest[0] == "norm/moving_variance"
    moving = record.layers.query("weight == 'moving_variance'").iloc[0]
    assert moving.weight_difference == record.steps.weight_difference[0] > 0.1
    assert np.isnan(moving.gradient_difference)


def test_a_nan_is_further_than_anything() -> None:
    found = difference({"a": np.array([np.nan]), "b": np.array([9.0])}, {"a": 0.0, "b": 0.0})
    assert found.furthest == "a"
    assert np.isnan(found.value)


def test_a_rerun_is_the_same_bit_for_bit() -> None:
    runs = [run(twins("float32"), random_batches(8, "float32")) for _ in range(2)]
    first, second = (r.steps.drop(columns=["seconds_scratch", "seconds_keras"]) for r in runs)
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_an_epoch_is_the_mean_over_its_samples() -> None:
    sizes = {1: [6, 6, 2], 2: [3, 1]}
    batches = [
        Batch(epoch, *photographs(size, "float64", seed=10 * epoch + i))
        for epoch, counts in sizes.items()
        for i, size in enumerate(counts)
    ]
    record = run(twins(), batches)
    losses = record.steps.loss_keras
    epochs = record.epochs
    assert list(epochs.epoch) == [1, 2]
    assert epochs.loss_keras[0] == pytest.approx(np.average(losses[:3], weights=sizes[1]))
    assert epochs.loss_keras[1] == pytest.approx(np.average(losses[3:], weights=sizes[2]))
    assert epochs.seconds_keras[1] == pytest.approx(record.steps.seconds_keras[3:].sum())
    assert epochs.weight_difference[0] == record.steps.weight_difference[2]


def test_the_learning_rate_of_an_epoch_is_set_on_both_sides() -> None:
    models = twins()
    batches = [Batch(epoch, *photographs(6, "float64")) for epoch in (1, 2)]
    weights = []
    run(
        models,
        batches,
        learning_rate=lambda epoch: {1: 0.1, 2: 0.0}[epoch],
        observe=lambda _step: weights.append(read_weights(models[1])["conv/kernel"]),
    )
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.abs(weights[0] - read_weights(twins()[1])["conv/kernel"]).max() > 1e-3
    np.testing.assert_allclose(models[0].weights["conv/kernel"], weights[1], atol=1e-14)


def test_observe_sees_every_step() -> None:
    seen: list[Step] = []
    steps = run(twins(), random_batches(3), observe=seen.append).steps
    assert [step.step for step in seen] == [1, 2, 3]
    assert [step.loss_keras for step in seen] == list(steps.loss_keras)


def test_used_optimizers_are_refused() -> None:
    optimizer = keras.optimizers.SGD(0.05)
    run(twins(), random_batches(2), optimizer)
    with pytest.raises(ValueError, match=r"fresh optimizers, .* 0 updates and Keras' 2"):
        run(twins(), random_batches(1), optimizer)


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (keras.optimizers.Adam(amsgrad=True), "amsgrad=True has no counterpart"),
        (keras.optimizers.SGD(clipnorm=1.0), "clipnorm=1.0 has no counterpart"),
        (keras.optimizers.RMSprop(), "RMSprop has no counterpart"),
        (keras.optimizers.AdamW(weight_decay=0.0), "AdamW has no counterpart"),
        (
            keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
            "learning rate schedule",
        ),
    ],
)
def test_optimizers_without_counterpart_are_refused(optimizer, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scratch_optimizer(optimizer)
