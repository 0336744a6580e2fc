import keras
import numpy as np
import pytest
import tensorflow as tf

from scratch.functional import (
    batch_norm,
    batch_norm_inference_backward,
    batch_norm_statistics,
    batch_norm_training_backward,
)
from tests.scratch.functional.oracles import assert_same, complex_step, normal

EPSILON = 1e-3
SHAPES = [(2, 4, 3, 5), (1, 3, 4, 2), (7, 3)]
AFFINE = [(True, True), (True, False), (False, True), (False, False)]


def parameters(channels, scale, center, dtype="float64"):
    gamma = normal(1, channels, dtype=dtype) if scale else None
    return gamma, normal(2, channels, dtype=dtype) if center else None


def training(x, gamma, beta):
    return batch_norm(x, *batch_norm_statistics(x), gamma, beta, EPSILON)


@pytest.mark.parametrize(("scale", "center"), AFFINE)
@pytest.mark.parametrize("shape", SHAPES)
def test_training_gradients_by_complex_step(shape, scale, center):
    x, dy = normal(0, *shape), normal(3, *shape)
    gamma, beta = parameters(shape[-1], scale, center)
    gradients = batch_norm_training_backward(dy, x, *batch_norm_statistics(x), gamma, EPSILON)
    one, zero = np.ones(shape[-1]), np.zeros(shape[-1])
    used_gamma, used_beta = one if gamma is None else gamma, zero if beta is None else beta
    assert_same("dx", gradients[0], complex_step(lambda x: training(x, gamma, beta), x, dy))
    by_gamma = complex_step(lambda g: training(x, g, beta), used_gamma, dy)
    assert_same("dgamma", gradients[1], by_gamma)
    by_beta = complex_step(lambda b: training(x + 0j, gamma, b), used_beta, dy)
    assert_same("dbeta", gradients[2], by_beta)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("mode", ["training", "inference"])
@pytest.mark.parametrize(("scale", "center"), AFFINE)
@pytest.mark.parametrize("shape", SHAPES)
def test_against_keras(shape, scale, center, mode, dtype, rtol):
    x, dy = normal(0, *shape, dtype=dtype), normal(3, *shape, dtype=dtype)
    gamma, beta = parameters(shape[-1], scale, center, dtype)
    moving = normal(4, shape[-1], dtype=dtype), np.abs(normal(5, shape[-1], dtype=dtype))
    layer = keras.layers.BatchNormalization(
        epsilon=EPSILON, scale=scale, center=center, dtype=dtype
    )
    layer.build(shape)
    layer.set_weights([w for w in (gamma, beta, *moving) if w is not None])
    tensor, trained = tf.constant(x), layer.trainable_variables
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y_keras = layer(tensor, training=mode == "training")
    upstream = tf.constant(dy)
    dx_keras, *rest = tape.gradient(y_keras, [tensor, *[v.value for v in trained]], upstream)

    mean, variance = batch_norm_statistics(x) if mode == "training" else moving
    y_scratch = batch_norm(x, mean, variance, gamma, beta, EPSILON)
    backward = {
        "training": batch_norm_training_backward,
        "inference": batch_norm_inference_backward,
    }[mode]
    dx_scratch, dgamma, dbeta = backward(dy, x, mean, variance, gamma, EPSILON)
    assert_same("output", y_scratch, y_keras, rtol)
    assert_same("dx", dx_scratch, dx_keras, rtol)
    gradients_scratch = [dgamma] * scale + [dbeta] * center
    for variable, ours, theirs in zip(trained, gradients_scratch, rest, strict=True):
        assert_same(variable.name, ours, theirs, rtol)


def test_statistics_are_biased_and_survive_a_large_mean():
    """E[x^2] - E[x]^2 loses every digit here; two passes keep float32's."""
    x = (normal(0, 4, 5, 6, 3) + 1e4).astype("float32")
    mean, variance = batch_norm_statistics(x)
    assert mean.dtype == variance.dtype == np.float32
    exact = x.astype("float64")
    np.testing.assert_allclose(mean, exact.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(variance, exact.var(axis=(0, 1, 2)), rtol=1e-4)
