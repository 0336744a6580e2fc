import keras
import numpy as np
import pytest
import tensorflow as tf

from scratch import losses

N, K = 7, 5
ULPS = {"float32": 8 * 2.0**-23, "float64": 8 * 2.0**-52}


def scores(dtype: str, from_logits: bool) -> np.ndarray:
    logits = np.random.default_rng(0).normal(size=(N, K)) * 3
    if from_logits:
        return logits.astype(dtype)
    e = np.exp(logits)
    return (e / e.sum(axis=1, keepdims=True)).astype(dtype)


def class_numbers() -> np.ndarray:
    return np.random.default_rng(1).integers(0, K, N)


def keras_value_and_gradient(loss, y_true, y_pred):
    y = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y)
        value = loss(y_true, y)
    return value.numpy(), tape.gradient(value, y).numpy()


def check_against_keras(name, y_true, y_pred, **arguments):
    """Value, dtype, gradient, and that nothing is changed."""
    dtype = str(y_pred.dtype)
    y_true_before, y_pred_before = y_true.copy(), y_pred.copy()
    loss = losses.get({"class_name": name, "config": arguments})
    # Without a dtype a Keras loss takes float64 predictions through float32.
    keras_loss = getattr(keras.losses, name)(**arguments, dtype=dtype)
    value_keras, gradient_keras = keras_value_and_gradient(keras_loss, y_true, y_pred)

    value_scratch = loss(y_true, y_pred)
    gradient_scratch = loss.gradient(y_true, y_pred)
    assert isinstance(value_scratch, float)
    assert gradient_scratch.dtype == dtype
    assert value_scratch == pytest.approx(value_keras, rel=ULPS[dtype])
    scale = np.abs(gradient_keras).max()
    np.testing.assert_allclose(
        gradient_scratch, gradient_keras, rtol=ULPS[dtype], atol=ULPS[dtype] * scale
    )
    np.testing.assert_array_equal(y_true, y_true_before)
    np.testing.assert_array_equal(y_pred, y_pred_before)


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["probabilities", "logits"])
def from_logits(request):
    return request.param


@pytest.mark.parametrize("form", ["(N,)", "(N, 1)", "float"])
def test_sparse_categorical_crossentropy(dtype, from_logits, form):
    labels = class_numbers()
    y_true = {"(N,)": labels, "(N, 1)": labels[:, None], "float": labels.astype("float32")}[form]
    y_pred = scores(dtype, from_logits)
    check_against_keras("SparseCategoricalCrossentropy", y_true, y_pred, from_logits=from_logits)


@pytest.mark.parametrize("form", ["one-hot", "soft"])
def test_categorical_crossentropy(dtype, from_logits, form):
    y_true = np.eye(K, dtype=dtype)[class_numbers()]
    if form == "soft":
        y_true = (0.9 * y_true + 0.1 / K).astype(dtype)
    y_pred = scores(dtype, from_logits)
    check_against_keras("CategoricalCrossentropy", y_true, y_pred, from_logits=from_logits)


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "CategoricalCrossentropy"])
def test_probabilities_that_do_not_sum_to_one(name, dtype):
    labels = class_numbers()
    y_true = labels if name.startswith("Sparse") else np.eye(K, dtype=dtype)[labels]
    y_pred = (scores(dtype, False) * np.linspace(0.2, 0.9, N)[:, None]).astype(dtype)
    check_against_keras(name, y_true, y_pred)


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "CategoricalCrossentropy"])
def test_saturated_probabilities_are_clipped(name, dtype):
    """Certain and wrong, certain and right, and just inside the clip."""
    y_pred = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5 - 1e-6, 1e-6]], dtype)
    labels = np.array([1, 1, 2])
    y_true = labels if name.startswith("Sparse") else np.eye(3, dtype=dtype)[labels]
    check_against_keras(name, y_true, y_pred)
    gradient = losses.get(name).gradient(y_true, y_pred)
    np.testing.assert_array_equal(gradient[:2], np.zeros((2, 3)))


@pytest.mark.parametrize("shape", [(N, K), (3, 4, 2), (1, 1)], ids=str)
def test_mean_squared_error(dtype, shape):
    rng = np.random.default_rng(3)
    y_true, y_pred = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    check_against_keras("MeanSquaredError", y_true, y_pred)


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "CategoricalCrossentropy"])
def test_gradient_from_probabilities_against_finite_differences(name):
    labels = class_numbers()
    y_true = labels if name.startswith("Sparse") else np.eye(K)[labels]
    y_pred, loss, step = scores("float64", False), losses.get(name), 1e-4
    gradient = loss.gradient(y_true, y_pred)
    for index in np.ndindex(y_pred.shape):
        shift = np.zeros_like(y_pred)
        shift[index] = step * y_pred[index]
        slope = (loss(y_true, y_pred + shift) - loss(y_true, y_pred - shift)) / (2 * shift[index])
        assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_large_logits_do_not_overflow():
    logits = np.array([[1e4, 0.0, -1e4]])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    assert loss(np.array([0]), logits) == 0
    assert loss(np.array([2]), logits) == 2e4


P = scores("float32", False)
HOT = np.eye(K)[class_numbers()]
SPARSE = losses.SparseCategoricalCrossentropy()
CATEGORICAL = losses.CategoricalCrossentropy()


@pytest.mark.parametrize("method", ["__call__", "gradient"])
@pytest.mark.parametrize(
    ("loss", "y_true", "message"),
    [
        (SPARSE, np.full(N, K), rf"Label {K} of sample 0 is outside 0..{K - 1}"),
        (SPARSE, np.arange(N) - 1, "Label -1 of sample 0"),
        (SPARSE, np.full(N, 0.5), "whole, got 0.5"),
        (SPARSE, np.array([0, 1, 2, np.nan, 0, 0, 0]), "NaN or infinity at"),
        (SPARSE, HOT, rf"y_true \({N}, {K}\)"),
        (SPARSE, np.zeros(N + 1, int), rf"y_true \({N + 1},\), y_pred \({N}, {K}\)"),
        (CATEGORICAL, class_numbers(), rf"y_true \({N},\)"),
        (CATEGORICAL, np.full((N, K), np.nan), "NaN"),
        (CATEGORICAL, HOT * 2, "sum to 1; row 0"),
        (CATEGORICAL, 1 - HOT, "sum to 1; row 0"),
        (losses.MeanSquaredError(), HOT[:, :1], rf"y_true \({N}, 1\)"),
        (losses.MeanSquaredError(), np.full((N, K), np.inf), "NaN or infinity"),
    ],
)
def test_bad_targets_are_refused(loss, y_true, message, method):
    with pytest.raises(ValueError, match=message):
        getattr(loss, method)(y_true, P)


def test_get():
    assert losses.get("mse") == losses.get("mean_squared_error") == losses.MeanSquaredError()
    assert losses.get("sparse_categorical_crossentropy") == SPARSE
    instance = losses.CategoricalCrossentropy(from_logits=True)
    assert losses.get(instance) is instance
    config = {"class_name": type(instance).__name__, "config": instance.get_config()}
    assert losses.get(config) == instance
    with pytest.raises(ValueError, match="Unknown loss 'hinge'; known ones are sparse_cat"):
        losses.get("hinge")
