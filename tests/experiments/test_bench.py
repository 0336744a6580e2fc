import pytest

from experiments import bench


def test_both_sides_of_a_work_do_the_same_work() -> None:
    step, inference = bench.works("signs_convnet")
    y_scratch, y_keras = inference.scratch(), inference.keras()
    assert abs(y_scratch - y_keras).max() < 1e-5
    assert step.scratch()["loss"] == pytest.approx(float(step.keras()), rel=1e-4)
