"""The benchmark: its rows and limits, what it writes and prints; the works themselves are tiny."""

import json
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from experiments import bench, timing
from experiments.results import read_study
from experiments.signs import SignsData
from experiments.speed.alone import Alone
from experiments.speed.work import Sides, Work
from experiments.speed.works import pointwise_works, works
from experiments.timing import Timing
from tests.experiments.helpers import context, named_data

LIMITS = [
    ("signs_convnet, training step, batch 64", 1.0),
    ("signs_convnet, inference, batch 64", 1.1),
    ("signs_deep, training step, batch 64", 2.0),
    ("exercise 5-4 direct, forward", 0.8),
    ("exercise 5-4 direct, forward + backward", 1.0),
    ("exercise 5-4 reduced, forward", 0.8),
    ("exercise 5-4 reduced, forward + backward", 1.0),
    ("inception 3a, its 4 1x1 convolutions", 0.8),
    ("ResNet bottleneck, its 2 1x1 convolutions", 0.8),
    ("inception 3a block, forward + backward", 1.1),
    ("max-pool 3x3, stride 2, backward", 0.8),
    ("batch normalisation, training, forward + backward", 1.6),
    ("batch normalisation, training, forward + backward", 1.6),
    ("ResNet-50, forward, 224x224, batch 1", 1.5),
    ("ResNet-50, forward, 224x224, batch 8", 1.5),
]


def test_the_rows_and_their_limits() -> None:
    rows = works()
    assert [limit for _, limit in LIMITS] == [row.limit for row in rows]
    for (start, _), row in zip(LIMITS, rows, strict=True):
        assert row.name.startswith(start)
    parts = pointwise_works()
    assert len(parts) == 6
    assert {part.limit for part in parts} == {0.8}
    names = [row.name for row in (*rows, *parts)]
    assert len(set(names)) == len(names)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only the works move."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return now


def work(clock: list[float], ours: float, theirs: float, limit: float) -> Work:
    """A piece of work whose sides take these seconds."""

    def spend(seconds: float) -> None:
        clock[0] += seconds

    sides = Sides(lambda: spend(ours), lambda: spend(theirs))
    return Work(f"work within {limit}", limit, lambda signs, rng: sides)


@pytest.mark.parametrize(("limit", "reached"), [(0.5, True), (0.6, True), (0.49, False)])
def test_a_limit_is_reached_by_the_ratio_of_the_medians(
    clock: list[float], limit: float, reached: bool
) -> None:
    row = bench.ratio_row(work(clock, 1.0, 2.0, limit), named_data(), 0, repeats=3)
    assert (row["numpy_ms"], row["tensorflow_ms"], row["ratio"]) == (1000, 2000, 0.5)
    assert (row["limit"], row["reached"], row["rounds"]) == (limit, reached, 3)


def test_quartiles_are_of_the_rounds_own_ratios(clock: list[float]) -> None:
    ours = iter([9.0, 9.0, 9.0, 9.0, *np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 2)])

    def build(signs: SignsData, rng: np.random.Generator) -> Sides:
        def spend(seconds: float) -> None:
            clock[0] += seconds

        return Sides(lambda: spend(next(ours)), lambda: spend(2.0))

    row = bench.ratio_row(Work("w", 1.0, build), named_data(), 0, repeats=5)
    assert (row["ratio_lower_quartile"], row["ratio"], row["ratio_upper_quartile"]) == (1, 1.5, 2)


def test_every_build_gets_the_seed() -> None:
    drawn: list[float] = []

    def build(signs: SignsData, rng: np.random.Generator) -> Sides:
        drawn.append(rng.random())
        return Sides(lambda: None, lambda: None)

    for seed in (3, 3, 4):
        bench.ratio_row(Work("w", 1.0, build), named_data(), seed, repeats=1)
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.fixture
def tiny(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """One row that is kept, one that is missed, and no other processes."""
    rows = [work(clock, 1.0, 2.0, 0.8), work(clock, 3.0, 2.0, 1.1)]
    monkeypatch.setattr(bench, "works", lambda: rows)
    monkeypatch.setattr(bench, "pointwise_works", lambda: rows[:1])
    steps = {"scratch": Timing([1.0]), "keras_models": Timing([10.0])}
    monkeypatch.setattr(bench, "first_steps", lambda repeats: steps)
    row = Alone("loops", 150.0, "times faster", True, 200.0)
    monkeypatch.setattr(bench.alone, "times_faster_than_loops", lambda *_: row)
    monkeypatch.setattr(
        bench.alone, "times_faster_than_textbook", lambda *_: row._replace(limit=2.0)
    )
    monkeypatch.setattr(
        bench.alone, "training_memory", lambda: Alone("memory", 250.0, "MB", False, 300.0)
    )


@pytest.mark.usefixtures("tiny")
def test_results_are_tables_a_figure_and_where_they_come_from(tmp_path: Path) -> None:
    results = bench.run_benchmark(context(synthetic=True), tmp_path)
    folder = tmp_path / "speed"
    assert sorted(path.name for path in folder.iterdir()) == [
        "alone.csv", "meta.json", "one_by_one.csv", "ratios.csv", "ratios.png",
    ]  # fmt: skip
    ratios = read_study(folder).frames["ratios"]
    assert list(ratios.ratio) == [0.5, 1.5, 0.1]
    assert list(ratios.limit) == [0.8, 1.1, 0.15]
    assert list(ratios.reached) == [True, False, True]
    assert list(results.frames["alone"].reached) == [False, True, True]
    record = json.loads((folder / "meta.json").read_text())["provenance"]
    assert record["command"] == "make bench"
    assert record["synthetic"]
    assert {"numpy", "tensorflow"} <= set(record["versions"])
    blas = next(pool for pool in threadpool_info() if pool["user_api"] == "blas")
    assert blas["architecture"] in record["machine"]["kernels"]


@pytest.mark.usefixtures("tiny")
def test_all_cores_are_used_and_the_threads_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def count() -> int:
        return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

    monkeypatch.setattr(bench, "cores", lambda: 2)
    monkeypatch.setattr(bench, "first_steps", lambda repeats: seen.append(count()) or _steps())
    with threadpool_limits(1, user_api="blas"):
        bench.run_benchmark(context(), tmp_path)
        assert count() == 1
    assert seen == [2]


def _steps() -> dict[str, Timing]:
    return {"scratch": Timing([1.0]), "keras_models": Timing([2.0])}


@pytest.mark.usefixtures("tiny")
def test_a_run_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run_benchmark(context(), tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "speed").iterdir()}
    monkeypatch.setattr(bench, "first_steps", lambda repeats: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bench.run_benchmark(context(), tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "speed").iterdir()} == before


@pytest.mark.usefixtures("tiny")
def test_the_command_prints_limits_beside_ratios_and_a_missed_one_is_no_error(
    convtwin, tmp_path: Path
) -> None:
    status, out, err = convtwin("bench", "--output", tmp_path)
    assert (status, err) == (0, "")
    kept, missed = (
        next(line for line in out.splitlines() if f"work within {limit}" in line)
        for limit in (0.8, 1.1)
    )
    assert kept.replace("│", " ").split() == [
        "work", "within", "0.8", "1,000", "2,000", "0.50", "0.8", "yes",
    ]  # fmt: skip
    assert missed.replace("│", " ").split()[-3:] == ["1.50", "1.1", "no"]
    assert "loops: 150 times faster (at least 200: no)" in out
    assert "memory: 250 MB (at most 300: yes)" in out
    blas = next(pool for pool in threadpool_info() if pool["user_api"] == "blas")
    assert f"{blas['architecture']} kernels" in out
    assert "1080 training photographs." in out
    assert (tmp_path / "speed" / "meta.json").is_file()


def test_an_output_that_cannot_be_written_is_told_before_anything_is_timed(
    convtwin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results").touch()
    monkeypatch.setattr(bench, "run_benchmark", lambda *_: pytest.fail("too late"))
    status, _, err = convtwin("bench", "--output", tmp_path / "results")
    assert status == 2
    assert "Results cannot be written to" in err
