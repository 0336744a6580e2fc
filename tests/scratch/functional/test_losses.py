import keras
import numpy as np
import pytest
import tensorflow as tf

from scratch.functional import (
    cross_entropy_from_logits,
    cross_entropy_from_logits_backward,
    mean_squared_error,
    mean_squared_error_backward,
)
from tests.scratch.functional.oracles import assert_same, complex_step, frozen, normal

CLASSES = 6
NUMBERS = frozen(np.array([5, 0, 3, 3]))
ONE_HOT = frozen(np.eye(CLASSES)[NUMBERS])
SOFT = frozen(np.random.default_rng(7).dirichlet(np.ones(CLASSES), len(NUMBERS)))
DTYPES = [("float32", 1e-6), ("float64", 1e-13)]


@pytest.mark.parametrize(("dtype", "rtol"), DTYPES)
@pytest.mark.parametrize(
    ("labels", "keras_labels"),
    [
        (NUMBERS, ONE_HOT),
        (NUMBERS.astype("uint8"), ONE_HOT),
        (NUMBERS[:, None], ONE_HOT),
        (ONE_HOT, ONE_HOT),
        (ONE_HOT.astype(int), ONE_HOT),
        (SOFT, SOFT),
    ],
)
def test_cross_entropy_against_keras(labels, keras_labels, dtype, rtol):
    logits = normal(0, 4, CLASSES, dtype=dtype)
    tensor, target = tf.constant(logits), tf.constant(keras_labels.astype(dtype))
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        loss_keras = keras.losses.categorical_crossentropy(target, tensor, from_logits=True)
        mean = tf.reduce_mean(loss_keras)
    assert_same("loss", cross_entropy_from_logits(logits, labels), loss_keras, rtol)
    gradient = cross_entropy_from_logits_backward(logits, labels)
    assert_same("gradient", gradient, tape.gradient(mean, tensor), rtol)


@pytest.mark.parametrize("labels", [NUMBERS, SOFT, 3 * SOFT], ids=["int", "soft", "unnormalised"])
def test_cross_entropy_gradient_by_complex_step(labels):
    logits = normal(0, 4, CLASSES)

    def mean(z):
        """The definition, without the shift."""
        targets = np.eye(CLASSES)[labels] if labels.ndim == 1 else labels
        return -(targets * np.log(np.exp(z) / np.exp(z).sum(1, keepdims=True))).sum(1).mean()

    loss = cross_entropy_from_logits(logits, labels).mean()
    assert loss == pytest.approx(mean(logits), rel=1e-13)
    gradient = cross_entropy_from_logits_backward(logits, labels)
    assert_same("gradient", gradient, complex_step(mean, logits, np.ones(())))


def test_cross_entropy_of_extreme_logits_is_exact():
    logits = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0]], "float32")
    np.testing.assert_array_equal(cross_entropy_from_logits(logits, np.array([0, 1])), [0, 2e4])
    gradient = cross_entropy_from_logits_backward(logits, np.array([0, 1]))
    np.testing.assert_array_equal(gradient, [[0, 0, 0], [0.5, -0.5, 0]])


@pytest.mark.parametrize(
    ("labels", "bad"), [([0, 6, 9], "Label 6 of sample 1"), ([2, 1, -1], "-1")]
)
def test_the_first_label_out_of_range_is_named(labels, bad):
    for function in (cross_entropy_from_logits, cross_entropy_from_logits_backward):
        with pytest.raises(ValueError, match=f"{bad}.*6 classes"):
            function(np.zeros((3, CLASSES)), np.array(labels))


@pytest.mark.parametrize("shape", [(4,), (3, 2), (1, 3), (3, 6, 1)])
def test_labels_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"integers \(3,\) or \(3, 1\), or probabilities \(3, 6\)"):
        cross_entropy_from_logits(np.zeros((3, CLASSES)), np.zeros(shape, int))


def test_class_numbers_in_floats_are_refused():
    with pytest.raises(ValueError, match=r"float64 \(3,\)"):
        cross_entropy_from_logits(np.zeros((3, CLASSES)), np.zeros(3))


@pytest.mark.parametrize(("dtype", "rtol"), DTYPES)
@pytest.mark.parametrize("shape", [(1, 4), (3, 4), (2, 3, 4)])
def test_mean_squared_error_against_keras(shape, dtype, rtol):
    y_true, y_pred = normal(0, *shape, dtype=dtype), normal(1, *shape, dtype=dtype)
    tensor = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        loss_keras = keras.losses.mean_squared_error(tf.constant(y_true), tensor)
        mean = tf.reduce_mean(loss_keras)
    assert_same("loss", mean_squared_error(y_true, y_pred), loss_keras, rtol)
    gradient = mean_squared_error_backward(y_true, y_pred)
    assert_same("gradient", gradient, tape.gradient(mean, tensor), rtol)


def test_mean_squared_error_keeps_the_prediction_dtype():
    y_pred = normal(0, 3, 2, dtype="float32")
    assert mean_squared_error(normal(1, 3, 2), y_pred).dtype == np.float32
    assert mean_squared_error_backward(np.zeros((3, 2), int), y_pred).dtype == np.float32


def test_mean_squared_error_refuses_to_broadcast():
    with pytest.raises(ValueError, match=r"y_true \(3,\), y_pred \(3, 1\)"):
        mean_squared_error(np.zeros(3), np.zeros((3, 1)))
