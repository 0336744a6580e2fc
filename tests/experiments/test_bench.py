import pytest

from experiments import bench


def test_the_sides_take_turns_and_warm_up_is_not_counted() -> None:
    order: list[str] = []
    work = bench.Work("work", lambda: order.append("scratch"), lambda: order.append("keras"))
    steps: list[None] = []
    medians = bench.interleaved(work, lambda: steps.append(None))
    runs = bench.WARM_UP + bench.REPEATS
    assert order == ["scratch", "keras"] * runs
    assert len(steps) == runs
    assert all(0 <= seconds < 0.01 for seconds in medians)


def test_both_sides_of_a_work_do_the_same_work() -> None:
    step, inference = bench.works("signs_convnet")
    y_scratch, y_keras = inference.scratch(), inference.keras()
    assert abs(y_scratch - y_keras).max() < 1e-5
    assert step.scratch()["loss"] == pytest.approx(float(step.keras()), rel=1e-4)
