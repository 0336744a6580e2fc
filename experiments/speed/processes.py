"""What must be seen from a process of its own: a cold start, and the memory of scratch alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import NamedTuple

from experiments.timing import Timing

PACKAGES = SCRATCH, KERAS = ("scratch", "keras_models")

FIRST_STEP = """
import numpy as np
from {package}.zoo import NETWORKS
rng = np.random.default_rng(0)
x, y = rng.random((64, 64, 64, 3), np.float32), rng.integers(0, 6, 64)
model = NETWORKS["signs_convnet"]()
model.compile("adam", "sparse_categorical_crossentropy")
model.train_on_batch(x, y)
print("done", flush=True)
"""
"""What a user of either package runs; Keras compiles the step as it does by default."""

TRAINING = """
import sys
import numpy as np
from experiments.process_memory import peak_bytes
from scratch.zoo import NETWORKS
rng = np.random.default_rng(0)
x, y = rng.random((1080, 64, 64, 3), np.float32), rng.integers(0, 6, 1080)
model = NETWORKS["signs_convnet"]()
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=64, epochs=2, verbose=0)
assert not {"tensorflow", "keras", "pandas"} & set(sys.modules)
print(peak_bytes(), flush=True)
"""
"""Two epochs over as many images as SIGNS has, in memory as float32 (53 MB)."""


class Answer(NamedTuple):
    """The line that a program printed, and the seconds from its start until then."""

    line: str
    seconds: float


def ask(program: str) -> Answer:
    """Run Python code in a new process until it prints its one line, and wait for its end.

    Raises:
        subprocess.CalledProcessError: The program failed.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", program]
    began = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        _, errors = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, line, errors)
    return Answer(line.strip(), seconds)


def first_steps(repeats: int) -> dict[str, Timing]:
    """Seconds from a cold process to the end of its first training step, import included.

    Args:
        repeats: How many processes of each package count; one before them warms the disk's cache.

    Returns:
        By package, `scratch` and `keras_models`.
    """
    timings = {package: Timing() for package in PACKAGES}
    for number in range(1 + repeats):
        for package, timing in timings.items():
            seconds = ask(FIRST_STEP.format(package=package)).seconds
            if number:
                timing.wall.append(seconds)
    return timings


def training_peak_bytes() -> int:
    """The most memory that training `signs_convnet` by scratch alone takes, Python included."""
    return int(ask(TRAINING).line)
