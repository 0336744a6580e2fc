"""A comparison does not keep what it has compared."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras

from experiments.progress import Progress
from tests.experiments.compare.twins import Twins, twins


def tower(depth: int) -> Twins:
    def model() -> keras.Model:
        row = [keras.layers.ReLU(name=f"relu{number}") for number in range(depth)]
        return keras.Sequential([keras.Input((40, 40, 16)), *row])

    return twins(model, loss="mean_squared_error")


def peak_of_comparing(pair: Twins) -> int:
    """In bytes, what TensorFlow holds left out."""
    pair.compare()  # What is imported and kept for good is there then.
    gc.collect()
    tracemalloc.start()
    pair.compare()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_each_more_layer_takes_few_tensors() -> None:
    """Scratch's output and gradient; what the judge keeps in float64 takes their place."""
    few, many = tower(6), tower(12)
    growth = (peak_of_comparing(many) - peak_of_comparing(few)) / 6
    assert growth < 3 * few.x.nbytes


class Counted(Progress):
    def __init__(self) -> None:
        super().__init__()
        self.total, self.done = 0.0, 0.0

    @contextmanager
    def task(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        self.total = total or 0.0

        def advance(steps: float = 1) -> None:
            self.done += steps

        yield advance


def test_progress_ends_where_it_said_it_would() -> None:
    progress = Counted()
    tower(3).compare(progress=progress)
    assert progress.done == progress.total == 3 * 3
