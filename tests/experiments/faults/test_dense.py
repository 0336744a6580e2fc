"""Faulty dense layers, and their neighbours, make the mistake they are named after."""

import numpy as np
import pytest

from experiments.faults import dense
from scratch import layers
from tests.experiments.faults.runs import X, built, run
from tests.scratch.functional.oracles import complex_step


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_channels_first_flattening() -> None:
    found = run(dense.FlattenChannelsFirst(dtype="float64"))
    for image, row in zip(X, found["output"], strict=True):
        expected = [image[h, w, c] for c in range(3) for h in range(6) for w in range(5)]
        assert row.tolist() == expected
    sent_back = np.moveaxis(found["grad_input"], -1, 1).reshape(2, -1)
    np.testing.assert_array_equal(sent_back, found["dy"])


def test_kernel_rows_meant_for_channels_first(rng) -> None:
    """The same as a channels first Flatten before the right layer."""
    images = rng.standard_normal((4, 2, 2, 5))
    layer = dense.DenseRowsChannelsFirst(3, dtype="float64")
    built(layer, images.reshape(4, -1))
    channels_last = layers.Flatten(dtype="float64").forward(images)
    kernel = layer.weights["kernel"]
    # The kernel's row for (h, w, c) is applied to the input that is number (h, w, c) when the
    # image is cut up as (c, h, w).
    stored = kernel.reshape(2, 2, 5, 3)
    expected = sum(
        channels_last[:, number, None] * stored[h, w, c]
        for number, (c, h, w) in enumerate(np.ndindex(5, 2, 2))
    )
    found = run(layer, channels_last)
    np.testing.assert_allclose(found["output"], expected + layer.weights["bias"])
    gradient = complex_step(
        lambda x: sum(
            x[:, number, None] * stored[h, w, c]
            for number, (c, h, w) in enumerate(np.ndindex(5, 2, 2))
        ),
        channels_last,
        found["dy"],
    )
    np.testing.assert_allclose(found["grad_input"], gradient)


def test_a_softmax_differentiated_element_by_element(rng) -> None:
    rows = rng.standard_normal((4, 7))
    layer = built(dense.SoftmaxDiagonal(5, activation="softmax", dtype="float64"), rows)
    found = run(layer, rows)
    dz = np.zeros((4, 5))
    for i, k in np.ndindex(4, 5):
        y = found["output"][i, k]
        dz[i, k] = y * (1 - y) * found["dy"][i, k]
    np.testing.assert_allclose(found["grad_input"], dz @ layer.weights["kernel"].T)
    np.testing.assert_allclose(found["kernel"], rows.T @ dz)
    np.testing.assert_allclose(found["bias"], dz.sum(axis=0))


def test_a_kernel_gradient_averaged_twice(rng) -> None:
    rows = rng.standard_normal((4, 7))
    found = run(built(dense.KernelGradientAveraged(5, dtype="float64"), rows), rows)
    np.testing.assert_allclose(found["kernel"], rows.T @ found["dy"] / 4)
    np.testing.assert_allclose(found["bias"], found["dy"].sum(axis=0))


@pytest.mark.parametrize("training", [True, False])
def test_a_dropout_that_does_not_rescale(training: bool, rng) -> None:
    layer = dense.NotRescaled(0.3, dtype="float64")
    mask = rng.random(X.shape) < 0.7
    layer.draw_mask = lambda _shape: mask
    found = run(layer, training=training)
    kept = mask if training else np.ones_like(mask)
    np.testing.assert_array_equal(found["output"], X * kept)
    np.testing.assert_array_equal(found["grad_input"], found["dy"] * kept)


def test_an_addition_that_shares_its_gradient_out(rng) -> None:
    layer = dense.AddSplitsGradient(dtype="float64")
    layer.forward([X, X, X])
    dy = rng.standard_normal(X.shape)
    for part in layer.backward(dy):
        np.testing.assert_allclose(part, dy / 3)
