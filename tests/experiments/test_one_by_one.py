"""The study of 1x1 convolutions: its networks, its demonstrations, its statistics, its tables."""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction

import keras
import numpy as np
import pytest
import tensorflow as tf

from experiments.complexity import count
from experiments.one_by_one import demonstrations
from experiments.one_by_one.demonstrations import channel_changes, demonstrate
from experiments.one_by_one.figures import draw_mixing
from experiments.one_by_one.paired import STUDENT, paired, sign_test
from experiments.one_by_one.variants import VARIANTS, ChannelConv2D, keras_own, network
from experiments.progress import Progress
from experiments.runner import run_study
from experiments.signs import SignsData
from experiments.study import Context, discover, select
from keras_models import to_scratch

INTEGERS = [
    "a 1x1 layer is a matrix product at every pixel",
    "with groups = channels it only multiplies each channel by a number",
    "without ReLU two 1x1 layers are one: its matrix is the product of the two",
]


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 7, 5, 3)).astype(np.uint8)


@pytest.mark.parametrize(("kernel_size", "strides", "filters"), [(3, 2, 8), (1, 1, 4), (2, 1, 12)])
def test_channels_apart_are_keras_grouped_convolution(kernel_size, strides, filters) -> None:
    """Outputs and both gradients equal Keras' own `Conv2D` with as many groups as channels."""
    rng = np.random.default_rng(1)
    x = tf.constant(rng.standard_normal((2, 9, 7, 4)))
    options = {"strides": strides, "padding": "same", "groups": 4, "use_bias": False}
    found = []
    kernel = rng.standard_normal((kernel_size, kernel_size, 1, filters))
    upstream = None
    for kind in (ChannelConv2D, keras.layers.Conv2D):
        layer = kind(filters, kernel_size, dtype="float64", **options)
        layer.build(x.shape)
        layer.kernel.assign(kernel)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            upstream = rng.standard_normal(y.shape) if upstream is None else upstream
            loss = tf.reduce_sum(y * upstream)
        found.append([y, *tape.gradient(loss, [x, layer.kernel.value])])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_twins_of_a_variant_give_the_same_probabilities(variant) -> None:
    keras.utils.set_random_seed(3)
    model = network(variant)
    x = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    expected = model(x, training=False)
    own = keras_own(variant, model.get_weights())
    np.testing.assert_allclose(to_scratch(own).forward(x), expected, atol=1e-5)
    assert not any(isinstance(layer, ChannelConv2D) for layer in own.layers)
    np.testing.assert_allclose(own(x, training=False), expected, atol=1e-5)


def test_variants_differ_in_what_they_are_named_for() -> None:
    totals = {variant.name: count(network(variant, keras.layers.Conv2D)) for variant in VARIANTS}
    convolutions = {
        name: counted.table[counted.table.type == "Conv2D"] for name, counted in totals.items()
    }
    # Three 3x3 of stride 2: 32x32x12, 16x16x48, 8x8x96; then 1x1 and 3x3 at the last two sizes.
    strided = 1024 * 27 * 12 + 256 * 108 * 48 + 64 * 432 * 96
    apart = 1024 * 9 * 12 + 256 * 9 * 48 + 64 * 9 * 96
    pointwise = 256 * 48 * 48 + 64 * 96 * 96
    assert {name: rows.macs.sum() for name, rows in convolutions.items()} == {
        "no 1x1": strided,
        "1x1 linear": strided + pointwise,
        "1x1 + ReLU": strided + pointwise,
        "apart, 1x1 scales": apart + 256 * 48 + 64 * 96,
        "apart, 1x1 mixes": apart + pointwise,
        "3x3": strided + 9 * pointwise,
        "1x1 before the 3x3": strided + 10 * pointwise // 4,
    }
    linear, relu = (totals[name].table.type for name in ("1x1 linear", "1x1 + ReLU"))
    assert (relu == "ReLU").sum() == (linear == "ReLU").sum() + 2
    assert totals["1x1 linear"].totals["parameters"] == totals["1x1 + ReLU"].totals["parameters"]


def test_demonstrations_hold_in_both_twins(photographs) -> None:
    rows = {row["demonstration"]: row for row in demonstrate(photographs, np.random.default_rng(5))}
    roles = {row["role"] for row in rows.values()}
    assert roles == {"channel change", "channel mixing", "non-linearity", "cost"}
    assert all(row["holds"] for row in rows.values())
    assert [rows[name]["numbers"] for name in INTEGERS] == [3 * 35 * n for n in (8, 3, 5)]
    for row in rows.values():
        if row["expected"] == "none":
            assert row["differing_scratch"] == row["differing_keras"] == 0
        assert 0 <= row["error_ratio_scratch"] < 1
        assert 0 <= row["error_ratio_keras"] < 1


def test_additivity_fails_as_often_as_einsum_says(photographs) -> None:
    """The count of numbers that ReLU bends, from 64-bit integers alone."""
    rows = demonstrate(photographs, np.random.default_rng(5))
    (bent,) = (row for row in rows if row["expected"] == "some")
    rng = np.random.default_rng(5)  # The demonstrations draw their kernels in this order.
    first, second = rng.integers(-9, 10, (3, 8)), rng.integers(-9, 10, (8, 5))

    def f(x: np.ndarray) -> np.ndarray:
        hidden = np.einsum("nhwc,cd->nhwd", x, first)
        return np.einsum("nhwc,cd->nhwd", np.maximum(hidden, 0), second)

    a, b = photographs[:1].astype(np.int64), photographs[1:2].astype(np.int64)
    differing = int((f(a + b) != f(a) + f(b)).sum())
    assert 0 < differing == bent["differing_scratch"] == bent["differing_keras"]


@pytest.mark.parametrize("side", ["scratch", "keras"])
def test_a_wrong_twin_is_caught(photographs, monkeypatch, side) -> None:
    """One kernel entry off by one on one side: the demonstrations on that side no longer hold."""
    forward = getattr(demonstrations, f"_{side}_forward")

    def wrong(one, x):
        matrix = one.matrix.copy()
        matrix[0, 0] += 1
        return forward(one._replace(matrix=matrix), x)

    monkeypatch.setattr(demonstrations, f"_{side}_forward", wrong)
    rows = {row["demonstration"]: row for row in demonstrate(photographs, np.random.default_rng(5))}
    other = "keras" if side == "scratch" else "scratch"
    for name in INTEGERS:
        assert not rows[name]["holds"]
        assert rows[name][f"differing_{side}"] > 0 == rows[name][f"differing_{other}"]


def test_channels_change_and_the_resolution_does_not() -> None:
    for row in channel_changes((6, 4)):
        channels = int(row["input_shape"].split("x")[2])
        shape = f"6x4x{row['filters']}"
        assert row["output_shape_scratch"] == row["output_shape_keras"] == shape
        parameters = (channels + 1) * row["filters"]
        assert row["parameters_scratch"] == row["parameters_keras"] == parameters


def test_sign_test_is_the_share_of_sign_patterns_as_uneven() -> None:
    """Every way in which n photographs can fall, counted one by one."""
    for better, worse in itertools.product(range(5), range(5)):
        n = better + worse
        falls = [abs(2 * sum(fall) - n) for fall in itertools.product((0, 1), repeat=n)]
        as_uneven = sum(distance >= abs(better - worse) for distance in falls)
        assert sign_test(better, worse) == Fraction(as_uneven, 2**n)


def test_paired_counts_a_photograph_once() -> None:
    first = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 0, 0]], bool)
    second = np.array([[0, 1, 1, 1, 0], [0, 0, 0, 1, 1]], bool)
    found = paired(first, second)
    assert (found.better, found.worse, found.p_value) == (2, 2, 1)
    assert (found.low, found.difference, found.high) == pytest.approx((0, 0, 0))
    with pytest.raises(ValueError, match=r"\(2, 5\) and \(2, 4\)"):
        paired(first, second[:, :4])
    with pytest.raises(ValueError, match="got 1"):
        paired(first[:1], second[:1])


def test_paired_interval_is_students() -> None:
    """Differences of 0.1, 0.2 and 0.6: mean 0.3, standard error 0.1528, times 4.303."""
    second = np.zeros((3, 10), bool)
    first = np.arange(10) < np.array([[1], [2], [6]])
    found = paired(first, second)
    assert found.difference == pytest.approx(0.3)
    assert (found.low, found.high) == pytest.approx((-0.3572, 0.9572), abs=1e-4)
    assert (found.better, found.worse) == (6, 0)


@pytest.mark.parametrize("seeds", STUDENT)
def test_students_t_leaves_a_fortieth_on_each_side(seeds) -> None:
    """The integral of its density, (1 + t^2 / n)^(-(n + 1) / 2) times a constant, from 0."""
    n = seeds - 1
    t = np.linspace(0, STUDENT[seeds], 20_001)
    constant = math.gamma((n + 1) / 2) / math.gamma(n / 2) / math.sqrt(n * math.pi)
    density = constant * (1 + t**2 / n) ** (-(n + 1) / 2)
    assert np.trapezoid(density, t) == pytest.approx(0.475, abs=2e-5)


def test_grey_has_no_colour() -> None:
    """The drawn mixtures: for grey pixels light is that grey and both differences are 0.5."""
    grey = np.repeat(np.arange(12, dtype=np.uint8).reshape(3, 4, 1), 3, axis=2)
    panels = draw_mixing(grey).axes[5:]
    light, blue, red = (panel.images[0].get_array() for panel in panels)
    np.testing.assert_allclose(light, grey[:, :, 0] / 255, atol=1e-6)
    np.testing.assert_allclose(blue, 0.5, atol=1e-6)
    np.testing.assert_allclose(red, 0.5, atol=1e-6)


@pytest.mark.slow
def test_study_counts_the_same_in_every_table(tmp_path) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (52, 64, 64, 3)).astype(np.uint8)
    y = np.arange(52) % 6
    apart = y[40:] < 0
    signs = SignsData(
        x[:40], y[:40], x[40:], y[40:], apart, y[:40] < 0, "Drawings.", "0" * 64, True
    )
    (study,) = select(discover(), ["one_by_one"])
    found = run_study(study, Context(signs, full=False, seed=0, progress=Progress()), tmp_path)
    frames = found.frames
    assert [figure.name for figure in found.figures] == ["mixing", "accuracy", "cost"]
    names = [variant.name for variant in VARIANTS]
    runs, variants = frames["runs"], frames["variants"].set_index("variant")
    assert list(variants.index) == names
    assert set(variants.verdict) == {"agree"}
    assert len(runs) == len(names) * (3 + 1)
    assert (runs.accuracy == runs.correct / 12).all()
    means = runs[runs.twin == "Keras"].groupby("variant").accuracy.mean()
    for row in frames["paired"].itertuples():
        assert row.difference == pytest.approx(means[row.first] - means[row.second])
        assert row.low <= row.difference <= row.high
    text = " ".join(study.findings(frames))
    assert "8 of 8 demonstrations hold in both twins" in text
    assert "7 of 7 trained networks agree" in text
    assert "7,262,784 MACs a photograph instead of 14,930,496 (48.6 %)" in text
    assert len(re.findall("photographs are read right by more seeds", text)) == 5
    frames["roles"].loc[1, "holds"] = False
    assert f"These do not: {INTEGERS[0]}." in study.findings(frames)[0]
