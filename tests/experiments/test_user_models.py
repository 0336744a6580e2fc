from pathlib import Path

import keras
import numpy as np
import pytest

from experiments import user_models
from experiments.user_models import UserModelError
from keras_models import probe


def small_model(softmax: bool = True, size: int | None = 7) -> keras.Model:
    inputs = keras.Input((size, 5, 2))
    y = keras.layers.Conv2D(3, (2, 1), activation="relu", name="conv")(inputs)
    y = keras.layers.GlobalAveragePooling2D(name="pool")(y)
    y = keras.layers.Dense(4, activation="softmax" if softmax else None, name="dense")(y)
    return keras.Model(inputs, y)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_loads_both_formats_with_their_weights(tmp_path: Path, suffix: str) -> None:
    model = small_model()
    path = tmp_path / f"model{suffix}"
    model.save(path)
    loaded = user_models.load_model(path)
    assert user_models.dtype_of(loaded) == "float32"
    for weight, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("sequential", [False, True])
def test_another_dtype_keeps_the_weights_and_computes_in_it(
    tmp_path: Path, sequential: bool
) -> None:
    model = small_model()
    if sequential:
        model = keras.Sequential([keras.Input((7, 5, 2)), *model.layers[1:]])
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = user_models.load_model(path, "float64")
    x = np.random.default_rng(0).standard_normal((2, 7, 5, 2))
    assert user_models.dtype_of(loaded) == "float64"
    assert {w.dtype for w in loaded.weights} == {"float64"}
    y = keras.ops.convert_to_numpy(loaded(x))
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, model(x.astype("float32")), rtol=1e-5)
    # Inputs are not rounded on their way in: float64 tells these two apart, float32 does not.
    assert not np.array_equal(y, loaded(x * (1 + 1e-12)))


def damaged(tmp_path: Path, case: str) -> Path:
    path = tmp_path / "model.keras"
    if case == "foreign":
        path.write_text("hello")
    elif case == "empty":
        path.touch()
    elif case == "foreign h5":
        path = path.with_suffix(".h5")
        path.write_text("hello")
    elif case == "other suffix":
        path = path.with_suffix(".onnx")
        path.touch()
    elif case != "missing":
        small_model().save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", "There is no model file"),
        ("other suffix", r"must end in \.keras or \.h5"),
        ("foreign", "only a part of one"),
        ("foreign h5", "cannot be loaded as a Keras model"),
        ("empty", "only a part of one"),
        ("truncated", "only a part of one"),
    ],
)
def test_what_is_no_model_gives_one_sentence(tmp_path: Path, case: str, message: str) -> None:
    with pytest.raises(UserModelError, match=message) as caught:
        user_models.load_model(damaged(tmp_path, case))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_code_in_a_model_is_not_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(UserModelError, match="cannot be loaded as a Keras model"):
        user_models.load_model(tmp_path / "model.keras")


def test_a_model_without_layers_is_refused(tmp_path: Path) -> None:
    image = keras.Input((3,))
    keras.Model(image, image).save(tmp_path / "model.keras")
    with pytest.raises(UserModelError, match="has no layers; there is nothing to compare"):
        user_models.load_model(tmp_path / "model.keras")


def two_by_two() -> keras.Model:
    """Two inputs, two outputs in a dict, a nested model, and operations, one of them a softmax."""
    a, b = keras.Input((3, 2), name="a"), keras.Input((4,), name="b")
    inner = keras.Sequential([keras.Input((3, 2)), keras.layers.Flatten(name="flat")], name="inner")
    logits = keras.layers.Dense(5, name="logits")(inner(a))
    both = keras.layers.Dense(2, name="both")(b)
    return keras.Model(
        [a, b], {"chances": keras.ops.softmax(logits), "double": keras.layers.Add()([both, both])}
    )


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nested_models_with_several_inputs_and_outputs_are_compared(
    tmp_path: Path, suffix: str, dtype: str
) -> None:
    path = tmp_path / f"model{suffix}"
    two_by_two().save(path)
    model = user_models.load_model(path, dtype)
    assert user_models.dtype_of(model) == dtype
    losses = user_models.default_loss(model)
    assert losses == ["sparse_categorical_crossentropy", "mean_squared_error"]
    x, y = user_models.draw_data(model, losses, 6, seed=0)
    assert [array.shape for array in x] == [(6, 3, 2), (6, 4)]
    assert [array.shape for array in y] == [(6,), (6, 2)]
    assert {array.dtype.name for array in (*x, y[1])} == {dtype}
    probed = probe(model, x, y, losses)
    assert probed.calls[0].name == "inner/flat"


def test_several_arrays_are_read_by_their_numbers(tmp_path: Path) -> None:
    model, path = two_by_two(), tmp_path / "data.npz"
    losses = user_models.default_loss(model)
    a, b, labels = np.ones((7, 3, 2)), np.zeros((7, 4)), np.arange(7) % 5
    np.savez(path, x0=a, x1=b, y0=labels)
    x, y = user_models.read_data(path, model, losses, seed=0)
    np.testing.assert_array_equal(x[0], a)
    np.testing.assert_array_equal(x[1], b)
    np.testing.assert_array_equal(y[0], labels)
    assert y[1].shape == (7, 2)
    np.savez(path, x0=a, x=b)
    with pytest.raises(UserModelError, match=r"no array `x1`; it holds x0, x"):
        user_models.read_data(path, model, losses, seed=0)
    np.savez(path, x0=a, x1=b[:3])
    with pytest.raises(UserModelError, match="batches of different sizes"):
        user_models.read_data(path, model, losses, seed=0)
    np.savez(path, x0=a, x1=b, y1=b)
    with pytest.raises(UserModelError, match=r"y1 has shape \(7, 4\), the model takes \(7, 2\)"):
        user_models.read_data(path, model, losses, seed=0)


def test_default_loss() -> None:
    assert user_models.default_loss(small_model()) == "sparse_categorical_crossentropy"
    assert user_models.default_loss(small_model(softmax=False)) == "mean_squared_error"
    layer = keras.Sequential([keras.Input((3,)), keras.layers.Softmax()])
    assert user_models.default_loss(layer) == "sparse_categorical_crossentropy"
    with pytest.raises(UserModelError, match="Keras has no loss 'crossentropi'"):
        user_models.known_loss("crossentropi")


def test_drawn_data_fit_the_model_and_the_loss() -> None:
    model = small_model()
    x, labels = user_models.draw_data(model, "sparse_categorical_crossentropy", 50, seed=1)
    assert (x.shape, x.dtype) == ((50, 7, 5, 2), np.float32)
    assert abs(x.mean()) < 0.1
    assert labels.shape == (50,)
    assert set(labels) == {0, 1, 2, 3}
    again, _ = user_models.draw_data(model, "sparse_categorical_crossentropy", 50, seed=1)
    np.testing.assert_array_equal(x, again)
    _, rows = user_models.draw_data(model, "categorical_crossentropy", 50, seed=1)
    np.testing.assert_array_equal(rows.sum(axis=1), np.ones(50))
    assert rows.max() == 1
    _, binary = user_models.draw_data(model, "binary_crossentropy", 50, seed=1)
    assert set(binary.ravel()) == {0.0, 1.0}
    _, targets = user_models.draw_data(model, "mean_squared_error", 50, seed=1)
    assert (targets.shape, targets.dtype) == ((50, 4), np.float32)
    with pytest.raises(UserModelError, match=r"\(None, None, 5, 2\) leaves sizes open"):
        user_models.draw_data(small_model(size=None), "mean_squared_error", 1, seed=0)


def test_given_data_are_read_and_cast(tmp_path: Path) -> None:
    x = np.arange(3 * 7 * 5 * 2, dtype=np.uint8).reshape(3, 7, 5, 2)
    y = np.array([3, 0, 1])
    path = tmp_path / "data.npz"
    np.savez(path, x=x, y=y)
    read_x, read_y = user_models.read_data(
        path, small_model(), "sparse_categorical_crossentropy", 0
    )
    assert read_x.dtype == np.float32
    np.testing.assert_array_equal(read_x, x)
    np.testing.assert_array_equal(read_y, y)
    np.savez(path, x=x)
    _, drawn = user_models.read_data(path, small_model(size=None), "mean_squared_error", 0)
    assert drawn.shape == (3, 4)


X = np.ones((3, 7, 5, 2))
Y = np.array([3, 0, 1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": X}, "no array `x`; it holds z"),
        ({"x": X[..., :1]}, r"x has shape \(3, 7, 5, 1\), the model takes \(None, 7, 5, 2\)"),
        ({"x": X[0]}, r"x has shape \(7, 5, 2\)"),
        ({"x": X[:0]}, r"x has shape \(0, 7, 5, 2\)"),
        ({"x": X * np.array([1, np.nan])}, "x holds 105 NaN or infinite values"),
        ({"x": X.astype(str)}, "x holds <U32, not numbers"),
        ({"x": X.astype(object)}, "is not an .npz file of arrays"),
        ({"x": X, "y": Y[:2]}, r"y has shape \(2,\), the model takes \(3,\)"),
        ({"x": X, "y": Y + 1}, "integer labels from 0 to 3"),
        ({"x": X, "y": Y - 1}, "integer labels from 0 to 3"),
        ({"x": X, "y": Y / 2}, "integer labels from 0 to 3"),
    ],
)
def test_data_that_do_not_fit_give_one_sentence(tmp_path: Path, arrays, message: str) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    with pytest.raises(UserModelError, match=message):
        user_models.read_data(path, small_model(), "sparse_categorical_crossentropy", 0)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00"])
def test_what_is_no_npz_gives_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(UserModelError, match=r"is not an .npz file of arrays, or is truncated"):
        user_models.read_data(path, small_model(), "mean_squared_error", 0)
    np.save(tmp_path / "data.npy", X)
    with pytest.raises(UserModelError, match=r"is not an .npz file"):
        user_models.read_data(tmp_path / "data.npy", small_model(), "mean_squared_error", 0)
    with pytest.raises(UserModelError, match="There is no data file"):
        user_models.read_data(tmp_path / "gone.npz", small_model(), "mean_squared_error", 0)
