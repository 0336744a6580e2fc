"""Frozen layers and penalties go both ways, for every layer that has weights."""

import inspect

import keras
import numpy as np
import pytest
from keras import layers

from experiments.compare import compare_layers
from keras_models import to_keras, to_scratch
from scratch.layers import LAYERS
from scratch.regularizers import total_penalty
from tests.keras_models.samples import inputs_for, randomize

ARGUMENTS = {
    "Conv1D": (4, 3), "Conv2D": (4, (2, 3)), "Conv2DTranspose": (4, (2, 3)), "Dense": (4,),
    "DepthwiseConv1D": (3,), "DepthwiseConv2D": ((2, 3),), "SeparableConv2D": (4, (2, 3)),
    "GroupNormalization": (2,),
}  # fmt: skip
PENALISED = [
    name
    for name, layer_class in LAYERS.items()
    if any(o.endswith("_regularizer") for o in inspect.signature(layer_class.__init__).parameters)
]


def penalties_of(name: str) -> dict[str, keras.Regularizer]:
    """A penalty of its own for each weight."""
    options = inspect.signature(LAYERS[name].__init__).parameters
    wanted = [option for option in options if option.endswith("_regularizer")]
    kinds = (keras.regularizers.L1, keras.regularizers.L2)
    return {option: kinds[i % 2](0.01 * (i + 1)) for i, option in enumerate(wanted)}


def penalised(name: str, **options) -> keras.Model:
    layer = getattr(layers, name)(*ARGUMENTS.get(name, ()), **options, name="layer")
    shape = (9, 4) if name.endswith("1D") else (6, 7, 4)
    return randomize(keras.Sequential([keras.Input(shape), layer, layers.Flatten()]))


def test_every_layer_with_weights_can_be_penalised() -> None:
    assert set(PENALISED) >= {"BatchNormalization", "Conv2D", "Dense"} | set(ARGUMENTS) & set(
        LAYERS
    )


@pytest.mark.parametrize("name", PENALISED)
def test_penalties_go_both_ways_each_to_its_own_weight(name: str) -> None:
    model = penalised(name, **penalties_of(name))
    twin = to_scratch(model)
    back = to_keras(twin)
    assert len(twin.get_layer("layer").regularizers) == len(penalties_of(name))
    expected = float(sum(model.losses))
    assert expected > 0
    assert total_penalty(twin) == pytest.approx(expected, rel=1e-5)
    assert float(sum(back.losses)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", PENALISED)
def test_frozen_layers_go_both_ways_and_are_compared(name: str) -> None:
    model = penalised(name, trainable=False)
    twin = to_scratch(model)
    assert not twin.get_layer("layer").trainable
    back = to_keras(twin)
    assert not back.get_layer("layer").trainable
    assert [la.trainable for la in back.layers] == [la.trainable for la in model.layers]
    x = inputs_for(model)
    found = compare_layers(twin, model, x, np.zeros(model.compute_output_shape(x.shape)), "mse")
    assert found.ok, found.summary
    assert not found.table.tensor.str.startswith("grad:").any()
    assert "grad_input" in set(found.table.tensor)


@pytest.mark.parametrize("trained_too", [True, False])
def test_a_frozen_batch_normalization_agrees_in_both_modes(trained_too: bool) -> None:
    """Far from what the batch's own statistics would give."""
    inputs = [keras.Input((6, 7, 4)), layers.Conv2D(3, 2, name="conv")]
    norm = layers.BatchNormalization(name="norm", trainable=False)
    model = randomize(keras.Sequential([*inputs, norm, layers.Flatten(), layers.Dense(2)]))
    x = 5 + inputs_for(model)
    found = compare_layers(
        to_scratch(model), model, x, np.ones((3, 2), "float32"), "mse", training=trained_too
    )
    assert found.ok, found.summary
    assert (found.table.query("layer == 'norm'").tensor.unique() == ["output", "grad_input"]).all()


def test_a_nested_model_that_is_frozen_freezes_its_layers() -> None:
    base = keras.Sequential(
        [keras.Input((6, 7, 3)), layers.Conv2D(4, 2, name="conv"), layers.BatchNormalization()],
        name="base",
    )
    base.trainable = False
    head = keras.Sequential([layers.Flatten(name="flatten"), layers.Dense(3, name="head")])
    image = keras.Input((6, 7, 3))
    twin = to_scratch(keras.Model(image, head(base(image))))
    assert {la.name: la.trainable for la in twin.layers if la.weights} == {
        "base/conv": False,
        f"base/{base.layers[-1].name}": False,
        f"{head.name}/head": True,
    }
