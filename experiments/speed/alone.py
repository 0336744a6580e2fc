"""The benchmark's rows that need no TensorFlow: loops, the textbook's im2col, memory."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from experiments.photo_tasks import photo_task
from experiments.signs import SignsData
from experiments.speed.by_hand import Found
from experiments.speed.convolution import Convolution, Tensors, scratch_passes
from experiments.speed.processes import training_peak_bytes
from experiments.timing import interleaved
from scratch.functional import using_algorithm
from scratch.reference.course import ConvCache, conv_backward, conv_forward
from scratch.zoo import NETWORKS

LADDER = Convolution(8, (32, 32), 16, 32, bias=True)
"""The convolution that the loops are held against."""


class Alone(NamedTuple):
    """One row.

    Attributes:
        what: What is measured.
        value: What came of it.
        unit: Of what.
        at_least: Whether the limit is the least that the value may be, or the most.
        limit: The limit.
    """

    what: str
    value: float
    unit: str
    at_least: bool
    limit: float

    @property
    def reached(self) -> bool:
        """Whether the value is on the right side of the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def times_faster_than_loops(case: Convolution, repeats: int, rng: np.random.Generator) -> Alone:
    """Both passes of a convolution against the loops of the reference, which run once, whole."""
    tensors = case.draw(rng)
    began = time.perf_counter()
    loop_forward(case, tensors)
    loop_backward(case, tensors)
    loops = time.perf_counter() - began
    fast = interleaved({"": lambda: scratch_passes(case, tensors)}, repeats, steady=True)[""].median
    return Alone(f"{case}, both passes, against loops", loops / fast, "times faster", True, 200.0)


def times_faster_than_textbook(
    batch: int, repeats: int, signs: SignsData, rng: np.random.Generator
) -> Alone:
    """The SIGNS training step against the same with whole-batch im2col in every convolution."""
    model = NETWORKS["signs_convnet"]()
    task = photo_task(model, signs, batch, rng)
    model.compile("adam", task.loss)

    def step(algorithm: str) -> None:
        with using_algorithm(algorithm):
            model.train_step(task.x, task.y)

    works = {name: lambda name=name: step(name) for name in ("auto", "textbook")}
    timings = interleaved(works, repeats, steady=True)
    times = timings["textbook"].median / timings["auto"].median
    what = f"signs_convnet, training step, batch {batch}, against the textbook's im2col"
    return Alone(what, times, "times faster", True, 2.0)


def training_memory() -> Alone:
    """Training without TensorFlow, from the start of Python to the end of two epochs."""
    what = "signs_convnet, training on 1,080 images, memory of the whole process at its peak"
    return Alone(what, training_peak_bytes() / 1e6, "MB", False, 300.0)


def loop_forward(case: Convolution, tensors: Tensors) -> Found:
    """The forward pass by the loops of the reference, a number of y at a time.

    Args:
        case: A convolution.
        tensors: Its tensors.
    """
    return {"forward": conv_forward(*_arguments(case, tensors))[0]}


def loop_backward(case: Convolution, tensors: Tensors) -> Found:
    """Both gradients by the loops of the reference, a number of dy at a time.

    Args:
        case: A convolution.
        tensors: Its tensors.
    """
    dx, dk, _ = conv_backward(tensors.dy, _arguments(case, tensors))
    return {"input_gradient": dx, "kernel_gradient": dk}


def _arguments(case: Convolution, tensors: Tensors) -> ConvCache:
    """What the reference's functions take."""
    bias = np.zeros(case.filters, np.float32) if tensors.bias is None else tensors.bias
    hparameters = {"stride": case.strides, "pad": case.problem.windows.pads}
    return tensors.x, tensors.kernel, bias.reshape(1, 1, 1, -1), hparameters
