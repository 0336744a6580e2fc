"""What is not comparable is refused, in a sentence that says where and why."""

import keras
import numpy as np
import pytest

import scratch
from experiments.compare import compare_layers
from keras_models import UnsupportedLayerError, to_scratch
from keras_models.config import using_floatx
from scratch import layers
from tests.experiments.compare.twins import small, twins
from tests.keras_models.samples import build


def two_branches(swapped: bool = False) -> keras.Model:
    x = image = keras.Input((5, 4, 2))
    x = keras.layers.Conv2D(2, 2, padding="same", name="first")(x)
    source = image if swapped else x
    y = keras.layers.Conv2D(2, 3, padding="same", name="second")(source)
    return keras.Model(image, keras.layers.Add(name="add")([x, y]))


def test_other_connections_are_refused_by_name() -> None:
    pair = twins(two_branches, loss="mean_squared_error")
    other = to_scratch(build(lambda: two_branches(swapped=True), "float32"))
    with pytest.raises(ValueError, match=r"connected differently: 'second' takes \['\w+'\] in"):
        compare_layers(other, pair.keras, pair.x, pair.y, pair.loss)


def test_exchanged_inputs_of_a_concatenation_are_refused() -> None:
    def joined(order: int) -> keras.Model:
        a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
        both = [keras.layers.Dense(2, name=f"d{i}")(x) for i, x in enumerate((a, b))]
        return keras.Model([a, b], keras.layers.Concatenate(name="join")(both[::order]))

    pair = twins(lambda: joined(1), loss="mean_squared_error")
    other = to_scratch(build(lambda: joined(-1), "float32"))
    with pytest.raises(ValueError, match=r"'join' takes \['d1', 'd0'\] in scratch, \['d0', 'd1'\]"):
        compare_layers(other, pair.keras, pair.x, pair.y, pair.loss)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ([layers.Flatten(name="flatten"), layers.Dense(5, name="other")], r"other \(Dense\)"),
        ([layers.Flatten(name="flatten")], r"scratch has layers flatten \(Flatten\); Keras"),
    ],
)
def test_models_with_other_layers_are_no_twins(row, named: str) -> None:
    pair = twins(small)
    own = scratch.Sequential([layers.Input((7, 6, 3)), *row])
    with pytest.raises(ValueError, match=f"not twins.*{named}"):
        compare_layers(own, pair.keras, pair.x, pair.y)


def test_a_model_that_is_not_built_is_refused() -> None:
    pair = twins(small)
    own = scratch.Sequential([layers.Flatten(), layers.Dense(5)], name="mine")
    with pytest.raises(ValueError, match="'mine' is not built"):
        compare_layers(own, pair.keras, pair.x, pair.y)


def test_a_model_without_layers_leaves_nothing_to_compare() -> None:
    image = keras.Input((4,))
    model = keras.Model(image, image, name="empty")
    own = scratch.Sequential([layers.Input((4,)), layers.ReLU()])
    with pytest.raises(ValueError, match="nothing to compare"):
        compare_layers(own, model, np.ones((2, 4), np.float32), np.zeros(2))


def test_mixed_dtypes_are_listed() -> None:
    pair, exact = twins(small), twins(small, "float64")
    for own, model, x in (
        (exact.scratch, pair.keras, pair.x),
        (pair.scratch, exact.keras, pair.x),
        (pair.scratch, pair.keras, exact.x),
    ):
        with pytest.raises(TypeError, match=r"scratch float\d\d, Keras float\d\d, input 0 float"):
            compare_layers(own, model, x, pair.y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_input_that_is_not_finite_is_refused(value: float) -> None:
    pair = twins(small)
    pair.x[1, 2, 3, 0] = value
    with pytest.raises(ValueError, match=r"\(3, 7, 6, 3\) is empty or not finite"):
        pair.compare()


def test_empty_input_is_refused() -> None:
    pair = twins(small)
    with pytest.raises(ValueError, match=r"\(0, 7, 6, 3\) is empty"):
        pair._replace(x=pair.x[:0], y=pair.y[:0]).compare()


def test_input_of_another_shape_is_refused() -> None:
    pair = twins(small)
    with pytest.raises(ValueError, match="shape"):
        pair._replace(x=pair.x[:, 1:]).compare()


def test_a_keras_layer_without_counterpart_is_refused() -> None:
    with using_floatx("float32"):
        model = keras.Sequential([keras.Input((4,)), keras.layers.UnitNormalization(name="unit")])
    own = scratch.Sequential([layers.Input((4,)), layers.ReLU()])
    with pytest.raises(UnsupportedLayerError, match="'unit'"):
        compare_layers(own, model, np.ones((2, 4), np.float32), np.zeros((2, 4)), "mse")
