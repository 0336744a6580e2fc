"""The faulty layers of branches make the mistakes they are named after."""

import numpy as np
import pytest

from experiments.faults import merging, pooling, resizing

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 2, 6, 5, 3))
GATE = RNG.standard_normal((2, 1, 1, 3))
DY = RNG.standard_normal(A.shape)


def backward(layer, *inputs, dy=DY, training=False):
    y = layer.forward(list(inputs) if layer.takes_list else inputs[0], training=training)
    return y, layer.backward(dy)


def test_a_gate_with_the_gradient_of_one_copy() -> None:
    y, (dx, dgate) = backward(merging.BroadcastGradientOfOneCopy(dtype="float64"), A, GATE)
    np.testing.assert_array_equal(y, A * GATE)
    np.testing.assert_allclose(dx, DY * GATE)
    np.testing.assert_allclose(dgate, (DY * A)[:, :1, :1])


def test_a_product_with_the_wrong_factors() -> None:
    _, (da, dgate) = backward(merging.MultiplyByOwnFactor(dtype="float64"), A, GATE)
    np.testing.assert_allclose(da, DY * A)
    np.testing.assert_allclose(dgate, (DY * GATE).sum(axis=(1, 2), keepdims=True))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (merging.AverageGradientUndivided, (A + B) / 2),
        (merging.SubtractSignLost, A - B),
        (merging.MaximumToAllInputs, np.maximum(A, B)),
    ],
)
def test_gradients_of_a_sum(kind, expected) -> None:
    y, gradients = backward(kind(dtype="float64"), A, B)
    np.testing.assert_allclose(y, expected)
    for dx in gradients:
        np.testing.assert_array_equal(dx, DY)


def test_corners_that_are_aligned() -> None:
    """[0, 1, 2] in six steps: from corner to corner, 2/5 apart."""
    layer = resizing.AlignedCorners((2, 1), interpolation="bilinear", dtype="float64")
    x = np.arange(3.0).reshape(1, 3, 1, 1)
    dy = RNG.standard_normal((1, 6, 1, 1))
    y, dx = backward(layer, x, dy=dy)
    np.testing.assert_allclose(y.ravel(), np.linspace(0, 2, 6))
    assert (dx * x).sum() == pytest.approx((dy * y).sum())  # the transpose


def test_upsampling_that_averages() -> None:
    layer = resizing.UpSamplingGradientAveraged((2, 3), dtype="float64")
    dy = RNG.standard_normal((2, 12, 15, 3))
    _, dx = backward(layer, A, dy=dy)
    np.testing.assert_allclose(dx[1, 2, 1], dy[1, 4:6, 3:6].mean(axis=(0, 1)))


def test_cropping_at_the_other_sides() -> None:
    layer = resizing.CroppingSidesSwapped(((1, 2), (0, 3)), dtype="float64")
    dy = RNG.standard_normal((2, 3, 2, 3))
    y, dx = backward(layer, A, dy=dy)
    np.testing.assert_array_equal(y, A[:, 2:5, 3:])
    np.testing.assert_array_equal(dx[:, 2:5, 3:], dy)
    assert np.count_nonzero(dx) == dy.size
    assert layer.crops == (1, 2, 0, 3)


def test_reshaping_in_column_order() -> None:
    layer = resizing.ReshapeInColumnOrder((-1,), dtype="float64")
    y, dx = backward(layer, A, dy=DY.reshape(2, -1))
    np.testing.assert_array_equal(y, A.transpose(0, 3, 2, 1).reshape(2, -1))
    np.testing.assert_array_equal(dx.transpose(0, 3, 2, 1).reshape(2, -1), DY.reshape(2, -1))


def test_permuting_forwards_again() -> None:
    layer = resizing.PermuteBackwardAgain((3, 1, 2), dtype="float64")
    dy = RNG.standard_normal((2, 3, 6, 5))
    _, dx = backward(layer, A, dy=dy)
    np.testing.assert_array_equal(dx, dy.transpose(0, 3, 1, 2))


def test_dropping_pixels() -> None:
    layer = resizing.SpatialDropoutOfPixels(0.5, seed=1, dtype="float64")
    y, dx = backward(layer, A, training=True)
    kept = (y != 0).mean(axis=(1, 2))
    assert ((kept > 0) & (kept < 1)).all()
    np.testing.assert_allclose(dx, np.where(y != 0, 2 * DY, 0))
    np.testing.assert_array_equal(layer.forward(A), A)


def test_a_global_maximum_differentiated_as_a_mean() -> None:
    dy = RNG.standard_normal((2, 3))
    y, dx = backward(pooling.GlobalMaximumToAll(dtype="float64"), A, dy=dy)
    np.testing.assert_array_equal(y, A.max(axis=(1, 2)))
    np.testing.assert_allclose(dx, np.broadcast_to(dy[:, None, None] / 30, A.shape))
