"""The bottlenecks against published numbers, brute force, and pieces of work that are known."""

import itertools
from fractions import Fraction

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers as keras_layers

from experiments import timing
from experiments.bottlenecks.applications import (
    application_row,
    float_operations,
)
from experiments.bottlenecks.exercise import exercise_5_4
from experiments.bottlenecks.inception import MODULES, inception_table, module_model
from experiments.bottlenecks.layers import layer_runs
from experiments.bottlenecks.measured import Bench, speed_up_table
from experiments.bottlenecks.products import Product, products_of
from experiments.bottlenecks.published import agreement, in_full, published_table
from experiments.bottlenecks.roofline import (
    Roof,
    RoofKey,
    bytes_moved,
    operations,
    roofline_seconds,
    roofs,
)
from experiments.bottlenecks.sweep import REDUCTIONS, Reduction, break_even_table, sweep_table
from experiments.bottlenecks.variants import PAIRS, Pair, block_table, convolutions, two_3x3
from experiments.complexity import count
from experiments.passes import BOTH, FORWARD, keras_runs, scratch_runs
from experiments.timing import Timing
from keras_models import to_scratch
from keras_models.zoo import NETWORKS


def uneven() -> keras.Model:
    """A branch, a join and a stride on an image whose sides and channels all differ."""
    x = keras_layers.Input((7, 5, 3))
    left = keras_layers.Conv2D(4, (2, 3), strides=2, padding="same", activation="relu")(x)
    right = keras_layers.MaxPooling2D(2, padding="same")(x)
    return keras.Model(x, keras_layers.Concatenate()([left, right]))


# --- Counted -----------------------------------------------------------------------------------


def test_exercise_5_4_has_the_numbers_of_the_source() -> None:
    steps = exercise_5_4()
    assert list(steps.time_macs) == [5_898_240_000, 163_840_000, 1_474_560_000, 1_638_400_000]
    assert list(steps.space_numbers) == [2_560_000, 640_000, 2_560_000, 3_200_000]
    assert steps.time[0].endswith("= 100 * 100 * 3 * 3 * 256 * 256 = 5,898,240,000")
    assert steps.time[3] == "163,840,000 + 1,474,560,000 = 1,638,400,000"
    assert steps.space[3] == "640,000 + 2,560,000 = 3,200,000"


def test_inception_modules_as_published() -> None:
    table = inception_table(MODULES[:2]).set_index("module")
    first, second = table.loc["3a"], table.loc["3b"]
    assert first.naive_weights == 387_072
    assert first.reduced_weights == 157_184
    assert first.reduced_weights_with_pool == 163_328
    assert first.reduced_parameters_with_pool == 163_696
    assert first.reduced_macs_with_pool == 128_049_152
    assert (round(first.weights_ratio, 3), round(first.weights_ratio_with_pool, 3)) == (
        0.406,
        0.422,
    )
    assert (second.reduced_weights_with_pool, second.reduced_macs_with_pool) == (
        388_096,
        304_267_264,
    )
    assert table.paper_ops_agree.all()


def test_inception_3a_is_the_network_of_the_zoo() -> None:
    for reduced, name in ((True, "inception_3a"), (False, "inception_3a_naive")):
        ours, theirs = module_model(MODULES[0], reduced=reduced), NETWORKS[name]()
        for quantity in ("weights", "biases", "macs"):
            assert count(ours).totals[quantity] == count(theirs).totals[quantity]
        assert ours.output_shape == theirs.output_shape


def test_a_module_hands_on_what_the_next_one_takes() -> None:
    """The paper's Table 1 chains: 3a's output is 3b's input, and so on where no pool halves it."""
    for module, following in itertools.pairwise(MODULES):
        channels = (module.conv_1x1, module.conv_3x3, module.conv_5x5, module.pool_project)
        assert sum(channels) == following.channels_in


def test_a_papers_column_that_does_not_follow_is_said_so() -> None:
    wrong = MODULES[1]._replace(paper_ops_m=305, paper_parameters_k=381)
    row = inception_table((wrong,)).iloc[0]
    assert not row.paper_ops_agree
    assert not row.paper_parameters_agree


def test_blocks_as_published() -> None:
    table = block_table(PAIRS[:3]).set_index(["pair", "variant"])
    wide, residual = table.loc[PAIRS[0].name], table.loc[PAIRS[2].name]
    assert wide.macs["direct"] == 120_422_400
    assert wide.macs_by_layer["reduced"] == "2,408,448 + 10,035,200 = 12,443,648"
    assert residual.weights["direct"] == 1_179_648
    assert residual.weights["reduced"] == 69_632
    assert residual.times_fewer_weights["reduced"] == pytest.approx(16.9, abs=0.05)
    assert table.numpy_model_agrees.all()


def test_both_variants_of_a_pair_connect_the_same_tensors() -> None:
    for pair in PAIRS:
        direct, reduced = pair.direct(), pair.reduced()
        assert direct.input_shape == reduced.input_shape
        # The naive inception module keeps all of the pool's channels.
        assert direct.output_shape[:3] == reduced.output_shape[:3]
    assert two_3x3().output_shape == NETWORKS["resnet_bottleneck"]().output_shape


# --- Break-even --------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS, ids=lambda r: r.name)
def test_break_even_against_brute_force(reduction: Reduction) -> None:
    direct = reduction.kernel_size**2 * reduction.channels_in * reduction.channels_out

    def reduced(r: int) -> int:
        return r * reduction.channels_in + reduction.kernel_size**2 * r * reduction.channels_out

    saving = [r for r in range(1, 2000) if reduced(r) < direct]
    assert saving == list(range(1, reduction.widest + 1))
    assert reduction.reduced_macs(7) == reduced(7) * reduction.size**2
    assert reduction.widest < reduction.break_even <= reduction.widest + 1


def test_a_whole_break_even_costs_the_same_and_saves_nothing() -> None:
    even = Reduction("even", 3, 1, 8, 8)
    assert even.break_even == Fraction(4)
    assert even.widest == 3
    assert even.reduced_macs(4) == even.direct_macs


def test_the_break_even_table_proves_its_formula() -> None:
    row = break_even_table((Reduction("5x5", 4, 5, 6, 7, used=2),)).iloc[0]
    # 25 * 6 * 7 / (6 + 25 * 7) = 1050 / 181
    assert row.formula.endswith("= 5^2 * 6 * 7 / (6 + 5^2 * 7) = 1,050 / 181 = 5.8011")
    assert (row.widest_that_saves, row.saves_at_widest, row.saves_one_wider) == (5, True, False)
    assert row.formula_holds_at_all
    assert row.models_cost_the_same


def test_the_sweep_has_the_used_width_and_both_sides_of_break_even() -> None:
    sweep = sweep_table(REDUCTIONS[:1])
    assert {64, 230, 231} <= set(sweep.r)
    assert list(sweep[sweep.used].macs) == [1_638_400_000]
    assert list(sweep.saves) == [r <= 230 for r in sweep.r]


# --- Networks ----------------------------------------------------------------------------------


def test_the_profiler_is_taken_apart_into_products_and_the_rest() -> None:
    """Its operations by hand: y is 4x3x4 from windows of 2x3x3; the pool writes 4x3x3."""
    row = application_row("uneven", uneven())
    outputs, macs = 4 * 3 * 4, 4 * 3 * 4 * 2 * 3 * 3
    assert (row["macs"], row["bias_adds"]) == (macs, outputs)
    assert row["profiler_in_products"] == 2 * macs
    assert row["products_are_two_macs"]
    pooled = 2 * 2 * 4 * 3 * 3
    assert float_operations(uneven(), (7, 5, 3)) == {
        "Conv2D": 2 * macs,
        "BiasAdd": outputs,
        "MaxPool": pooled,
    }
    assert row["profiler_float_ops"] == 2 * macs + outputs + pooled
    assert sorted(row["convention"].split(" + ")) == ["2 MACs", "BiasAdd 48", "MaxPool 144"]


def test_an_operation_that_is_no_product_of_ours_would_be_seen() -> None:
    x = keras_layers.Input((6, 4, 2))
    y = keras_layers.DepthwiseConv2D((3, 2), depth_multiplier=3)(x)
    y = keras_layers.Dense(5)(keras_layers.Flatten()(y))
    row = application_row("depthwise", keras.Model(x, y))
    assert row["macs"] == 4 * 3 * 6 * (3 * 2) + 4 * 3 * 6 * 5
    assert row["products_are_two_macs"]
    assert row["activations"] == 6 * 4 * 2 + 4 * 3 * 6 + 5


def test_what_the_profiler_overlooks_is_named() -> None:
    x = keras_layers.Input((6, 4, 8))
    y = keras_layers.Conv2D(4, (3, 2), groups=2)(x)
    row = application_row("grouped", keras.Model(x, keras_layers.Conv2D(5, 1)(y)))
    grouped, plain = 4 * 3 * 4 * (3 * 2 * 4), 4 * 3 * 5 * 4
    assert (row["macs"], row["grouped_macs"]) == (grouped + plain, grouped)
    assert row["profiler_in_products"] == 2 * plain
    assert row["products_explained"]
    assert not row["products_are_two_macs"]
    assert "but for grouped convolutions" in row["convention"]


@pytest.mark.parametrize(
    ("counted", "value", "unit", "found"),
    [
        (15_470_264_320, 15_470_264_320, 1, "exact"),
        (568_740_352, 569_000_000, 1_000_000, "rounded"),
        (3_857_973_248, 3_800_000_000, 100_000_000, "cut"),
        (3_504_872, 3_400_000, 100_000, "no"),
        (3_299_999, 3_400_000, 100_000, "no"),
        (15_470_264_321, 15_470_264_320, 1, "no"),
    ],
)
def test_agreement_knows_rounding_from_cutting(counted, value, unit, found) -> None:
    assert agreement(counted, value, unit) == found


def test_published_numbers_add_up_what_their_convention_says() -> None:
    row = {
        "application": "VGG16", "parameters": 138_357_544, "trainable_parameters": 1, "macs": 10,
        "bias_adds": 3, "activations": 15_237_608,
    }  # fmt: skip
    table = published_table(pd.DataFrame([row])).set_index("convention")
    assert table.counted["MACs + bias adds"] == 13
    assert table.agreement["activations"] == table.agreement["parameters"] == "exact"
    assert set(table.counted["MACs"]) == {10}
    assert set(table.agreement["MACs"]) == {"no"}


@pytest.mark.parametrize(
    ("printed", "value", "unit"),
    [
        ("138,357,544", 138_357_544, 1),
        ("569M", 569_000_000, 1_000_000),
        ("0.70B", 700_000_000, 10_000_000),
        ("3.0B", 3_000_000_000, 100_000_000),
        ("19B", 19_000_000_000, 1_000_000_000),
    ],
)
def test_a_number_is_as_fine_as_it_is_printed(printed, value, unit) -> None:
    assert in_full(printed) == (value, unit)


# --- Measured ----------------------------------------------------------------------------------


def test_both_sides_compute_the_same() -> None:
    model = uneven()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 7, 5, 3)).astype(np.float32)
    dy = rng.standard_normal((2, *model.output_shape[1:])).astype(np.float32)
    ours, theirs = scratch_runs(to_scratch(model), x, dy), keras_runs(model, x, dy)
    np.testing.assert_allclose(ours[FORWARD](), theirs[FORWARD](), atol=1e-5)
    (dx_scratch, scratch_grads), (dx_keras, keras_grads) = ours[BOTH](), theirs[BOTH]()
    np.testing.assert_allclose(dx_scratch, dx_keras, atol=1e-5)
    assert set(scratch_grads) == set(keras_grads)
    for name, gradient in scratch_grads.items():
        np.testing.assert_allclose(gradient, keras_grads[name], atol=1e-5)


def test_every_layer_runs_on_its_own_input() -> None:
    model = to_scratch(uneven())
    x = np.random.default_rng(1).standard_normal((3, 7, 5, 3)).astype(np.float32)
    runs = layer_runs("pair", "direct", model, x)
    assert [key.layer_type for key in runs] == ["Conv2D", "MaxPooling2D", "Concatenate"]
    np.testing.assert_array_equal(list(runs.values())[-1](), model.forward(x))


def test_products_hold_the_macs_of_the_pass() -> None:
    counted = count(uneven(), batch=3)
    forward, both = (products_of(counted, passes) for passes in (FORWARD, BOTH))
    assert forward == [Product(4 * 3, 2 * 3 * 3, 4)]
    assert both == [Product(12, 18, 4), Product(12, 4, 18), Product(18, 12, 4)]
    assert 3 * 2 * sum(p.macs for p in both) == operations(counted, BOTH)


def test_the_roof_is_the_lower_of_two_limits() -> None:
    roof = Roof(gflops=2.0, product_gflops=2.0, gigabytes=0.5, cores_busy=1.0, threads=1)
    assert roof.bound(flops=8e9, moved=1e9) == 4.0
    assert roof.bound(flops=1e9, moved=3e9) == 6.0


def test_a_models_least_time_is_its_layers_in_turn() -> None:
    """uneven: the image is read twice; weights 2*3*3*4 + 4; 48 + 36 numbers are joined."""
    counted, limit = count(uneven()), Roof(1e-9, 1e-9, 4e-9, 1.0, 1)  # 1 FLOP, 1 number a second
    convolution, pool, join = 105 + 72 + 4 + 48, 105 + 36, 84 + 84
    assert bytes_moved(counted, FORWARD) == 4 * (convolution + pool + join)
    assert bytes_moved(counted, BOTH) == 3 * bytes_moved(counted, FORWARD)
    assert operations(counted, FORWARD) == 2 * 864
    expected = max(2 * 864, convolution) + pool + join
    assert roofline_seconds(counted, FORWARD, limit) == pytest.approx(expected)
    assert roofline_seconds(counted, BOTH, limit) == pytest.approx(3 * expected)


def test_roofs_are_rates_of_the_fastest_runs() -> None:
    timings = {
        RoofKey(name, "product"): Timing([4.0, 2.0], [4.0, 5.0]) for name in ("NumPy", "TensorFlow")
    } | {RoofKey(name, "stream"): Timing([1.0, 0.5], [1, 1]) for name in ("NumPy", "TensorFlow")}
    found = roofs(timings, {"NumPy": 0.7, "TensorFlow": 1.5}, side=1000, stream=10**9)
    assert found["NumPy"].gflops == 1.0  # 2 * 1000^3 operations in 2 seconds
    assert found["NumPy"].gigabytes == 24.0  # three arrays of 4 * 10^9 bytes in half a second
    assert found["NumPy"].cores_busy == 1.5
    assert (found["TensorFlow"].gflops, found["TensorFlow"].product_gflops) == (1.5, 1.0)


def test_speed_ups_divide_direct_by_reduced() -> None:
    common = {"pair": "p", "passes": FORWARD, "implementation": "NumPy", "roofline_seconds": 1.0}
    measured = pd.DataFrame(
        [
            {**common, "variant": "reduced", "macs": 10, "seconds": 2.0, "products_seconds": 1.0,
             "peak_memory_mib": 4.0},
            {**common, "variant": "direct", "macs": 60, "seconds": 6.0, "products_seconds": 5.0,
             "peak_memory_mib": 2.0},
        ]
    )  # fmt: skip
    row = speed_up_table(measured).iloc[0]
    assert (row.counted, row.products, row.measured) == (6.0, 5.0, 3.0)
    assert (row.reached, row.memory_saved) == (0.5, 0.5)


def test_a_bench_measures_every_variant_pass_and_side(monkeypatch) -> None:
    monkeypatch.setattr("experiments.bottlenecks.measured.roof_works", _small_roofs)
    pair = Pair(
        "small", lambda: convolutions(64, 6, (3, 8)), lambda: convolutions(64, 6, (1, 2), (3, 8)), 2
    )
    steps: list[int] = []
    bench = Bench((pair,), scale=3, rng=np.random.default_rng(0))
    measured = bench.measure(2, steps.append)
    assert len(steps) == bench.runs * (timing.WARM_UP + 2)
    rows = measured.variants
    assert len(rows) == len(rows.drop_duplicates(["variant", "passes", "implementation"])) == 8
    assert set(rows.batch) == {6}
    direct = rows[(rows.variant == "direct") & (rows.implementation == "NumPy")]
    assert list(direct.macs) == [6 * 64**2 * 9 * 6 * 8, 3 * 6 * 64**2 * 9 * 6 * 8]
    np.testing.assert_allclose(rows.gflop_per_s * rows.seconds, 2 * rows.macs / 1e9)
    assert (rows.fastest_seconds <= rows.seconds).all()
    assert (rows.peak_memory_mib > 0).all()
    assert (rows.products_seconds.isna() == (rows.implementation == "TensorFlow")).all()
    peak = measured.roofs.set_index("implementation").peak_gflop_per_s
    assert (rows.gflop_per_s <= rows.implementation.map(peak)).all()
    shares = measured.layers.groupby("variant").share.sum()
    np.testing.assert_allclose(shares, 1)


def _small_roofs():
    from experiments.bottlenecks.roofline import roof_works

    return roof_works(side=64, stream=1024)
