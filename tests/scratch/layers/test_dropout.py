import numpy as np
import pytest

from scratch import set_random_seed
from scratch.layers import Dropout, SpatialDropout2D
from tests.scratch.layers.harness import check_layer, random

X, DY = random((40, 50, 2), "float64", 0), random((40, 50, 2), "float64", 1)


@pytest.mark.parametrize("rate", [0, 0.4])
def test_outside_training_as_keras(rate):
    check_layer("Dropout", (3, 4, 2), rate=rate)


def test_rate_zero_in_training_as_keras():
    check_layer("Dropout", (3, 4, 2), rate=0.0, training=True)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_drops_its_share_and_scales_the_rest(rate, dtype):
    x = X.astype(dtype)
    y = Dropout(rate, seed=1, dtype=dtype).forward(x, training=True)
    kept = y != 0
    assert y.dtype == dtype
    # Five standard deviations of a binomial share.
    assert kept.mean() == pytest.approx(1 - rate, abs=5 * np.sqrt(rate * (1 - rate) / x.size))
    np.testing.assert_allclose(y[kept], x[kept] / (1 - rate), rtol=4 * np.finfo(dtype).eps)


def test_values_are_dropped_one_by_one():
    """Neither whole samples nor whole channels: every row and column has both kinds."""
    kept = Dropout(0.5, seed=2).draw_mask((60, 50))
    assert kept.mean(axis=0).min() > 0
    assert kept.mean(axis=0).max() < 1
    assert kept.mean(axis=1).min() > 0
    assert kept.mean(axis=1).max() < 1


def test_gradient_goes_through_what_was_kept():
    layer = Dropout(0.4, seed=3, dtype="float64")
    kept = layer.forward(X, training=True) != 0
    np.testing.assert_allclose(layer.backward(DY), np.where(kept, DY / 0.6, 0), rtol=1e-15)


def test_backward_after_inference_passes_the_gradient_on():
    layer = Dropout(0.4, seed=3, dtype="float64")
    layer.forward(X, training=True)
    layer.forward(X, training=False)
    np.testing.assert_array_equal(layer.backward(DY), DY)


def test_mask_may_be_imposed():
    mask = np.random.default_rng(4).random(X.shape) < 0.3
    asked = []
    layer = Dropout(0.75, dtype="float64")
    layer.draw_mask = lambda shape: asked.append(shape) or mask
    np.testing.assert_allclose(layer.forward(X, training=True), np.where(mask, X * 4, 0))
    np.testing.assert_allclose(layer.backward(DY), np.where(mask, DY * 4, 0))
    assert asked == [X.shape]


def test_seed_fixes_the_masks():
    def masks(layer):
        return [layer.forward(X, training=True) for _ in range(2)]

    first, second = masks(Dropout(0.5, seed=7, dtype="float64"))
    again, _ = masks(Dropout(0.5, seed=7, dtype="float64"))
    other, _ = masks(Dropout(0.5, seed=8, dtype="float64"))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_without_a_seed_the_global_one_decides():
    def mask():
        return Dropout(0.5).draw_mask((9, 9))

    set_random_seed(5)
    first, second = mask(), mask()
    set_random_seed(5)
    np.testing.assert_array_equal(mask(), first)
    assert not np.array_equal(first, second)


def test_what_shares_a_mask_is_dropped_together():
    layer = Dropout(0.5, noise_shape=(None, 1, 2), seed=5, dtype="float64")
    kept = layer.forward(X, training=True) != 0
    np.testing.assert_array_equal(kept, np.broadcast_to(kept[:, :1], X.shape))
    assert 0.2 < kept[:, 0].mean() < 0.8
    np.testing.assert_array_equal(layer.backward(DY), np.where(kept, 2 * DY, 0))


def test_spatial_dropout_drops_whole_channels_of_single_images():
    x, dy = random((30, 4, 3, 5), "float32", 0), random((30, 4, 3, 5), "float32", 1)
    layer = SpatialDropout2D(0.5, seed=6, dtype="float32")
    y = layer.forward(x, training=True)
    kept = y != 0
    np.testing.assert_array_equal(kept, np.broadcast_to(kept[:, :1, :1], x.shape))
    assert 0.3 < kept[:, 0, 0].mean() < 0.7
    np.testing.assert_array_equal(y, np.where(kept, 2 * x, 0))
    np.testing.assert_array_equal(layer.backward(dy), np.where(kept, 2 * dy, 0))
    assert y.dtype == np.float32
