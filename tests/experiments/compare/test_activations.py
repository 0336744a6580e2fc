"""Networks of every activation agree with their twins, and turned choices are told from faults."""

import keras
import numpy as np
import pytest

from experiments.compare.flips import _choices
from scratch import layers
from scratch.functional import activations
from tests.experiments.compare.twins import CLEAN, Twins, twins

NAMES = [name for name in activations.NAMES if name != "gelu_tanh"]
LAYERS = {
    "relu": lambda: keras.layers.ReLU(max_value=0.4, negative_slope=0.25, threshold=0.1),
    "leaky": keras.layers.LeakyReLU,
    "elu": lambda: keras.layers.ELU(alpha=0.3),
    "prelu": lambda: keras.layers.PReLU("glorot_uniform", shared_axes=[1, 2]),
    "prelu_everywhere": lambda: keras.layers.PReLU("glorot_uniform"),
    "softmax": lambda: keras.layers.Softmax(axis=1),
    "softmax_axes": lambda: keras.layers.Softmax(axis=[1, 2]),
}


def of_name(name: str, dtype: str) -> Twins:
    """As an option of a convolution and of a dense layer, and as a layer."""

    def model() -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((7, 6, 3)),
                keras.layers.Conv2D(4, (3, 2), strides=2, activation=name),
                keras.layers.Activation(name),
                keras.layers.Flatten(),
                keras.layers.Dense(5, activation=name),
            ],
            name="named",
        )

    return twins(model, dtype, loss="mean_squared_error")


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_every_name_agrees(name: str, dtype: str, training: bool) -> None:
    found = of_name(name, dtype).compare(training=training)
    assert set(found.isolated.verdict) <= CLEAN, found.isolated[["layer", "tensor", "verdict"]]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", LAYERS)
def test_every_layer_agrees(case: str, dtype: str, training: bool) -> None:
    def model() -> keras.Model:
        conv = keras.layers.Conv2D(4, (3, 2), strides=2)
        return keras.Sequential([keras.Input((7, 6, 3)), conv, LAYERS[case]()], name="layers")

    found = twins(model, dtype, loss="mean_squared_error").compare(training=training)
    assert set(found.isolated.verdict) <= CLEAN, found.isolated[["layer", "tensor", "verdict"]]


@pytest.mark.parametrize(
    ("layer", "x", "pieces"),
    [
        (layers.Activation("relu6"), [-1, 0, 1, 6, 7], [0, 0, 1, 2, 2]),
        (layers.Activation("leaky_relu"), [-1, 0, 1], [0, 0, 1]),
        (layers.Activation("hard_sigmoid"), [-4, -3, -1, 1, 3, 4], [0, 0, 1, 1, 2, 2]),
        (layers.Activation("hard_silu"), [-4, -3, -1, 1, 3, 4], [0, 0, 1, 1, 2, 2]),
        (layers.Activation("selu"), [-1, 0, 1], [0, 1, 1]),
        (layers.ELU(0.5), [-1, 0, 1], [0, 0, 1]),
        (layers.ELU(), [-1, 0, 1], [0, 0, 0]),
        (layers.ReLU(2, 0.1, 0.5), [-1, 0.5, 1, 2, 3], [0, 0, 1, 2, 2]),
        (layers.PReLU(), [-1, 0, 1], [-1, 0, 1]),
    ],
    ids=str,
)
def test_the_pieces_of_each(layer: layers.Layer, x: list, pieces: list) -> None:
    given = np.array([x], "float32")
    choices = _choices(layer)
    assert choices is not None
    np.testing.assert_array_equal(choices([given], layer.forward(given)), [pieces])


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "softmax", "gelu", "silu"])
def test_smooth_activations_choose_nothing(name: str) -> None:
    assert _choices(layers.Activation(name)) is None
