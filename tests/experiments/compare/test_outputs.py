"""Models of several inputs and outputs: their losses are added up, on both sides alike."""

import keras
import numpy as np
import pytest

from experiments.compare import Comparison, compare_layers
from keras_models import to_scratch
from tests.experiments.compare.twins import CLEAN
from tests.keras_models.samples import build

LOSSES = ["sparse_categorical_crossentropy", "mean_squared_error"]


def two_ends() -> keras.Model:
    """Two inputs; an output that is used further on, and one at the end."""
    image, side = keras.Input((6, 5, 2), name="image"), keras.Input((4,), name="side")
    x = keras.layers.Conv2D(3, 2, activation="relu", name="conv")(image)
    x = keras.layers.Flatten(name="flat")(x)
    classes = keras.layers.Dense(5, activation="softmax", name="classes")(x)
    joined = keras.layers.Concatenate(name="join")([classes, side])
    return keras.Model([image, side], [classes, keras.layers.Dense(2, name="values")(joined)])


RNG = np.random.default_rng(7)
IMAGE, SIDE = RNG.standard_normal((3, 6, 5, 2)), RNG.standard_normal((3, 4))
TARGETS = [np.array([0, 4, 1]), RNG.standard_normal((3, 2))]


def compared(form: str, dtype: str = "float32", **change) -> tuple[Comparison, keras.Model]:
    model = build(two_ends, dtype)
    image, side = IMAGE.astype(dtype), SIDE.astype(dtype)
    x = {"image": image, "side": side} if form == "dict" else [image, side]
    options = {"loss": LOSSES, "y": TARGETS} | change
    twin = to_scratch(model)
    return compare_layers(twin, model, x, **options), model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["list", "dict"])
def test_all_outputs_take_part(form: str, dtype: str) -> None:
    found, model = compared(form, dtype)
    assert found.ok, found.summary
    assert set(found.table.verdict) <= {*CLEAN, "flip"}
    outputs = model([IMAGE.astype(dtype), SIDE.astype(dtype)])
    parts = [
        float(np.mean(keras.losses.get(loss)(y, output)))
        for loss, y, output in zip(LOSSES, TARGETS, outputs, strict=True)
    ]
    assert found.loss == pytest.approx(sum(parts), rel=1e-6)


def test_one_loss_for_all_outputs() -> None:
    y = [np.eye(5, dtype=np.float32)[:3], TARGETS[1]]
    found, _ = compared("list", loss="mean_squared_error", y=y)
    assert found.ok, found.summary


def test_a_missing_target_is_refused() -> None:
    with pytest.raises(ValueError, match="2 outputs, got 1 of y"):
        compared("list", y=TARGETS[:1])


def test_outputs_in_another_order_are_refused() -> None:
    model = build(two_ends, "float32")
    other = to_scratch(keras.Model(model.inputs, model.outputs[::-1]))
    x = [IMAGE.astype(np.float32), SIDE.astype(np.float32)]
    with pytest.raises(ValueError, match=r"returns \['values', 'classes'\], Keras \['classes'"):
        compare_layers(other, model, x, TARGETS, LOSSES)
