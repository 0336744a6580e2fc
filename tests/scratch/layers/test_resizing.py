"""UpSampling2D and Resizing as Keras' own.

TensorFlow interpolates bilinearly in float32 even where the images are float64.
"""

import numpy as np
import pytest
import tensorflow as tf

from scratch.layers import Resizing
from tests.scratch.layers.harness import check_layer, check_output_shape, random, twins

IMAGE = (2, 5, 4, 3)
BILINEAR = [
    ("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}),
    ("UpSampling2D", {"size": 1, "interpolation": "bilinear"}),
    ("Resizing", {"height": 7, "width": 3}),
    ("Resizing", {"height": 1, "width": 9}),
    ("Resizing", {"height": 4, "width": 9, "crop_to_aspect_ratio": True}),
    ("Resizing", {"height": 9, "width": 4, "crop_to_aspect_ratio": True}),
    ("Resizing", {"height": 4, "width": 9, "pad_to_aspect_ratio": True, "fill_value": -2.0}),
    ("Resizing", {"height": 9, "width": 4, "pad_to_aspect_ratio": True}),
]


@pytest.mark.parametrize("size", [2, (3, 1), (1, 4)])
def test_nearest_upsampling(size):
    check_layer("UpSampling2D", IMAGE, size=size)


@pytest.mark.parametrize(("height", "width"), [(10, 8), (3, 7), (5, 4), (1, 1)])
def test_nearest_resizing(height, width):
    check_layer("Resizing", IMAGE, height=height, width=width, interpolation="nearest")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments"), BILINEAR, ids=str)
def test_bilinear(name, arguments, dtype):
    ours, theirs = twins(name, IMAGE, dtype=dtype, **arguments)
    check_output_shape(ours, theirs, (IMAGE,))
    x = random(IMAGE, dtype, 0)
    y_scratch = ours.forward(x)
    dy = random(y_scratch.shape, dtype, 1)
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y_keras = theirs(tensor)
    dx_keras, dx_scratch = tape.gradient(y_keras, tensor, tf.constant(dy)), ours.backward(dy)
    assert y_scratch.dtype == dx_scratch.dtype == dtype
    np.testing.assert_allclose(y_scratch, y_keras, atol=0 if dtype == "float32" else 1e-5)
    np.testing.assert_allclose(dx_scratch, dx_keras, atol=1e-5)


@pytest.mark.parametrize("keep", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_the_aspect_ratio_is_kept_as_in_keras(keep):
    rng = np.random.default_rng(0)
    for height, width, rows, columns in rng.integers(1, 30, (40, 4)):
        arguments = {"height": int(rows), "width": int(columns), keep: True}
        ours, theirs = twins("Resizing", (1, height, width, 1), dtype="float32", **arguments)
        x = random((1, height, width, 1), "float32", 0)
        np.testing.assert_array_equal(ours.forward(x), theirs(tf.constant(x)))


def test_both_ways_to_keep_the_aspect_ratio_are_refused():
    with pytest.raises(ValueError, match="only one of crop_to_aspect_ratio and pad_to"):
        Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)
