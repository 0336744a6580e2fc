"""Works take turns on the test's own clock; memory is that of arrays and tensors of known size."""

import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from experiments import timing
from experiments.timing import interleaved, numpy_peak, tensorflow_peak


class Clock:
    """A clock that only pieces of work move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.cpu = 0.0
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.wall)
        monkeypatch.setattr(timing.time, "process_time", lambda: self.cpu)


def test_works_take_turns_and_warm_up_does_not_count(monkeypatch) -> None:
    clock, order, steps = Clock(monkeypatch), [], []
    seconds = {"a": iter([50, 50, 1, 5, 2]), "b": iter([70, 70, 4, 4, 4])}

    def work(name: str) -> None:
        order.append(name)
        clock.wall += next(seconds[name])
        clock.cpu += 2.0

    works = {name: lambda name=name: work(name) for name in seconds}
    timings = interleaved(works, repeats=3, advance=steps.append)
    assert order == ["a", "b"] * 5
    assert steps == [1] * 10
    assert timings["a"].wall == [1, 5, 2]
    assert (timings["a"].median, timings["a"].fastest) == (2, 1)
    assert timings["a"].cores_busy == 6 / 8
    assert timings["b"].cores_busy == 6 / 12


def test_numpy_peak_sees_what_is_held_at_a_time() -> None:
    def run() -> np.ndarray:
        first = np.ones(2**18)
        second = first + 1
        del first
        return second[: 2**10].copy()

    assert 2**22 <= numpy_peak(run) < 2**22 + 2**16
    assert numpy_peak(lambda: np.ones(2**16)) < 2**20  # Nothing is left of the run before.


def test_tensorflow_peak_sees_the_tensors() -> None:
    assert tensorflow_peak(lambda: tf.ones(2**20)) >= 2**22
    assert tensorflow_peak(lambda: tf.ones(2**10)) < 2**20


def test_a_run_waits_for_threads_that_still_turn(monkeypatch) -> None:
    monkeypatch.setattr(timing, "_STEADY", 0)
    stop = time.perf_counter() + 0.15

    def turn() -> None:
        while time.perf_counter() < stop:
            pass

    began: list[float] = []
    thread = threading.Thread(target=turn)
    thread.start()
    interleaved({"a": lambda: began.append(time.perf_counter())}, 1, steady=True)
    thread.join()
    assert began[0] >= stop
    assert began[-1] < stop + 0.3  # Nobody waits where nothing turns.


def test_a_steady_run_comes_after_one_of_its_own_that_does_not_count(monkeypatch) -> None:
    clock, order = Clock(monkeypatch), []
    seconds = {"a": iter([9, 9, 9, 9, 7, 1, 7, 2]), "b": iter([9, 9, 9, 9, 5, 3, 5, 4])}

    def work(name: str) -> None:
        order.append(name)
        clock.wall += next(seconds[name])

    works = {name: lambda name=name: work(name) for name in seconds}
    timings = interleaved(works, repeats=2, steady=True)
    assert order == ["a", "a", "b", "b"] * 4
    assert (timings["a"].wall, timings["b"].wall) == ([1, 2], [3, 4])
