"""Layer and group normalization against Keras."""

import numpy as np
import pytest

from scratch.layers import GroupNormalization, LayerNormalization
from tests.scratch.layers.harness import check_layer, random

LAYER_OPTIONS = {
    "default": {},
    "no center": {"center": False},
    "no scale": {"scale": False},
    "neither": {"center": False, "scale": False, "epsilon": 0.02},
    "one axis": {"axis": 1},
    "two axes": {"axis": [1, 3]},
    "two axes in Keras' order": {"axis": [1, -1]},
    "all but the batch": {"axis": [3, 2, 1]},
    "by the variance alone": {"rms_scaling": True},
    "rms of two axes": {"rms_scaling": True, "axis": (1, 2), "scale": False},
}
GROUP_OPTIONS = {
    "two groups": {"groups": 2},
    "no center": {"groups": 3, "center": False},
    "no scale": {"groups": 3, "scale": False},
    "neither": {"groups": 6, "center": False, "scale": False, "epsilon": 0.02},
    "one group": {"groups": 1},
    "instance": {"groups": -1},
    "channels first": {"groups": 2, "axis": 1},
    "in the middle": {"groups": 5, "axis": -2},
}


@pytest.mark.parametrize("options", LAYER_OPTIONS)
@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (1, 7, 2, 3)], ids=str)
def test_layer_normalization_as_keras(shape, options):
    check_layer("LayerNormalization", shape, training=True, **LAYER_OPTIONS[options])


@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4)], ids=str)
def test_layer_normalization_of_rows_and_sequences(shape):
    check_layer("LayerNormalization", shape)


@pytest.mark.parametrize("options", GROUP_OPTIONS)
@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (1, 2, 5, 6)], ids=str)
def test_group_normalization_as_keras(shape, options):
    check_layer("GroupNormalization", shape, training=True, **GROUP_OPTIONS[options])


@pytest.mark.parametrize("shape", [(5, 6), (2, 3, 4)], ids=str)
def test_group_normalization_of_rows_and_sequences(shape):
    check_layer("GroupNormalization", shape, groups=2)


def test_a_group_is_neighbouring_channels_over_all_positions():
    x = random((2, 3, 4, 6), "float64", 0)
    y = GroupNormalization(3, epsilon=0.0, dtype="float64").forward(x)
    for image, normalized in zip(x, y, strict=True):
        for first in (0, 2, 4):
            group = image[:, :, first : first + 2]
            expected = (group - group.mean()) / group.std()
            np.testing.assert_allclose(normalized[:, :, first : first + 2], expected)


def test_examples_do_not_see_each_other():
    x = random((4, 3, 5), "float64", 0)
    together = LayerNormalization(dtype="float64").forward(x, training=True)
    alone = [LayerNormalization(dtype="float64").forward(row[None], training=True) for row in x]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-13)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (GroupNormalization(4, name="mine"), (2, 3, 6), "divide the 6 channels evenly, got 4"),
        (GroupNormalization(2, axis=3, name="mine"), (2, 3, 6), "have no axis 3"),
        (LayerNormalization(axis=[1, 2], name="mine"), (2, None, 6), "axis 1, 2 must be known"),
        (LayerNormalization(axis=0, name="mine"), (2, 3), "axis 0 must be one behind"),
    ],
)
def test_what_cannot_be_normalized(layer, shape, message):
    with pytest.raises(ValueError, match=f"'mine'.*{message}"):
        layer.compute_output_shape(shape)


def test_groups_are_whole_and_positive():
    with pytest.raises(ValueError, match="groups"):
        GroupNormalization(0)


def test_weights_are_for_one_size():
    layer = LayerNormalization(axis=[1, 2], name="mine")
    layer.build((None, 3, 4))
    message = r"for inputs whose size along axis 1, 2 is 3, 4, got shape \(2, 4, 3\)"
    with pytest.raises(ValueError, match=message):
        layer.forward(np.zeros((2, 4, 3), np.float32))
