import numpy as np
import pytest

from scratch.layers import Add
from tests.scratch.layers.harness import check_layer, random

IMAGE = (2, 5, 4, 3)
SHAPES = {
    "images": [IMAGE, IMAGE],
    "vectors": [(1, 6), (1, 6)],
    "a gate": [IMAGE, (2, 1, 1, 3)],
    "the gate first": [(2, 1, 4, 1), IMAGE],
    "of another rank": [IMAGE, (2, 3)],
}
MORE = {
    "three": [IMAGE] * 3,
    "one": [IMAGE],
    "gates": [(2, 5, 1, 1), (2, 1, 1, 3), IMAGE, (2, 4, 1)],
}


@pytest.mark.parametrize("case", [*SHAPES, *MORE])
@pytest.mark.parametrize("name", ["Add", "Average", "Multiply", "Maximum", "Minimum"])
def test_as_keras(name, case):
    check_layer(name, *(SHAPES | MORE)[case])


@pytest.mark.parametrize("case", SHAPES)
def test_subtract(case):
    check_layer("Subtract", *SHAPES[case])


@pytest.mark.parametrize("case", SHAPES)
@pytest.mark.parametrize("name", ["Maximum", "Minimum"])
def test_the_first_of_equal_inputs_gets_the_gradient(name, case):
    check_layer(name, *SHAPES[case], ties=True)


@pytest.mark.parametrize(
    ("axis", "shapes"),
    [
        (-1, [IMAGE, (2, 5, 4, 1), (2, 5, 4, 2)]),
        (3, [IMAGE, (2, 5, 4, 1)]),
        (1, [IMAGE, (2, 2, 4, 3), (2, 1, 4, 3)]),
        (2, [(2, 5, 1, 3), IMAGE]),
        (-2, [(2, 5, 1, 3), IMAGE]),
        (-1, [(3, 2), (3, 5)]),
        (1, [(1, 2), (1, 1)]),
        (-1, [IMAGE]),
    ],
    ids=str,
)
def test_concatenate(axis, shapes):
    check_layer("Concatenate", *shapes, axis=axis)


def test_concatenate_by_default():
    check_layer("Concatenate", IMAGE, (2, 5, 4, 1))


def test_concatenate_batches():
    """Along axis 0, where Keras too joins whole batches."""
    check_layer("Concatenate", (2, 5), (3, 5), (1, 5), axis=0)


def test_one_tensor_added_to_itself():
    x = random(IMAGE, "float64", 0)
    layer = Add(dtype="float64")
    np.testing.assert_array_equal(layer.forward([x, x]), 2 * x)
