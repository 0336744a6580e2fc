"""The study of speed at toy sizes: right answers, known counts, and sentences from the tables."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers as keras_layers
from threadpoolctl import threadpool_info, threadpool_limits

from experiments.bottlenecks.roofline import Roof
from experiments.complexity import count
from experiments.passes import NUMPY, TENSORFLOW
from experiments.reproduce import hold
from experiments.results import StudyResults
from experiments.runner import run_study
from experiments.speed import choice, ladder, machine, scaling
from experiments.speed.accuracy import accuracy_table
from experiments.speed.alone import loop_backward, loop_forward
from experiments.speed.by_hand import (
    cell_backward,
    cell_forward,
    window_backward,
    window_forward,
)
from experiments.speed.choice import choice_table, convolutions_of
from experiments.speed.convolution import PASSES, Convolution, algorithm_of, scratch_pass
from experiments.speed.errors import bound_ratio, error, in_float64, magnitudes, terms
from experiments.speed.ladder import Rung, climb, scratch_rung
from experiments.speed.layers import zoo_layers
from experiments.speed.machine import cores, measured_roof, threads
from experiments.speed.peaks import peak_table
from experiments.speed.scaling import points, scaling_table
from experiments.speed.work import Sides
from experiments.studies import speed
from experiments.study import Context, discover, select
from experiments.timing import Timing
from scratch.functional.convolution import ALGORITHMS
from scratch.zoo import NETWORKS
from tests.experiments.helpers import context, few_drawings

UNEVEN = Convolution(2, (7, 5), 3, 4, (3, 2), (2, 1), bias=True)
CASES = [UNEVEN, UNEVEN.with_(padding="valid", bias=False), UNEVEN.with_(batch=1, strides=(1, 1))]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def no_progress(_steps: float) -> None:
    pass


# --- Right answers -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(
    ("forward", "backward"),
    [(window_forward, window_backward), (cell_forward, cell_backward)],
)
def test_rungs_by_hand_compute_what_the_loops_do(case, forward, backward) -> None:
    tensors = case.draw(rng())
    ours = {**forward(case, tensors), **backward(case, tensors)}
    looped = {**loop_forward(case, tensors), **loop_backward(case, tensors)}
    assert set(ours) == set(looped) == set(PASSES)
    for which, tensor in ours.items():
        np.testing.assert_allclose(tensor, looped[which], rtol=1e-5, atol=1e-5)


def test_float64_is_nearer_to_the_truth_than_the_loops_own_last_rounding() -> None:
    case, tensors = UNEVEN, UNEVEN.draw(rng())
    looped = {**loop_forward(case, tensors), **loop_backward(case, tensors)}
    for which, exact in in_float64(case, tensors).items():
        assert exact.dtype == np.float64
        np.testing.assert_array_equal(looped[which], exact.astype(np.float32))


def test_errors_are_in_ulps_of_the_largest_number() -> None:
    exact = np.array([3.0, 0.25])
    found = exact + np.array([3.0, -4.0]) * np.spacing(np.float32(3.0))
    largest, rms, relative = error(found, exact)
    assert (largest, relative) == (4.0, 4.0 * np.spacing(np.float32(3.0)) / 3.0)
    assert rms == pytest.approx(np.sqrt((9 + 16) / 2))


def test_an_error_beyond_the_elementwise_bound_is_seen() -> None:
    exact, magnitude = np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0])
    allowed = 10 * 2.0**-24 / (1 - 10 * 2.0**-24)
    within, beyond = (exact + np.array([factor * allowed, 0, 0]) for factor in (0.5, 2.0))
    assert bound_ratio(within, exact, magnitude, 10) == pytest.approx(0.5)
    assert bound_ratio(beyond, exact, magnitude, 10) == pytest.approx(2.0)


def test_terms_and_magnitudes_by_hand() -> None:
    assert terms(UNEVEN) == {
        "forward": 3 * 2 * 3 + 1, "input_gradient": 3 * 2 * 4, "kernel_gradient": 2 * 4 * 5,
    }  # fmt: skip
    case = Convolution(1, (1, 2), 1, 1, (1, 2), padding="valid")
    tensors = case.draw(rng())._replace(
        x=np.float32([[[[3], [-2]]]]), kernel=np.float32([[[[5]], [[7]]]]),
    )  # fmt: skip
    assert in_float64(case, tensors)["forward"].item() == 1
    assert magnitudes(case, tensors)["forward"].item() == 29


def test_errors_of_every_algorithm_are_held_against_the_right_bound() -> None:
    table = accuracy_table(Convolution(2, (9, 8), 1, 1), (3, 5), rng(), no_progress)
    assert set(table["pass"]) == set(PASSES)
    assert set(table.channels) == {3, 5}
    assert {"textbook", "tiles", "winograd"} <= set(table.algorithm)
    assert set(table.algorithm[~table.elementwise]) == {"winograd"}
    assert (table[table.elementwise].share_of_elementwise_bound <= 1).all()
    assert (table.rms_ulps <= table.largest_ulps).all()
    assert (table.relative < 1e-4).all()
    forward = table[(table["pass"] == "forward") & (table.channels == 5)]
    assert len(forward) == sum(
        algorithm.can("forward", Convolution(2, (9, 8), 5, 5).problem)
        for algorithm in ALGORITHMS.values()
    )


# --- The ladder --------------------------------------------------------------------------------


def wrong(case, tensors):
    return {"forward": cell_forward(case, tensors)["forward"] * np.float32(1.001)}


def test_a_wrong_rung_is_seen_in_its_error() -> None:
    rungs = (Rung("right", {"forward": cell_forward}), Rung("wrong", {"forward": wrong}))
    table = climb(UNEVEN, rungs, 1, True, rng(), no_progress).set_index("rung")
    assert table.error_ulps["right"] < 10
    assert table.error_ulps["wrong"] > 1000


def test_a_ladder_climbs_from_what_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"a": 8.0, "b": 2.0, "c": 0.5}
    monkeypatch.setattr(
        ladder, "_run", lambda rung, *given: (Timing([seconds[rung.name]]), wrong(*given[1:3]))
    )
    part = Rung("a", {"forward": wrong}, part=True)
    rungs = (part, Rung("b", {"forward": wrong}), Rung("c", {"forward": wrong}, threads=0))
    table = climb(UNEVEN, rungs, 1, False, rng(), no_progress)
    assert list(table.images_run) == [1, 2, 2]
    assert list(table.seconds) == [16.0, 2.0, 0.5]
    assert list(table.times_faster_than_loops) == [1.0, 8.0, 32.0]
    assert list(table.times_faster_than_rung_before) == [1.0, 8.0, 4.0]
    assert list(table.threads) == [1, 1, cores()]
    assert list(table.gflop_per_s * table.seconds * 1e9) == pytest.approx(3 * [2 * UNEVEN.macs])
    whole = climb(UNEVEN, rungs, 1, True, rng(), no_progress)
    assert list(whole.images_run) == [2, 2, 2]


def test_a_rung_by_scratch_runs_its_algorithm_where_that_applies() -> None:
    case = Convolution(2, (8, 9), 3, 4, nonzero=1 / 16)
    table = climb(
        case,
        (scratch_rung("w", "winograd", 1), scratch_rung("s", "sparse", 1, ("backward",))),
        1, True, rng(), no_progress,
    )  # fmt: skip
    ran = dict(zip(table.rung + " " + table.passes, table.algorithms, strict=True))
    assert list(ran) == ["w forward", "w backward", "s backward"]
    assert ran["w forward"] == "winograd"
    assert ran["w backward"].startswith("winograd, ")
    assert ran["s backward"].endswith(", sparse")


def test_the_ladders_end_with_what_auto_chooses_and_begin_with_loops() -> None:
    for case, rungs in ladder.LADDERS:
        assert rungs[0] is ladder.LOOPS
        assert rungs[-1].algorithm == "auto"
        assert len({rung.name for rung in rungs}) == len(rungs)
        assert case.bias
    assert str(ladder.LADDERS[0][0]) == "8x32x32x16, 3x3 to 32"


def test_an_upstream_gradient_is_as_sparse_as_it_says() -> None:
    dy = Convolution(4, (32, 32), 3, 8, nonzero=1 / 64).draw(rng()).dy
    assert 0.5 / 64 < np.count_nonzero(dy) / dy.size < 2 / 64


# --- Machine, layers, memory, choice, scaling --------------------------------------------------


def blas_threads() -> int:
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


def test_threads_are_set_and_restored() -> None:
    with threadpool_limits(1, user_api="blas"):
        with threads(2):
            assert blas_threads() == 2
        assert blas_threads() == 1


def test_the_machines_limits_are_rates_of_the_fastest_run(monkeypatch) -> None:
    timings = {"product": Timing([4.0, 2.0], [4.0, 5.0]), "copy": Timing([1.0, 0.5], [1, 1])}

    def timed(works, repeats, steady):
        for run in works.values():
            run()
        return timings

    monkeypatch.setattr(machine, "interleaved", timed)
    roof = measured_roof(2, side=100, stream=10**6)
    assert roof.product_gflops == roof.gflops == 2 * 100**3 / 2 / 1e9
    assert roof.gigabytes == 8 * 10**6 / 0.5 / 1e9
    assert roof.threads == cores()


def test_every_layer_that_computes_or_moves_is_under_the_roof() -> None:
    roof = Roof(gflops=10.0, product_gflops=10.0, gigabytes=5.0, cores_busy=1.0, threads=1)
    table = zoo_layers(["ng_example", "resnet_bottleneck"], 2, 1, roof, rng(), no_progress)
    one = table[table.network == "ng_example"]
    assert "flatten" not in set(one.layer)
    assert len(one) == len(NETWORKS["ng_example"]().layers) - 1
    totals = count(NETWORKS["ng_example"](), batch=2).totals
    assert one.macs.sum() == totals["macs"]
    seconds = table.milliseconds / 1000
    np.testing.assert_allclose(table.gflop_per_s * seconds * 1e9, 2 * table.macs)
    np.testing.assert_allclose(table.gb_per_s * seconds * 1e9, table.bytes_moved)
    least = np.maximum(2 * table.macs / 10e9, table.bytes_moved / 5e9)
    np.testing.assert_allclose(table.share_of_roof * seconds, least)


def test_memory_of_the_whole_batchs_windows_is_seen_and_tiles_need_less() -> None:
    case = Convolution(4, (64, 60), 8, 4)
    table = peak_table([case], rng())
    forward = table[table["pass"] == "forward"].set_index("algorithm")
    windows = 4 * 64 * 60 * 9 * 8 * 4 / 2**20
    assert windows < forward.peak_mib["textbook"] < 2 * windows
    assert forward.peak_mib["tiles"] < windows
    assert (table.peak_mib >= table.result_mib).all()
    chosen = table[table.chosen].set_index("pass").algorithm
    tensors = case.draw(rng())
    assert dict(chosen) == {which: algorithm_of(which, case, tensors) for which in PASSES}


def test_memory_is_the_same_in_every_run() -> None:
    """Tiles' memory is kept by threads; what ran before must not make it look smaller."""
    first, second = (peak_table([Convolution(2, (40, 40), 4, 8)], rng()) for _ in range(2))
    np.testing.assert_allclose(first.peak_mib, second.peak_mib, rtol=0.02)


def two_convolutions() -> keras.Model:
    x = keras_layers.Input((9, 8, 4))
    y = keras_layers.Conv2D(4, (3, 2), strides=2, padding="same")(x)
    y = keras_layers.DepthwiseConv2D(3, padding="same")(y)
    y = keras_layers.Conv2D(6, 3, groups=2, padding="same")(y)
    again = keras_layers.Conv2D(4, (3, 2), strides=2, padding="same")(x)
    z = keras_layers.Conv2D(5, 1, use_bias=False)(again)
    return keras.Model(x, [y, z])


def test_the_convolutions_of_a_model_each_size_once() -> None:
    assert convolutions_of(two_convolutions(), 3) == [
        Convolution(3, (9, 8), 4, 4, (3, 2), (2, 2), "same", bias=True),
        Convolution(3, (5, 4), 4, 5, (1, 1), (1, 1), "valid", bias=False),
    ]


def test_a_choice_is_held_against_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"tiles": 3.0, "strips": 2.0, "pointwise": 1.0, "winograd": 5.0, "sparse": 6.0}
    monkeypatch.setattr(
        choice,
        "interleaved",
        lambda works, repeats: {name: Timing([seconds[name]]) for name in works},
    )
    monkeypatch.setattr(choice, "algorithm_of", lambda which, *_: "tiles")
    table = choice_table({"m": two_convolutions()}, 2, 1, rng(), no_progress)
    assert len(table) == 2 * 3
    forward = table[table["pass"] == "forward"].set_index("convolution")
    large, pointwise = forward.iloc[0], forward.iloc[1]
    assert (large.auto, large.fastest, large.times_best) == ("tiles", "strips", 1.5)
    assert np.isnan(large.pointwise_ms)
    assert (pointwise.fastest, pointwise.times_best) == ("pointwise", 3.0)
    assert pointwise.auto_ms == 3000


def test_one_size_varies_at_a_time() -> None:
    for full in (False, True):
        found = points(full)
        keys = [(point.work, point.grows, point.value) for point in found]
        assert len(set(keys)) == len(keys)
        assert [point.grows for point in found if point.value is None] == ["threads", "threads"]
        keys = [key for key in keys if key[2] is not None]
        for (work, grows), values in pd.DataFrame(keys).groupby([0, 1])[2]:
            assert list(values) == sorted(values), (work, grows)
    assert len(points(True)) > len(points(False))


def test_every_number_of_threads_is_timed_beside_the_others(monkeypatch) -> None:
    monkeypatch.setattr(scaling, "cores", lambda: 2)
    seen: list[tuple[str, int]] = []

    def build(signs, rng):
        return Sides(
            lambda: seen.append((NUMPY, blas_threads())),
            lambda: seen.append((TENSORFLOW, 2)),
        )

    sizes = [scaling.Point("w", "threads", None, 4, (1, 2), build)]
    table = scaling_table(sizes, 1, few_drawings(), 0, no_progress)
    assert list(zip(table.value, table.implementation, strict=True)) == [
        (1, NUMPY), (2, NUMPY), (2, TENSORFLOW),
    ]  # fmt: skip
    assert seen[:2] == [(NUMPY, 1), (NUMPY, 1)]  # once that does not count, once that does
    assert set(seen) == {(NUMPY, 1), (NUMPY, 2), (TENSORFLOW, 2)}
    np.testing.assert_allclose(table.milliseconds, 4 * table.milliseconds_per_image)


# --- The study ---------------------------------------------------------------------------------


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The study with everything in it at toy sizes."""
    common = ladder.LADDERS[0][1]
    sizes = (UNEVEN.with_(strides=(1, 1)), Convolution(1, (6, 5), 2, 3, bias=True, nonzero=0.1))
    monkeypatch.setattr(speed, "LADDERS", tuple((case, common) for case in sizes))
    monkeypatch.setattr(scaling, "BASE", Convolution(2, (6, 6), 2, 2, bias=True))
    values = {"batch": ((1, 2), (3,), lambda n: scaling.BASE.with_(batch=n))}
    monkeypatch.setattr(scaling, "_CONVOLUTIONS", values)
    monkeypatch.setattr(scaling, "STEP_BATCH", 3)
    monkeypatch.setattr(scaling, "_STEP_BATCHES", ((2, 3), (4,)))
    monkeypatch.setattr(
        speed, "measured_roof", lambda repeats: measured_roof(repeats, side=64, stream=2**16)
    )
    monkeypatch.setattr(speed, "NETWORKS", {"toy": two_convolutions})
    monkeypatch.setattr(speed, "zoo_layers", lambda _, *rest: zoo_layers(["signs_convnet"], *rest))
    for name in ("REPEATS", "SCALING_REPEATS", "BATCH"):
        monkeypatch.setattr(speed, name, 1)
    monkeypatch.setattr(speed, "CHANNELS", (3, 5))


def run_toy(root: Path) -> StudyResults:
    (study,) = select(discover(), ["speed"])
    given = context()
    return run_study(study, Context(few_drawings(), False, 0, given.progress), root)


@pytest.mark.usefixtures("toy")
def test_a_run_has_its_tables_figures_and_sentences_and_repeats(tmp_path: Path) -> None:
    with threadpool_limits(1, user_api="blas"):
        results = run_toy(tmp_path / "one")
        assert blas_threads() == 1
    assert set(results.frames) == {
        "ladder", "scaling", "roof", "layers", "memory", "accuracy", "choice",
    }  # fmt: skip
    assert {figure.name for figure in results.figures} == {
        "ladder", "scaling", "roofline", "accuracy",
    }  # fmt: skip
    (study,) = select(discover(), ["speed"])
    said = study.findings(results.frames)
    assert all(sentence.endswith(".") and "nan" not in sentence.split() for sentence in said)
    exact = results.frames["accuracy"].query("elementwise")
    assert any(f"{len(exact)} of {len(exact)} results keep it" in sentence for sentence in said)
    passes = len(results.frames["choice"])
    assert any(f"of {passes} passes of 2 convolutions of 1 networks" in s for s in said)
    outcome = hold(results, run_toy(tmp_path / "two"))
    assert outcome.ok, outcome.departures


def test_all_cores_are_used_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "cores", lambda: 2)
    monkeypatch.setattr(speed, "_run", lambda context: blas_threads())
    with threadpool_limits(1, user_api="blas"):
        assert speed.run(context()) == 2
        assert blas_threads() == 1


def test_passes_with_an_algorithm_by_name_agree() -> None:
    case = Convolution(2, (8, 9), 3, 4)
    tensors = case.draw(rng())
    for which in PASSES:
        auto, tiles = (scratch_pass(which, case, tensors, name) for name in ("auto", "tiles"))
        np.testing.assert_allclose(auto, tiles, rtol=1e-4, atol=1e-5)
