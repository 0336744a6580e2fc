"""Planted faults: each is named at its layer and tensors with its cause, and nothing else is."""

import functools

import keras
import numpy as np
import pytest

import scratch.zoo
from experiments.compare import compare_layers
from experiments.faults import BY_NAME, FAULTS, Fault
from experiments.faults.specimen import site_network
from experiments.photo_tasks import PhotoTask, photo_task
from keras_models import to_scratch
from scratch import layers
from tests.experiments.photographs import photographs, train_briefly

SITES = sorted({fault.site[0] for fault in FAULTS})
DTYPES = ("float32", pytest.param("float64", marks=pytest.mark.slow))


@functools.cache
def trained(network: str, dtype: str) -> tuple[keras.Model, PhotoTask]:
    """A site's network after a few steps, and three photographs for it."""
    keras.utils.set_random_seed(1)
    model = site_network(network, dtype)
    task = photo_task(model, photographs(), 3, np.random.default_rng(1))
    train_briefly(model, task)
    return model, task


def activation_is_linear(layer: layers.Layer) -> bool:
    return not hasattr(layer, "activation") or layer.activation.name == "linear"


def test_the_catalogue_is_large_and_its_names_are_unique() -> None:
    assert len(BY_NAME) == len(FAULTS) >= 24
    assert len({fault.layer_class for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", SITES)
def test_without_a_fault_the_sites_are_clean(network: str, dtype: str) -> None:
    model, task = trained(network, dtype)
    found = compare_layers(to_scratch(model), model, *task)
    assert found.ok, found.summary


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_named_at_its_place_with_its_cause(fault: Fault, dtype: str) -> None:
    network, site = fault.site
    model, task = trained(network, dtype)
    faulty = to_scratch(model)
    layer = faulty.get_layer(site)
    fault.plant(layer)
    found = compare_layers(faulty, model, *task)
    assert {name for name, _ in found.faults} == {site}
    tensors = {tensor for _, tensor in found.faults}
    # Behind a ReLU or a softmax a wrong output makes the gradients wrong as well.
    assert tensors >= set(fault.tensors)
    if activation_is_linear(layer):
        assert tensors == set(fault.tensors)
    rows = found.isolated[found.isolated.verdict == "fault"]
    assert rows.note.str.endswith(f"as if {fault.description}").all(), set(rows.note)
    assert fault.description in found.summary
    assert (rows.error_ratio > 1).all()


def test_the_same_fault_in_inference() -> None:
    model, task = trained("signs_convnet", "float32")
    faulty = to_scratch(model)
    BY_NAME["bias-per-product"].plant(faulty.get_layer("conv2"))
    found = compare_layers(faulty, model, *task, training=False)
    assert found.faults == [("conv2", "output")]


def test_two_faults_at_once_are_both_named() -> None:
    model, task = trained("signs_convnet", "float32")
    faulty = to_scratch(model)
    BY_NAME["bias-gradient-averaged"].plant(faulty.get_layer("conv1"))
    BY_NAME["flatten-channels-first"].plant(faulty.get_layer("flatten"))
    found = compare_layers(faulty, model, *task)
    expected = [("conv1", "grad:bias"), ("flatten", "output"), ("flatten", "grad_input")]
    assert found.faults == expected
    notes = found.isolated[found.isolated.verdict == "fault"].note.tolist()
    causes = ["bias-gradient-averaged", *["flatten-channels-first"] * 2]
    assert notes == [f"as if {BY_NAME[name].description}" for name in causes]


def test_a_fault_fits_its_own_layer_type_alone() -> None:
    options = {
        "Activation": ("relu",),
        "AveragePooling2D": (2,),
        "Conv1D": (2, 3),
        "Conv2D": (2, 3),
        "Conv2DTranspose": (2, 3),
        "CustomScaleLayer": (0.5,),
        "Dense": (4,),
        "DepthwiseConv1D": (3,),
        "DepthwiseConv2D": (3,),
        "Dropout": (0.5,),
        "LayerScale": (0.5, 3),
        "MaxPooling2D": (2,),
        "Rescaling": (2.0,),
        "SeparableConv2D": (2, 3),
        "AveragePooling1D": (2,),
        "Permute": ((3, 1, 2),),
        "Reshape": ((-1,),),
        "Resizing": (3, 2),
        "SpatialDropout2D": (0.5,),
    }
    everything = [kind(*options.get(name, ())) for name, kind in layers.LAYERS.items()]
    for fault in FAULTS:
        (fitting,) = (layer for layer in everything if fault.fits(layer))
        with pytest.raises(TypeError, match=fault.name):
            fault.plant(layers.ReLU())
        planted = fault.planted_copy(fitting)
        with pytest.raises(TypeError, match=fault.name):
            fault.plant(planted)


def test_a_planted_copy_leaves_the_layer_as_it_is() -> None:
    layer = layers.Conv2D(3, 2)
    layer.build((None, 5, 5, 2))
    layer.gradients["kernel"] = np.ones(1)
    copy = BY_NAME["kernel-turned"].planted_copy(layer)
    assert type(layer) is layers.Conv2D
    assert copy.weights is layer.weights
    assert copy.gradients == {}
    assert list(layer.gradients) == ["kernel"]


def test_a_faulty_layer_is_still_one_of_its_model() -> None:
    model = scratch.zoo.signs_convnet("float32")
    BY_NAME["kernel-turned"].plant(model.get_layer("conv1"))
    x = np.zeros((2, 64, 64, 3), np.float32)
    assert model.forward(x).shape == (2, 6)
    assert model.backward(np.ones((2, 6), np.float32)).shape == x.shape
