"""The probe against TensorFlow's own gradient of the whole model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_models import loss_and_gradient, probe
from keras_models.config import using_floatx
from keras_models.graph import trace
from keras_models.weights import keras_variables
from tests.keras_models.samples import (
    branched,
    build,
    bytes_of,
    every_layer,
    further_layers,
    inputs_for,
    randomize,
    shared,
)

CLOSE = {"rtol": 1e-11, "atol": 1e-14}
LABELS = np.array([2, 0, 3])


def end_to_end(model, x, y, training):
    """Loss, output, gradients by weights and by inputs, from one tape over the whole model."""
    inputs = [tf.constant(array) for array in (x if isinstance(x, list) else [x])]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = model(inputs if isinstance(x, list) else inputs[0], training=training)
        chosen = tf.gather(tf.identity(output), y, batch_dims=1)
        loss = -tf.reduce_mean(tf.math.log(chosen))
    trained = {name: v.value for name, v in keras_variables(model).items() if v.trainable}
    gradients, by_input = tape.gradient(loss, (trained, inputs))
    by_weight = {name: gradient.numpy() for name, gradient in gradients.items()}
    return float(loss), output.numpy(), by_weight, [g.numpy() for g in by_input]


def input_gradients(model, probed) -> list[np.ndarray]:
    graph = trace(model)
    totals = [0.0] * len(graph.inputs)
    for call, values in zip(graph.calls, probed.calls, strict=True):
        for number, gradient in zip(call.inputs, values.grad_inputs, strict=True):
            if number < len(totals):
                totals[number] = totals[number] + gradient
    return totals


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("sample", [branched, shared, every_layer, further_layers])
def test_gradients_are_those_of_the_whole_model(sample, training):
    model = build(sample)
    x = inputs_for(model)
    probed = probe(model, x, LABELS, "sparse_categorical_crossentropy", training)
    # The random states were put back: the same dropout masks are drawn once more.
    loss, output, by_weight, by_input = end_to_end(model, x, LABELS, training)
    np.testing.assert_allclose(probed.loss, loss, **CLOSE)
    np.testing.assert_allclose(probed.calls[-1].output, output, **CLOSE)
    got = {f"{la}/{name}": g for la, gs in probed.grad_weights.items() for name, g in gs.items()}
    assert set(got) == set(by_weight)
    for name, gradient in by_weight.items():
        np.testing.assert_allclose(got[name], gradient, **CLOSE, err_msg=name)
    for got_gradient, gradient in zip(input_gradients(model, probed), by_input, strict=True):
        np.testing.assert_allclose(got_gradient, gradient, **CLOSE)


def test_upstream_gradient_of_a_tensor_with_three_uses():
    model = build(branched)
    x = inputs_for(model)
    probed = {call.layer.name: call for call in probe(model, x, LABELS, LOSS, False).calls}
    tail = keras.Model(model.get_layer("norm").output, model.output)
    _, _, _, (want,) = end_to_end(tail, probed["norm"].output, LABELS, False)
    np.testing.assert_allclose(probed["norm"].grad_output, want, **CLOSE)
    assert [array.shape for array in probed["add"].grad_inputs] == [(3, 5, 4, 3)] * 3


LOSS = "sparse_categorical_crossentropy"


def test_several_outputs_add_up_their_losses():
    """One output used inside as well, one given twice, and one that is an input."""
    with using_floatx("float64"):
        a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
        hidden = layers.Dense(3, activation="tanh", name="hidden")(layers.Add(name="add")([a, b]))
        end = layers.Dense(4, activation="softmax", name="end")(hidden)
    model = randomize(keras.Model({"a": a, "b": b}, [hidden, end, hidden, a]))
    rng = np.random.default_rng(2)
    x = {name: rng.standard_normal((3, 3)) for name in "ab"}
    y = [rng.standard_normal((3, 3)), LABELS, np.zeros((3, 3)), np.ones((3, 3))]
    losses = ["mse", LOSS, "mse", "mse"]
    probed = probe(model, x, y, losses, training=False)
    inputs = {name: tf.constant(array) for name, array in x.items()}
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = [tf.identity(output) for output in model(inputs)]
        loss = sum(
            tf.reduce_mean((given - wanted) ** 2)
            for given, wanted in zip(outputs, y, strict=True)
            if wanted.ndim == 2
        ) - tf.reduce_mean(tf.math.log(tf.gather(outputs[1], LABELS, batch_dims=1)))
    weights, by_input = tape.gradient(loss, ([v.value for v in model.weights], inputs))
    np.testing.assert_allclose(probed.loss, float(loss), **CLOSE)
    got = [g for name in ("hidden", "end") for g in probed.grad_weights[name].values()]
    for gradient, want in zip(got, weights, strict=True):
        np.testing.assert_allclose(gradient, want.numpy(), **CLOSE)
    np.testing.assert_allclose(probed.calls[0].grad_inputs[1], by_input["b"].numpy(), **CLOSE)


def test_each_call_is_consistent_with_its_neighbours():
    model = build(shared)
    calls = probe(model, inputs_for(model), LABELS, LOSS).calls
    first, second = [call for call in calls if call.layer.name == "dense"]
    assert (first.index, second.index) == (0, 1)
    np.testing.assert_array_equal(first.output, second.inputs[0])
    np.testing.assert_array_equal(first.grad_output, second.grad_inputs[0])
    kernel = first.layer.kernel.numpy()
    for call in (first, second):
        np.testing.assert_allclose(
            call.grad_weights["kernel"], call.inputs[0].T @ call.grad_output, **CLOSE
        )
        np.testing.assert_allclose(call.grad_inputs[0], call.grad_output @ kernel.T, **CLOSE)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_is_in_the_models_dtype(dtype):
    model = build(every_layer, dtype)
    for call in probe(model, inputs_for(model), LABELS, LOSS).calls:
        arrays = [*call.inputs, call.output, call.grad_output, *call.grad_inputs]
        arrays += call.grad_weights.values()
        assert {array.dtype.name for array in arrays} == {dtype}, call.layer.name
        assert call.output.shape == call.grad_output.shape
        for array, gradient in zip(call.inputs, call.grad_inputs, strict=True):
            assert array.shape == gradient.shape


def test_the_model_is_left_as_it_was():
    model = build(every_layer)
    model.compile("adam", LOSS)
    model.fit(inputs_for(model), LABELS, epochs=1, verbose=0)
    before = bytes_of(model), [v.numpy().tobytes() for v in model.optimizer.variables]
    x = inputs_for(model)
    kept = x.copy()
    first, second = (probe(model, x, LABELS, LOSS).calls[-1].output for _ in range(2))
    after = bytes_of(model), [v.numpy().tobytes() for v in model.optimizer.variables]
    assert after == before
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(x, kept)


class FailsOnValues(keras.Layer):
    def call(self, x):
        if tf.executing_eagerly():
            raise RuntimeError("as planned")
        return x


def test_the_model_is_left_as_it_was_even_after_an_error():
    model = keras.Sequential(
        [keras.Input((4,)), layers.BatchNormalization(), layers.Dropout(0.5), FailsOnValues()]
    )
    before = bytes_of(model)
    with pytest.raises(RuntimeError, match="as planned"):
        probe(model, inputs_for(model), LABELS, LOSS)
    assert bytes_of(model) == before


def test_a_frozen_layer_has_no_weight_gradients():
    model = build(branched)
    model.get_layer("left").trainable = False
    probed = probe(model, inputs_for(model), LABELS, LOSS)
    assert "left" not in {name for name, gradients in probed.grad_weights.items() if gradients}
    assert probed.grad_weights["stem"]["kernel"].any()


def test_loss_is_of_the_probabilities():
    """Keras' shortcut through the logits would say 50; from float32 probabilities it is clipped."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, activation="softmax")])
    model.layers[0].set_weights([np.zeros((2, 2)), np.array([0.0, 50.0])])
    probed = probe(model, np.ones((1, 2), "float32"), np.array([0]), LOSS)
    assert probed.loss == pytest.approx(-np.log(1e-7), rel=1e-6)
    assert not probed.calls[0].grad_output.any()


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.zeros((3, 6, 5, 2), "float32"), TypeError, r"'image' is float64, got float32.*astype"),
        (np.zeros((3, 5, 6, 2)), ValueError, r"\(None, 6, 5, 2\), got \(3, 5, 6, 2\)"),
    ],
)
def test_inputs_that_do_not_fit(bad, error, message):
    with pytest.raises(error, match=message):
        probe(build(branched), bad, LABELS, LOSS)


def test_models_that_do_not_fit():
    image = keras.Input((3,))
    twice = keras.Model(image, [layers.Dense(2)(image), layers.Dense(2)(image)])
    x, y = np.zeros((1, 3), "float32"), np.zeros((1, 2))
    with pytest.raises(ValueError, match="has 2 outputs, got 1 of y"):
        probe(twice, x, y, "mse")
    with pytest.raises(ValueError, match="has 2 outputs, got 3 of loss"):
        probe(twice, x, [y, y], ["mse"] * 3)
    with pytest.raises(ValueError, match="takes 2 inputs, got 1"):
        probe(build(shared), [np.zeros((3, 5, 4, 2))], LABELS, LOSS)


def probabilities(rng, dtype="float64"):
    raw = rng.uniform(0.1, 1.0, (3, 4))
    return (raw / raw.sum(axis=1, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mean_squared_error(dtype):
    rng = np.random.default_rng(5)
    y_true, y_pred = rng.standard_normal((2, 3, 4)).astype(dtype)
    for loss, factor in (
        ("mse", 1 / 12),
        ("MeanSquaredError", 1 / 12),
        (keras.losses.MeanSquaredError(reduction="mean"), 1 / 12),
        (keras.losses.MeanSquaredError(reduction="sum"), 1 / 4),
    ):
        value, gradient = loss_and_gradient(loss, y_true, y_pred)
        tight = {"rtol": 1e-6 if dtype == "float32" else 1e-14}
        np.testing.assert_allclose(value, factor * np.sum((y_pred - y_true) ** 2), **tight)
        np.testing.assert_allclose(gradient, 2 * factor * (y_pred - y_true), **tight)
        assert gradient.dtype == dtype


@pytest.mark.parametrize("one_hot", [True, False])
def test_cross_entropy_in_float64(one_hot):
    y_pred = probabilities(np.random.default_rng(6))
    target = np.eye(4)[LABELS]
    name = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    value, gradient = loss_and_gradient(name, target if one_hot else LABELS, y_pred)
    np.testing.assert_allclose(value, -np.mean(np.sum(target * np.log(y_pred), axis=1)), rtol=1e-14)
    # Keras divides by the sum of the probabilities first, so the gradient is that of the ratio.
    want = (1 - target / y_pred) / 3
    np.testing.assert_allclose(gradient, want, rtol=1e-13)


def test_options_of_an_instance_count():
    logits = np.random.default_rng(7).standard_normal((3, 4))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    value, gradient = loss_and_gradient(loss, LABELS, logits)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(value, -np.log(p[np.arange(3), LABELS]).mean(), rtol=1e-14)
    np.testing.assert_allclose(gradient, (p - np.eye(4)[LABELS]) / 3, rtol=1e-13, atol=1e-16)


def test_a_loss_without_one_number_is_refused():
    loss = keras.losses.MeanSquaredError(reduction=None)
    with pytest.raises(ValueError, match="reduction None"):
        loss_and_gradient(loss, np.zeros((2, 2)), np.ones((2, 2)))
